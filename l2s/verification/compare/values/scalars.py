r"""Scalars: whether two values or two formulas are equal, and what a decimal promises as it is written.

Rational values compare exactly. A decimal stands for what rounds to it, but only where the other side has no
finite decimal: 2.667 may be 8/3, and is never 2.668 or 2.6671. As a gold answer it must have three significant
digits, as an answer four, and then be right to a share of 10⁻⁴ (the tolerance of the Qwen2.5-Math rules, without
their hundredfold readings). It must have digits enough to tell the fraction from its neighbours, so that 0.33613
is not 33613/100001.
"""

import math
from fractions import Fraction
from typing import Any

from l2s.verification.compare.values.evaluation import FAR_POINTS, POINTS, Field, evaluated, exact
from l2s.verification.compare.values.exact import terminates
from l2s.verification.parsing.expressions import Expression, contains, nodes, symbols, variables
from l2s.verification.parsing.tokens import UnreadableError

_APART = 1e-7
_BEYOND_DOUBLES = 1e300
_MAX_DIGITS = 800
_HIGH = 8
"""From here on a power may be as small as what tells two values apart."""
_EXPONENTIAL = ("exp", "sinh", "cosh", "tanh", "coth", "sech", "csch")
_MAX_WORK = 400_000
"""Digits times nodes of a comparison beyond the ordinary, about a second."""
_TOLERANCE = Fraction(1, 10_000)
_GOLD_DIGITS, _ANSWER_DIGITS, _LONG_DIGITS = 3, 4, 7


def same_scalar(gold: Expression, answer: Expression) -> bool:
    """Whether two scalars are equal.

    Raises:
        UnreadableError: a part of either has no value.
    """
    gold, answer = _with_small_constants(gold, answer)
    if gold == answer:
        return True
    if (contains(gold, "constant") and infinite(gold)) or (contains(answer, "constant") and infinite(answer)):
        return infinite(gold) == infinite(answer)
    one, other = exact(gold), exact(answer)
    if one is not None and other is not None:
        return one == other or _rounded(gold, answer, one, other)
    if variables(gold) != variables(answer) and _trivially_different(gold, answer):
        return False
    if _agree(gold, answer) or _rounds_to_irrational(gold, answer):
        return True
    decimal = _with_decimal_logarithms(gold), _with_decimal_logarithms(answer)
    return decimal != (gold, answer) and same_scalar(*decimal)


def _with_decimal_logarithms(expression: Expression) -> Expression:
    r"""``\log`` without a base is natural or decimal, as the book has it: here decimal, unless ``\ln`` is there too."""
    if not contains(expression, "function"):
        return expression
    names = {node.name for node in nodes(expression) if node.kind == "function"}
    return _lg(expression) if "log" in names and "ln" not in names else expression


def _lg(expression: Expression) -> Expression:
    if expression.kind == "function" and expression.parts[0] == "log" and len(expression.parts) == 2:
        expression = Expression("function", ("lg", *expression.parts[1:]))
    return expression.mapped(_lg)


def _with_small_constants(gold: Expression, answer: Expression) -> tuple[Expression, Expression]:
    """Both with ``c`` for the constant ``C`` of an integral, where only the size of the letter differs."""
    mine, theirs = variables(gold), variables(answer)
    if mine == theirs or {name.lower() for name in mine} != {name.lower() for name in theirs}:
        return gold, answer
    if any(name[:1] not in "cC" for name in mine ^ theirs):
        return gold, answer
    return _lowered(gold), _lowered(answer)


def _lowered(expression: Expression) -> Expression:
    if expression.kind == "symbol":
        name = expression.name
        return Expression("symbol", ("c" + name[1:] if name.startswith("C") else name,))
    return expression.mapped(_lowered)


def infinite(expression: Expression) -> int:
    """1 for ∞, -1 for -∞, 0 for anything else."""
    if expression.kind == "constant" and expression.parts[0] == "infty":
        return 1
    return -infinite(expression.children()[0]) if expression.kind == "negative" else 0


def proportional(gold: Expression, answer: Expression, positive: bool = False) -> bool:
    """Whether two expressions with symbols differ by a constant factor other than zero (above it, if so asked)."""
    from l2s.verification.compare.values.precise import Precise

    ratios: list[Any] = []
    for field in (Field(), Precise(_digits(gold, answer, 1.0))):
        ratios = _ratios(gold, answer, field)
        near = _APART if not isinstance(field, Precise) else field.context.mpf(10) ** (-field.context.dps // 2)
        if len(ratios) < 2 or any(abs(ratio - ratios[0]) > near * abs(ratios[0]) for ratio in ratios):
            return False
    first = complex(ratios[0])
    return abs(first.imag) < _APART * abs(first) and (first.real > 0 or not positive)


def _ratios(gold: Expression, answer: Expression, field: Field) -> list[Any]:
    """One divided by the other at each point where both have a value that is not zero."""
    ratios = []
    for point in range(POINTS):
        try:
            one, other = evaluated(gold, point, field), evaluated(answer, point, field)
        except (ArithmeticError, ValueError):
            continue
        if one != 0 and other != 0:
            ratios.append(one / other)
    return ratios


def vanishes(expression: Expression) -> bool:
    """Whether an expression is zero wherever it is looked at."""
    return _agree(expression, Expression("number", (Fraction(0), None)))


def _trivially_different(gold: Expression, answer: Expression) -> bool:
    """Symbols that one side alone has could still cancel, but only in a sum or a quotient."""
    return not (contains(gold, "sum", "quotient", "power") or contains(answer, "sum", "quotient", "power"))


def _agree(gold: Expression, answer: Expression) -> bool:
    """Whether both have the same value at every point where both have one, and there is such a point."""
    with_symbols = bool(variables(gold) | variables(answer)) or unknown_functions(gold) or unknown_functions(answer)
    stepped = with_symbols and (_in_steps(gold) or _in_steps(answer))
    seen = 0
    for point in range((POINTS + FAR_POINTS * stepped) if with_symbols else 1):
        try:
            equal = _agree_at(gold, answer, point)
        except (ArithmeticError, ValueError, TypeError):
            continue
        if equal is False:
            return False
        seen += equal is True
    return seen > 0


def _in_steps(expression: Expression) -> bool:
    names = ("floor", "ceil", "max", "min", "gcd", "lcm")
    return any(node.kind == "function" and node.parts[0] in names for node in nodes(expression))


def unknown_functions(expression: Expression) -> bool:
    """Whether a function that nobody defined stands in it, ``f(2)``."""
    return any(node.kind == "function" and node.name.endswith("()") for node in nodes(expression))


def _agree_at(gold: Expression, answer: Expression, point: int) -> bool | None:
    """None where the point tells nothing: beyond the first two, a value that is not real is out of the domain."""
    field = Field()
    try:
        one, other = evaluated(gold, point, field), evaluated(answer, point, field)
        beyond = _imaginary(one) or _imaginary(other) or field.left_reals
        if point >= 2 and beyond and "i" not in symbols(gold) | symbols(answer):
            return None
        if abs(one - other) > _APART * max(abs(one), abs(other)) + 1e-9 * field.scale:
            return False
    except OverflowError:
        field.scale = _BEYOND_DOUBLES
    return _agree_precisely(gold, answer, point, field.scale)


def _imaginary(value: Any) -> bool:
    return isinstance(value, complex) and abs(value.imag) > 1e-9 * abs(value)


def _agree_precisely(gold: Expression, answer: Expression, point: int, scale: float) -> bool:
    """Equal to fifty digits and more: to as many as the values have before the point, where those are huge."""
    from l2s.verification.compare.values.precise import Precise

    digits = _digits(gold, answer, scale)
    while True:
        field = Precise(digits)
        one, other = evaluated(gold, point, field), evaluated(answer, point, field)
        context = field.context
        size = max(context.fabs(one), context.fabs(other))
        needed = int(context.log10(max(size, field.scale, 1)) / 0.6) + 60
        if needed <= digits:
            break
        if needed * sum(1 for side in (gold, answer) for _ in nodes(side)) > _MAX_WORK:
            raise UnreadableError("too many digits in too many terms")
        digits = needed
    near = context.mpf(10) ** (-int(digits * 0.6))
    apart = context.fabs(one - other)
    return bool(apart <= near * size or apart <= near * near**0.3 * field.scale)


def _digits(gold: Expression, answer: Expression, scale: float) -> int:
    """Digits that tell two values apart: fifty beyond those of what is written and of the largest term."""
    written = max(_literal_digits(side) + _digits_of_powers(side) for side in (gold, answer))
    digits = 50 + 2 * written + 2 * math.log10(max(scale, 1.0))
    return min(int(digits), _MAX_DIGITS)


def _literal_digits(expression: Expression) -> int:
    sizes = [part.parts[0].numerator.bit_length() for part in nodes(expression) if isinstance(part.parts[0], Fraction)]
    return sum(sizes) // 3


def _digits_of_powers(expression: Expression) -> int:
    """Places behind the point that high powers may need, as in ``1 + e^{-100}`` and ``x / 10^{60}``."""
    found = 0.0
    for node in nodes(expression):
        raised = node.kind == "power" or (node.kind == "function" and node.name in _EXPONENTIAL)
        height = exact(node.children()[-1]) if raised else None
        if height is not None and abs(height) >= _HIGH:
            base = exact(node.children()[0]) if node.kind == "power" else None
            size = max(base.numerator.bit_length(), base.denominator.bit_length()) // 3 if base else 1
            found += min(float(abs(height)), float(_MAX_DIGITS)) * size
    return min(int(found), _MAX_DIGITS)


def written_decimal(expression: Expression) -> tuple[Fraction, Fraction, int] | None:
    """Value, worth of the last digit, and significant digits, if this is one decimal, perhaps times a power of ten."""
    if expression.kind == "negative":
        found = written_decimal(expression.children()[0])
        return None if found is None else (-found[0], found[1], found[2])
    if expression.kind == "product":
        left, right = expression.children()
        found, power = written_decimal(left), exact(right)
        if found is None or power is None or right.kind != "power" or right.children()[0].parts[0] != 10:
            return None
        return found[0] * power, found[1] * power, found[2]
    if expression.kind != "number" or not isinstance(expression.parts[1], int):
        return None
    value, places = expression.value, expression.parts[1]
    last = Fraction(1, 10**places)
    scaled = abs(value) / last
    if scaled.denominator != 1:  # an exponent: 1.5e-7
        last = Fraction(1, scaled.denominator) * last
        scaled = abs(value) / last
    return value, last, len(str(scaled.numerator))


def _rounded(gold: Expression, answer: Expression, one: Fraction, other: Fraction) -> bool:
    """Whether one side is the other, rounded as it is written."""
    gold_decimal, answer_decimal = written_decimal(gold), written_decimal(answer)
    if gold_decimal and answer_decimal:
        shorter, longer = sorted((gold_decimal, answer_decimal), key=lambda decimal: decimal[2])
        return shorter[2] >= _LONG_DIGITS and shorter[1] > longer[1] and 2 * abs(shorter[0] - longer[0]) <= shorter[1]
    if gold_decimal:
        return not terminates(other) and _stands_for(gold_decimal, other, _GOLD_DIGITS, None)
    if answer_decimal:
        return not terminates(one) and _stands_for(answer_decimal, one, _ANSWER_DIGITS, _TOLERANCE)
    return False


def _stands_for(
    decimal: tuple[Fraction, Fraction, int],
    value: Fraction,
    digits: int,
    share: Fraction | None,
    of_fraction: bool = True,
) -> bool:
    """Rounded, or cut off after enough digits."""
    written, last, significant = decimal
    error = abs(written - value)
    if of_fraction and value.denominator**2 > 100 * 10**significant:
        return False
    if share is not None and error > share * abs(value):
        return False
    return significant >= digits and (
        2 * error <= last or (significant > digits and error < last and abs(written) < abs(value))
    )


def _rounds_to_irrational(gold: Expression, answer: Expression) -> bool:
    for decimal, other, digits, share in (
        (written_decimal(gold), answer, _GOLD_DIGITS, None),
        (written_decimal(answer), gold, _ANSWER_DIGITS, _TOLERANCE),
    ):
        if decimal and exact(other) is None and not symbols(other) - {"e"}:
            try:
                value = evaluated(other, 0, Field())
            except (ArithmeticError, ValueError, UnreadableError):
                continue
            if isinstance(value, float) and value == value and abs(value) < 1e300:
                return _stands_for(decimal, Fraction(value), digits, share, of_fraction=False)
    return False
