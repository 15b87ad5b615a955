r"""Exact: pairs that need no algebra, settled with integers and fractions alone.

Most answers are numbers. Equal values are equal, unequal integers and decimals are not, whatever their
size: nothing is rounded. What is not plainly a number here is compared as text, and only equality of
text is believed; the rest is left to algebra.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1f\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_MINUS = str.maketrans({"−": "-", "–": "-", "，": ",", "\u00a0": " ", "\u2009": " ", "\u202f": " "})
_SIZING = re.compile(r"\\(?:left|right|displaystyle|bigl?|bigr|Bigl?|Bigr)(?![A-Za-z])\s{0,3}|(?<!\\)\\!\s{0,3}")
_FRAC = re.compile(r"\\[dtc]frac(?![A-Za-z])")
_GROUP_COMMA = re.compile(r"(?<=[0-9])(?:\{,\}|\\,)(?=[0-9]{3}(?![0-9]))")
_ROW_BREAK = re.compile(r"\s{0,3}\\\\\s{0,3}")
_SPACING = re.compile(r"(?:(?<!\\)\\[,;: ]|\\quad(?![A-Za-z])|~|\s)+")
_LOOSE_SPACE = re.compile(r" (?![A-Za-z0-9.]|\\frac)|(?<![A-Za-z0-9,]) |(?<=,) (?![0-9]{3}(?![0-9]))")
_WRAPPER = re.compile(r"\\(?:text|textbf|mathrm|mathbf|boxed|fbox)\{([^{}]*)\}")

_NUMBER = re.compile(
    r"([-+]?)(?:([1-9][0-9]{0,2}(?:,[0-9]{3})+|[0-9]+)(\.[0-9]*)?|(\.[0-9]+))(?:[eE]([-+]?[0-9]{1,3}))?"
)
_WHOLE = r"(-?[0-9]+)"
_RATIO = re.compile(rf"([-+]?){_WHOLE} ?/ ?{_WHOLE}")
_LATEX_RATIO = re.compile(rf"([-+]?)\\frac ?(?:\{{ ?{_WHOLE} ?\}}|([0-9])) ?(?:\{{ ?{_WHOLE} ?\}}|([0-9]))")
_MIXED = re.compile(r"([-+]?)([0-9]+) ?(\\frac.*)|([-+]?)([0-9]+) ([0-9]+ ?/ ?[0-9]+)")
_PERCENT = re.compile(r" ?(?:\\%|%|\\text\{ ?%\}|percent)$")
_DOLLAR = re.compile(r"^([-+]?)(?:\\\$|\$) ?")

_SHORT_DECIMAL = 7
"""Characters up to which two different decimals differ; longer ones may be one number rounded twice."""


@dataclass(frozen=True)
class Quantity:
    """A number as written: its exact value, and what the writing promises about it."""

    value: Fraction
    decimal: bool
    """Written with a decimal point, so perhaps rounded."""
    percent: bool
    """A percent sign follows, so either reading is meant."""
    money: bool = False
    """A dollar sign stands before it, so no share is meant."""


def settle(gold: str, answer: str) -> bool | None:
    """Whether the two are equal, or None where plain arithmetic and text cannot tell.

    A percent sign on one side only allows both readings, as 10 % is asked for as 10 and as 0.1. A
    decimal against a fraction without a finite decimal (0.333 and 1/3) is not settled unless equal.
    """
    gold, answer = normalised(gold), normalised(answer)
    a, b = quantity(gold), quantity(answer)
    if a is None or b is None:
        return True if gold and (gold == answer or _decimal_comma(gold, answer)) else None
    if (a.percent and b.money) or (a.money and b.percent):
        return False
    if a.value == b.value:
        return True
    if a.percent != b.percent:
        share, plain = (a.value / 100, b.value) if a.percent else (b.value / 100, a.value)
        return share == plain
    if a.decimal and b.decimal:
        return None if min(len(gold), len(answer)) > _SHORT_DECIMAL else False
    if a.decimal != b.decimal and not (_terminates(a.value) and _terminates(b.value)):
        return None
    return False


def normalised(text: str) -> str:
    r"""``text`` in one spelling: no ``$``, sizing, invisible characters or loose space, ``\frac`` for ``\dfrac``.

    A space that tells things apart stays: ``2 1/2`` is not ``21/2``, and ``3, 100`` not ``3,100``.
    """
    text = _INVISIBLE.sub("", text).translate(_MINUS).strip()
    text = _GROUP_COMMA.sub(",", _FRAC.sub(r"\\frac", _SIZING.sub("", text)))
    text = _unwrapped(_undollared(text)).strip().removesuffix(".")
    text = _SPACING.sub(" ", _ROW_BREAK.sub(r"\\\\", text))
    return _LOOSE_SPACE.sub("", text).strip()


def quantity(text: str) -> Quantity | None:
    r"""The number that normalised ``text`` plainly is, or None.

    Integers (leading zeros, thousands in groups of three), decimals, ``1e3``, ``a/b``, ``\frac``, mixed
    fractions, with a dollar sign before or a percent sign behind.
    """
    bare = _PERCENT.sub("", text)
    plain = _DOLLAR.sub(r"\1", bare)
    value = _value(plain)
    if value is None:
        return None
    return Quantity(value, "." in text, bare != text, plain != bare)


def _decimal_comma(one: str, other: str) -> bool:
    """Whether one is the other's decimal with a comma for the point, where that groups no thousands."""
    with_point, with_comma = (one, other) if "." in one else (other, one)
    return (
        with_comma.count(",") == 1
        and with_point == with_comma.replace(",", ".")
        and bool(_NUMBER.fullmatch(with_point))
    )


def _value(text: str) -> Fraction | None:
    if match := _NUMBER.fullmatch(text):
        sign, whole, places, only_places, exponent = match.groups()
        digits = (whole or "").replace(",", "") + (places or only_places or "").rstrip(".")
        return _signed(sign, Fraction(digits) * Fraction(10) ** int(exponent or 0))
    if match := _RATIO.fullmatch(text):
        return _ratio(match[1], match[2], match[3])
    if match := _LATEX_RATIO.fullmatch(text):
        return _ratio(match[1], match[2] or match[3], match[4] or match[5])
    if match := _MIXED.fullmatch(text):
        sign, whole, part = match[1] or match[4], match[2] or match[5], _value(match[3] or match[6])
        return None if part is None or not 0 < part < 1 else _signed(sign, int(whole) + part)
    return None


def _ratio(sign: str, numerator: str, denominator: str) -> Fraction | None:
    return None if int(denominator) == 0 else _signed(sign, Fraction(int(numerator), int(denominator)))


def _signed(sign: str | None, value: Fraction) -> Fraction:
    return -value if sign == "-" else value


def _terminates(value: Fraction) -> bool:
    """Whether a finite decimal writes it: no prime but 2 and 5 divides the denominator."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1


def _undollared(text: str) -> str:
    for opening, closing in (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]")):
        inner = text[len(opening) : len(text) - len(closing)]
        if len(text) > 2 * len(opening) and text.startswith(opening) and text.endswith(closing) and "$" not in inner:
            return inner.strip()
    return text


def _unwrapped(text: str) -> str:
    r"""Without a ``\text`` or box around the whole."""
    match = _WRAPPER.fullmatch(text)
    return match.group(1) if match else text
