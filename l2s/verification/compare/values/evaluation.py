r"""Evaluation: the value of a formula, exactly where it is rational, else at points, to as many digits as needed.

Two formulas are the same if they agree wherever they are looked at (Schwartz 1980 and Zippel 1979 for
polynomials): a disagreement in double precision settles that they differ, agreement is confirmed to fifty
digits. Symbols take fixed values drawn from their names, so that no choice depends on anything else.
Odd roots of negative numbers are real, as people mean them.
"""

import cmath
import math
import operator
import zlib
from collections.abc import Callable
from fractions import Fraction
from functools import reduce
from typing import Any

from l2s.verification.parsing.expressions import Expression, number, substituted
from l2s.verification.parsing.tokens import UnreadableError

MAX_BITS = 80_000
"""Bits of an exact number that anything is still done with; what the limits on text let through keeps below it."""
_POWER_BITS = 40_000
_LARGEST_FACTORIAL = 3_000
_LARGEST_CHOICE = 10**6
POINTS = 4
"""Points at which expressions with symbols are looked at."""
FAR_POINTS = 4
"""More of them for what goes in steps, which may be level for a while."""
_FAR = 37
_OFFSET = Fraction(7317, 10000)
"""Added to the arguments of a function nobody defined, so that at no common one all such functions are equal."""
_WAVES = ("sin", "cos", "tan", "cot")
_NEAR_ZERO = 1e-9
"""Below it, a wave is at one of its roots, π say, as far as doubles tell."""
_ARITHMETIC: dict[str, Callable[..., Any]] = {
    "product": operator.mul,
    "quotient": operator.truediv,
    "negative": operator.neg,
    "percent": lambda value: value / 100,
}


def exact(expression: Expression) -> Fraction | None:
    """The value, if sums, products and whole powers of rational numbers give it; else None."""
    try:
        return _exact(expression)
    except (ZeroDivisionError, OverflowError):
        return None


def _exact(expression: Expression) -> Fraction | None:
    kind, parts = expression.kind, expression.parts
    if kind == "number":
        return expression.value
    if is_group(expression):
        return _exact(expression.children()[0])
    if kind not in _ARITHMETIC and kind not in ("sum", "mixed", "power", "function"):
        return None
    values = list[Fraction]()
    for child in expression.children():
        value = _exact(child)
        if value is None or value.numerator.bit_length() + value.denominator.bit_length() > MAX_BITS:
            return None
        values.append(value)
    return _exactly(kind, str(parts[0]), values)


def is_group(expression: Expression) -> bool:
    """Whether this is one value in square brackets, which inside a formula group it."""
    return expression.kind == "tuple" and len(expression.parts) == 2 and expression.parts[1] == "["


def _exactly(kind: str, name: str, values: list[Fraction]) -> Fraction | None:
    if kind in ("sum", "mixed"):
        return sum(values, Fraction(0))
    if kind == "power":
        return _power(values[0], values[1])
    return _function(name, values) if kind == "function" else _ARITHMETIC[kind](*values)


def _power(base: Fraction, exponent: Fraction) -> Fraction | None:
    if exponent.denominator != 1 or abs(exponent) > 10**6:
        return None
    size = max(base.numerator.bit_length(), base.denominator.bit_length())
    return base**exponent.numerator if size * abs(exponent) <= _POWER_BITS else None


def _function(name: str, values: list[Fraction]) -> Fraction | None:
    value = values[0]
    if name == "factorial" and value.denominator == 1 and 0 <= value <= _LARGEST_FACTORIAL:
        return Fraction(math.factorial(value.numerator))
    if name == "double factorial" and value.denominator == 1 and 0 <= value <= _LARGEST_FACTORIAL:
        return Fraction(math.prod(range(value.numerator, 0, -2)))
    if name == "binom" and all(item.denominator == 1 and 0 <= item <= _LARGEST_CHOICE for item in values):
        whole, chosen = (item.numerator for item in values)
        return Fraction(math.comb(whole, chosen)) if min(chosen, whole - chosen) <= _LARGEST_FACTORIAL else None
    if name == "abs":
        return abs(value)
    if name in ("sqrt", "root") and value >= 0:
        return _root(value, 2 if name == "sqrt" else values[1])
    if name == "floor":
        return Fraction(math.floor(value))
    if name == "ceil":
        return Fraction(math.ceil(value))
    if name in ("gcd", "lcm") and all(item.denominator == 1 for item in values):
        return Fraction((math.gcd if name == "gcd" else math.lcm)(*(item.numerator for item in values)))
    if name in ("max", "min") and values:
        return max(values) if name == "max" else min(values)
    return None


def _root(value: Fraction, degree: Fraction | int) -> Fraction | None:
    """The root, if it is rational and of degree two."""
    if degree != 2:
        return None
    above, below = math.isqrt(value.numerator), math.isqrt(value.denominator)
    return Fraction(above, below) if above**2 == value.numerator and below**2 == value.denominator else None


def line(expression: Expression, name: str) -> tuple[Fraction, Fraction] | None:
    """Start and slope of a formula that is linear in a variable, and rational; None for any other."""
    at = (exact(substituted(expression, name, number(point))) for point in (0, 1, 2, 5))
    known = [value for value in at if value is not None]
    if len(known) < 4:
        return None
    start, slope = known[0], known[1] - known[0]
    linear = slope != 0 and known[2] == start + 2 * slope and known[3] == start + 5 * slope
    return (start, slope) if linear else None


def value_of_symbol(name: str, point: int) -> Fraction:
    """A value between 0.2 and 3.2 that looks random; at every third point some are negative."""
    drawn = zlib.crc32(f"{name} {point}".encode(errors="surrogatepass"))
    value = Fraction(drawn % 2999 + 200, 997)
    if point >= POINTS:
        return value * _FAR
    return -value if (point % 3 == 2 and drawn % 2 == 0) or point == 3 else value


class Field:
    """Arithmetic in double precision; :class:`~.precise.Precise` is the same to more digits."""

    def __init__(self) -> None:
        self.scale = 0.0
        self.left_reals = False
        """Whether a real argument had a value that is not real, e.g. the root of a negative number."""
        self.functions: dict[str, Callable[..., Any]] = _FUNCTIONS

    def number(self, value: Fraction) -> Any:
        """A rational number."""
        return float(value)

    def constant(self, name: str) -> Any:
        """π or e or i."""
        return {"pi": math.pi, "e": math.e, "i": 1j}[name]

    def power(self, base: Any, exponent: Any) -> Any:
        """The principal power, but real where an odd root of a negative number is meant."""
        if base == 0 and exponent != 0 and exponent.real <= 0:
            raise ZeroDivisionError
        return self.number(Fraction(int(exponent == 0))) if base == 0 else self.raised(base, exponent)

    def raised(self, base: Any, exponent: Any) -> Any:
        """The principal power of what is not zero."""
        if isinstance(base, complex) or isinstance(exponent, complex) or (base < 0 and exponent != int(exponent)):
            return complex(base) ** exponent
        return base**exponent


def _real(value: Any) -> float:
    return float(value.real)


def evaluated(expression: Expression, point: int, field: Field) -> Any:
    """The value at a point.

    Raises:
        UnreadableError: a part has no value, e.g. words or an infinity.
        ArithmeticError: it is undefined there, or too large.
    """
    kind, parts = expression.kind, expression.parts
    if kind == "number":
        return field.number(expression.value)
    if kind == "symbol":
        name = expression.name
        return field.constant(name) if name in ("e", "i") else field.number(value_of_symbol(name, point))
    if kind == "constant" and parts[0] == "pi":
        return field.constant("pi")
    values = [evaluated(child, point, field) for child in expression.children()]
    if kind in ("sum", "mixed"):
        field.scale = max(field.scale, *map(abs, values))
        return reduce(operator.add, values)
    if kind in _ARITHMETIC:
        return _ARITHMETIC[kind](*values)
    if kind == "power":
        return _raised(expression, values, field)
    if kind == "degrees":
        return values[0] * field.constant("pi") / 180
    if kind == "function":
        found = _called(str(parts[0]), values, point, field)
        field.left_reals |= isinstance(found, complex) and not any(isinstance(value, complex) for value in values)
        if str(parts[0]) in _WAVES and abs(found) < _NEAR_ZERO < abs(values[0]):  # digits cancel here as in a sum
            field.scale = max(field.scale, 1.0)
        return found
    if is_group(expression):
        return values[0]
    raise UnreadableError(f"no value: {kind}")


def _raised(expression: Expression, values: list[Any], field: Field) -> Any:
    base, exponent = values
    if not isinstance(base, complex) and getattr(base, "imag", 0) == 0 and _real(base) < 0:
        rational = exact(expression.children()[1])
        if rational is not None and rational.denominator % 2 == 1 and rational.denominator > 1:
            sign = -1 if rational.numerator % 2 else 1
            return sign * field.power(-base, exponent)
    return field.power(base, exponent)


def _called(name: str, values: list[Any], point: int, field: Field) -> Any:
    if name.endswith("()"):  # a function nobody defined: some smooth one, another at each point, negative at the last
        mixed = sum((value * (n + 2) for n, value in enumerate(values)), field.number(_OFFSET))
        found = field.functions["cos"](mixed * field.number(value_of_symbol(name, point))) + 3
        return -found if point == POINTS - 1 else found
    if name == "root":
        base, degree = values
        if (getattr(base, "imag", 0) == 0 and _real(base) < 0 and degree == 3) or degree == 5:
            sign = -1 if _real(base) < 0 else 1
            return sign * field.power(sign * base, 1 / degree)
        return field.power(base, 1 / degree)
    if name == "log" and len(values) == 2:
        return field.functions["ln"](values[0]) / field.functions["ln"](values[1])
    if name == "cbrt":
        sign = -1 if _real(values[0]) < 0 else 1
        return sign * field.power(sign * values[0], field.number(Fraction(1)) / 3)
    found = field.functions.get(name)
    if found is None or (len(values) != 1 and name not in ("max", "min", "binom")):
        raise UnreadableError(f"no value: {name}")
    return found(*values)


def _sqrt(value: Any) -> Any:
    return math.sqrt(value) if not isinstance(value, complex) and value >= 0 else cmath.sqrt(value)


def _ln(value: Any) -> Any:
    if value == 0:
        raise ZeroDivisionError
    return math.log(value) if not isinstance(value, complex) and value > 0 else cmath.log(value)


def _atanh(value: Any) -> Any:
    """Within its domain alone; beyond it, books differ in the sign of the imaginary part."""
    if isinstance(value, complex) or abs(value) >= 1:
        raise ArithmeticError
    return math.atanh(value)


def _gamma(value: Any) -> Any:
    if isinstance(value, complex):
        raise UnreadableError("no value: factorial")
    if value > 150:
        raise OverflowError
    return math.gamma(value + 1)


def _both(real: Callable[[float], float], whole: Callable[[complex], complex]) -> Callable[[Any], Any]:
    return lambda value: whole(value) if isinstance(value, complex) else real(value)


def _inverse(real: Callable[[float], float], whole: Callable[[complex], complex]) -> Callable[[Any], Any]:
    return lambda value: whole(value) if isinstance(value, complex) or abs(value) > 1 else real(value)


def _reciprocal(of: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: 1 / of(value)


_SIN, _COS, _TAN = _both(math.sin, cmath.sin), _both(math.cos, cmath.cos), _both(math.tan, cmath.tan)
_SINH, _COSH, _TANH = _both(math.sinh, cmath.sinh), _both(math.cosh, cmath.cosh), _both(math.tanh, cmath.tanh)
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{"sin": _SIN, "cos": _COS, "tan": _TAN},
    **{"sec": _reciprocal(_COS), "csc": _reciprocal(_SIN), "cot": _reciprocal(_TAN)},
    **{"sinh": _SINH, "cosh": _COSH, "tanh": _TANH, "coth": _reciprocal(_TANH)},
    **{"sech": _reciprocal(_COSH), "csch": _reciprocal(_SINH), "arccosh": cmath.acosh, "arcosh": cmath.acosh},
    **{"arctanh": _atanh, "artanh": _atanh},
    "arcsec": lambda value: _FUNCTIONS["arccos"](1 / value),
    "arccsc": lambda value: _FUNCTIONS["arcsin"](1 / value),
    **{"arcsin": _inverse(math.asin, cmath.asin), "arccos": _inverse(math.acos, cmath.acos)},
    **{"arctan": _both(math.atan, cmath.atan), "arccot": lambda value: _FUNCTIONS["arctan"](1 / value)},
    **{"arcsinh": _both(math.asinh, cmath.asinh), "arsinh": _both(math.asinh, cmath.asinh)},
    **{"ln": _ln, "log": _ln, "lg": lambda value: _ln(value) / math.log(10), "exp": _both(math.exp, cmath.exp)},
    **{"cis": lambda value: cmath.exp(1j * value), "sqrt": _sqrt, "abs": abs},
    **{"factorial": _gamma, "binom": lambda n, k: _gamma(n) / (_gamma(k) * _gamma(n - k))},
    **{"floor": lambda value: float(math.floor(value)), "ceil": lambda value: float(math.ceil(value))},
    **{"max": lambda *values: max(values), "min": lambda *values: min(values)},
}
