r"""Exact: pairs that need no algebra, settled with integers and fractions alone.

Most answers are numbers. Equal values are equal, unequal integers and decimals are not, whatever their
size: nothing is rounded. What is not plainly a number here is compared as text, and only equality of
text is believed; the rest is left to algebra.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

from l2s.verification.parsing.normalised import normalised

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
    if a.decimal != b.decimal and not (terminates(a.value) and terminates(b.value)):
        return None
    return False


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
    same = with_comma.count(",") == 1 and with_point == with_comma.replace(",", ".")
    return same and bool(_NUMBER.fullmatch(with_point))


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


def terminates(value: Fraction) -> bool:
    """Whether a finite decimal writes it: no prime but 2 and 5 divides the denominator."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1
