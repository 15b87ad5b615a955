"""Precise: the arithmetic of ``evaluation.py`` to as many digits as a comparison needs."""

import threading
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from mpmath import MPContext  # type: ignore[import-untyped]

from l2s.verification.compare.values.evaluation import Field
from l2s.verification.parsing.tokens import UnreadableError

_OWN = threading.local()
_LARGEST_EXPONENT = 40_000
_LARGEST_ARGUMENT = 10**6
_MAX_DIGITS_OF_A_SERIES = 3_000
_CHEAP = {"ln", "log", "lg", "sqrt", "abs", "floor", "ceil", "arctan"}
_NAMES = {"ln": "log", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arccot": "acot", "ceil": "ceil"}
_NAMES |= {"arcsinh": "asinh", "arsinh": "asinh", "arccosh": "acosh", "arcosh": "acosh", "arctanh": "atanh"}
_NAMES |= {"artanh": "atanh", "arcsec": "asec", "arccsc": "acsc", "lg": "log10", "abs": "fabs"}
_UNCHANGED = "sech csch sin cos tan sec csc cot sinh cosh tanh coth exp sqrt log floor factorial"
_NAMES |= {name: name for name in _UNCHANGED.split()}
_NAMES["binom"] = "binomial"


class Precise(Field):
    """Arithmetic to ``digits`` decimal digits, in a context of the thread's own."""

    def __init__(self, digits: int) -> None:
        super().__init__()
        if not hasattr(_OWN, "context"):
            _OWN.context = MPContext()
        self.context: Any = _OWN.context
        self.context.dps = digits
        self.functions = {name: self._bounded(name, getattr(self.context, own)) for name, own in _NAMES.items()}
        self.functions["cis"] = self._bounded("cis", self.context.expj)
        self.functions |= {"max": lambda *values: max(values), "min": lambda *values: min(values)}

    def number(self, value: Fraction) -> Any:
        """A rational number."""
        return self.context.mpf(value.numerator) / value.denominator

    def constant(self, name: str) -> Any:
        """π or e or i."""
        return {"pi": +self.context.pi, "e": +self.context.e, "i": self.context.mpc(0, 1)}[name]

    def raised(self, base: Any, exponent: Any) -> Any:
        """A power, as in double precision.

        Raises:
            UnreadableError: the power has too many digits.
        """
        if self.context.fabs(exponent * self.context.log(base)) > _LARGEST_EXPONENT:
            raise UnreadableError("a power of too many digits")
        return self.context.power(base, exponent)

    def _bounded(self, name: str, of: Callable[..., Any]) -> Callable[..., Any]:
        def bounded(*values: Any) -> Any:
            if name not in _CHEAP and self.context.dps > _MAX_DIGITS_OF_A_SERIES:
                raise UnreadableError("a function to too many digits")
            if name not in _CHEAP and any(self.context.fabs(value) > _LARGEST_ARGUMENT for value in values):
                raise UnreadableError("an argument too large")
            if name in ("ln", "log", "lg") and values[0] == 0:
                raise ZeroDivisionError
            return of(*values)

        return bounded
