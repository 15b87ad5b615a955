r"""Units: one table of what people measure in, with prefixes, powers and quotients; text that is no unit stays words.

A unit is a dimension and a factor, so that ``5 cm`` and ``50 mm`` are one quantity, ``5 km/h`` and ``5 m/s`` two, and
``10 N`` is never ``10 Pa``. Months and years are not so many days, currencies have no rate, a radian is no degree
(:mod:`~l2s.verification.compare.values.quantities` knows π): each of these has a dimension of its own.
"""

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from l2s.verification.parsing.unit_table import PLAIN, PREFIX_NAMES, PREFIXED, PREFIXES

_TEMPERATURES = {
    "°C": (Fraction(1), Fraction("273.15")),
    "°F": (Fraction(5, 9), Fraction("459.67") * Fraction(5, 9)),
}
_TEMPERATURE_NAMES = {"celsius": "°C", "degrees celsius": "°C", "fahrenheit": "°F", "degrees fahrenheit": "°F"}
_TWO_WORDS = re.compile(
    r"\b(?:fluid.ounces?|nautical.miles?|light.years?|astronomical.units?|metric.tons?|pounds?.sterling|fl\.?.oz"
    r"|pound.force)\b",
    re.IGNORECASE,
)
_POWERS = ((re.compile(r"\b(?:square|sq\.?) ?(?=[^\W\d_])|^sq(?=[a-z])"), 2), (re.compile(r"\b(?:cubic|cu\.?) "), 3))
_SIGN = re.compile(r"\s*(\*|/|\^|\(|\)|-?[0-9]+|[^\W\d_][^\s*/^()0-9]*|[°$¢€£¥₹Å%][CF]?)\s*")
_MAX_CHARACTERS = 60


class Unit(NamedTuple):
    """A unit of measurement."""

    dimension: tuple[tuple[str, int], ...]
    """What is measured: base quantities with their powers, sorted."""
    factor: Fraction
    """How much of the coherent unit this is."""
    offset: Fraction = Fraction(0)
    """Where its scale begins, in coherent units; only temperatures have one."""

    @property
    def is_generic(self) -> bool:
        """Whether this is just "units", which may stand for any."""
        return any(base == "any" for base, _ in self.dimension)

    def times(self, other: "Unit", power: int = 1) -> "Unit":
        """The product with a power of another."""
        dimension = dict(self.dimension)
        for base, exponent in other.dimension:
            dimension[base] = dimension.get(base, 0) + power * exponent
        return _unit(dimension, self.factor * other.factor**power)


_ONE = Unit((), Fraction(1))


@lru_cache(maxsize=4096)
def measure(text: str) -> tuple[Unit | None, str]:
    """The unit that ``text`` begins with, as far as it goes, and the words that follow it: ``meters long``."""
    words = text.split()
    for count in range(min(len(words), 8), 0, -1):
        if count < len(words) and len(words[0]) < 2:
            break
        unit = unit_of(" ".join(words[:count]))
        if unit is not None:
            return unit, " ".join(words[count:])
    return None, text.strip()


@lru_cache(maxsize=4096)
def unit_of(text: str) -> Unit | None:
    r"""The unit that ``text`` is: ``km/h``, ``kilometers per hour``, ``m s^{-2}``, ``square inches``; None if none."""
    if len(text) > _MAX_CHARACTERS:
        return None
    text = re.sub(r"[{}]|\\(?=[a-z])", "", text.replace(r"\cdot", "*").replace("·", "*").replace("⋅", "*")).strip(" .,")
    if temperature := _TEMPERATURES.get(_TEMPERATURE_NAMES.get(text.lower(), text.replace(" ", "").replace("º", "°"))):
        return _unit({"K": 1}, *temperature)
    words = _words(text)
    return None if words is None else _Product(words).whole()


def is_unit(word: str) -> bool:
    """Whether one plain word is a unit: its name in any case, its symbol as it is written."""
    return word in _units()[0] if len(word) < 4 else _named(word) is not None


def _words(text: str) -> list[str] | None:
    """Names, signs and exponents, powers and quotients by their signs; None if there is anything else."""
    text = _TWO_WORDS.sub(lambda match: re.sub(r"\.?[ -]", "-", match.group()), text)
    text = re.sub(r"\bper\b(?! ?cent)", "/", re.sub(r"\bsquared\b", "^2", re.sub(r"\bcubed\b", "^3", text)))
    text = re.sub(r"\^\s*(-?)\s*(?=[0-9])", r"^\1", text)
    for pattern, power in _POWERS:
        text = pattern.sub(f"\x01{power}", text)
    text = re.sub(r"\x01([23]) ?([^\W\d_][\w-]*)", r"\2^\1", text)
    words, position = list[str](), 0
    while position < len(text):
        match = _SIGN.match(text, position)
        if match is None:
            return None
        words.append(match[1])
        position = match.end()
    return words


class _Product:
    """Reads units that are multiplied, divided and raised; None where a word is no unit."""

    def __init__(self, words: list[str]) -> None:
        self.words = words
        self.position = 0

    def whole(self) -> Unit | None:
        found = self.product()
        return found if self.position == len(self.words) else None

    def product(self) -> Unit | None:
        found, sign, start = _ONE, 1, self.position
        if self._next() == "/":
            return None
        while self.position < len(self.words) and self._next() != ")":
            if self._next() in ("*", "/"):
                sign = 1 if self.words[self.position] == "*" else -1
                self.position += 1
            unit = self.power()
            if unit is None or (unit.offset and len(self.words) > 1):
                return None
            found = found.times(unit, sign)
        return found if self.position > start else None

    def power(self) -> Unit | None:
        if self._next() == "(":
            self.position += 1
            found = self.product()
            if self._next() != ")":
                return None
            self.position += 1
        else:
            found = _named(self._next())
            self.position += 1
        if found is None or self._next() != "^":
            return found
        exponent = self.words[self.position + 1] if self.position + 1 < len(self.words) else ""
        self.position += 2
        if not re.fullmatch(r"-?[1-9]", exponent):
            return None
        return _ONE.times(found, int(exponent))

    def _next(self) -> str:
        return self.words[self.position] if self.position < len(self.words) else ""


def _named(word: str) -> Unit | None:
    """A unit by its symbol, or by its name in any case; ``N-m`` is a product."""
    units, lowered = _units()
    word = word.strip(".,")
    found = units.get(word)
    if found is not None or len(word) < 2:
        return found
    lower = word.lower()
    found = units.get(lower) or lowered.get(lower)
    left, hyphen, right = word.partition("-")
    if found is None and hyphen and left in units and right in units:
        found = units[left].times(units[right])
    return found


@lru_cache(maxsize=1)
def _units() -> tuple[dict[str, Unit], dict[str, Unit]]:
    """All units by their names, and by their names in small letters."""
    units = _table()
    return units, {name.lower(): unit for name, unit in reversed(units.items()) if len(name) > 1}


def _table() -> dict[str, Unit]:
    found: dict[str, Unit] = {}
    for symbols, names, dimension, factor in _rows(PREFIXED):
        for stems, prefixes, endings in ((symbols, PREFIXES, ("",)), (names, PREFIX_NAMES, ("", "s"))):
            for stem in stems:
                for prefix, power in {"": 0, **prefixes}.items():
                    for ending in endings:
                        found[prefix + stem + ending] = _unit(dimension, factor * Fraction(10) ** power)
    for symbols, names, dimension, factor in _rows(PLAIN):
        for name in (*symbols, *names, *(f"{name}s" for name in names)):
            found[name] = _unit(dimension, factor)
    return found


def _rows(table: str) -> list[tuple[list[str], list[str], dict[str, int], Fraction]]:
    """Symbols, names, dimension and factor of each line."""
    rows = []
    for line in table.strip().splitlines():
        symbols, names, dimension, factor = (part.strip() for part in line.split("|"))
        above, _, below = factor.partition("/")
        rows.append((symbols.split(), names.split(), _dimension(dimension), Fraction(above) / Fraction(below or 1)))
    return rows


def _dimension(text: str) -> dict[str, int]:
    found = (re.fullmatch(r"([A-Za-z]+)(-?[0-9]*)", part) for part in text.split())
    return {match[1]: int(match[2] or 1) for match in found if match}


def _unit(dimension: dict[str, int], factor: Fraction, offset: Fraction = Fraction(0)) -> Unit:
    return Unit(tuple(sorted((base, power) for base, power in dimension.items() if power)), factor, offset)
