r"""Plain units: a number with its unit in bare letters, ``5 m s^{-1}`` or ``12 sq ft``, written with its unit as one.

In a formula such letters are variables; so this is a second reading, for a pair that differs as formulas.
"""

import re

from l2s.verification.parsing.spelling import spelled
from l2s.verification.parsing.units import unit_of

_POWER = r"(?:\s?(?:\\times|\\cdot|\*|x)\s?10\s?\^\s?\{?\s?-?[0-9]{1,3}\s?\}?|[eE][-+]?[0-9]{1,3})?"
_MEASURED = re.compile(rf"(-?[0-9][0-9.,]{{0,30}}{_POWER})\s?([A-Za-zμΩ\\(].{{0,60}})")
_MARKS = re.compile(r"\\text\b|[{}]")
_NEXT = re.compile(r"(?<=[A-Za-z.}]) (?=[0-9])")
_QUOTIENT = re.compile(r"/|\bper\b|\^ *-")


def with_units(gold: str, answer: str) -> tuple[str, str] | None:
    """Both texts with their units as such; None unless both have one, or one a quotient and the other a bare number."""
    one, other = _measured(gold), _measured(answer)
    if one and other:
        return one[0], other[0]
    bare, found = (answer, one) if one else (gold, other)
    if found is None or not found[1] or not re.fullmatch(r"-?[0-9][0-9.,]*", spelled(bare)):
        return None
    return (found[0], answer) if one else (gold, found[0])


def _measured(text: str) -> tuple[str, bool] | None:
    """Numbers with their units written as such, and whether one is a quotient; None if the text is anything else."""
    found = [_MEASURED.fullmatch(part) for part in _NEXT.split(spelled(text))]
    units = [_MARKS.sub(" ", match[2]).strip() if match else "" for match in found]
    if not all(unit_of(unit) for unit in units):
        return None
    parts = [rf"{match[1]} \text{{{unit}}}" for match, unit in zip(found, units, strict=True) if match]
    return " ".join(parts), any(_QUOTIENT.search(unit) for unit in units)
