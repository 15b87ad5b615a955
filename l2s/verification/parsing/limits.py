"""Limits: what is refused before anything parses it, because working it out could take the machine.

The size of a formula is bounded from its text alone, in linear time: the number of decimal digits its
value could have if every operation were a product. ``2^{2^{10}}`` may have 309 digits and passes;
``9^{9^9}`` may have 369 million and does not. What slips through meets the worker's time and memory limits.
"""

import math
import re

LONGEST = 4_000
"""Characters of an answer."""
DEEPEST = 60
"""Brackets and exponents inside one another."""
MAX_DIGITS = 10_000
"""Decimal digits of any power or factorial, and of any literal."""

_TOKEN = re.compile(r"[0-9]+(?:\.[0-9]+)?|\\[A-Za-z]+|\\.|[A-Za-z]|[{}()\[\]^!/]", re.DOTALL)
_DOUBLE_FACTORIAL = re.compile(r"(?<!!)!!(?!!)")
"""Of every second number, so no more than a factorial."""
_FRACTIONS = (r"\frac", r"\dfrac", r"\tfrac", r"\cfrac")
_BINOMIALS = (r"\binom", r"\dbinom", r"\tbinom", "C")
_LOGARITHMS = (r"\log", r"\ln", r"\lg")
_LOG_2 = math.log10(2)


def exceeds_limits(text: str) -> bool:
    """Whether ``text`` is too long, too deeply nested, or may denote a number of too many digits."""
    return len(text) > LONGEST or Formula(text).digits() > MAX_DIGITS


class Formula:
    """One pass over the tokens of a formula; brackets may be unbalanced or mixed. Logarithms are decimal."""

    def __init__(self, text: str) -> None:
        self.tokens: list[str] = _TOKEN.findall(_DOUBLE_FACTORIAL.sub("!", text.replace("**", "^")))
        self.position = 0
        self.depth = 0
        self.largest = 0.0

    def digits(self) -> float:
        """Upper bound of the digits of any power, factorial or literal; infinite where nesting is too deep."""
        while self.position < len(self.tokens):
            self._product()
            self.position += 1  # a closing bracket that nothing opened
        return self.largest

    def _product(self) -> float:
        """log10 bound of a run of factors, up to a closing bracket or the end."""
        log = 0.0
        while not self._at_end():
            divisor = self.tokens[self.position] == "/"
            self.position += divisor
            factor = self._power()
            log += 0.0 if divisor else factor
        return log

    def _power(self) -> float:
        self.depth += 1
        if self.depth > DEEPEST:
            self.largest, self.position = math.inf, len(self.tokens)
        log = self._atom()
        while self.position < len(self.tokens) and self.tokens[self.position] in "^!":
            factorial = self.tokens[self.position] == "!"
            self.position += 1
            log = max(log, _LOG_2)
            exponent = log if factorial else max(self._power(), _LOG_2)
            log = log * 10**exponent if exponent < 12 else math.inf  # n! is bounded by n^n
            self.largest = max(self.largest, log)
        self.depth -= 1
        return log

    def _atom(self) -> float:
        if self._at_end():
            return 0.0
        token = self.tokens[self.position]
        self.position += 1
        if token in "{([":
            log = self._product()
            self.position += 1
            return log
        if token in _FRACTIONS:
            return self._numerator()
        if token in _BINOMIALS and not self._at_end() and self.tokens[self.position] in "{(":
            return self._binomial()
        if token in _LOGARITHMS:
            return self._logarithm()
        if token[0].isdigit():
            log = max(_LOG_2, math.log10(float(token) or 1)) if len(token) < 300 else float(len(token))
            self.largest = max(self.largest, log)
            return log
        return _LOG_2 if token.isalpha() else 0.0

    def _binomial(self) -> float:
        """Bound of a binomial coefficient: no more than 2^n, nor than n^k where its parts stand apart."""
        log, chosen = max(_LOG_2, self._power()), math.inf
        if not self._at_end() and self.tokens[self.position] == "{":
            chosen = self._power()
        bound = min(_LOG_2 * 10 ** min(log, 12), log * 10 ** min(chosen, 12))
        self.largest = max(self.largest, bound)
        return bound

    def _logarithm(self) -> float:
        """Bound of a logarithm, whose value is about the digits of its argument; an index is passed over."""
        inner = _LOG_2
        for _ in range(2):
            if self.position < len(self.tokens) and self.tokens[self.position] in "{([":
                inner = max(inner, self._power())
        return max(_LOG_2, math.log10(1 + 4 * inner))

    def _numerator(self) -> float:
        """Bound of a fraction: its numerator's, for denominators are taken to be at least 1."""
        numerator = 0.0 if self._at_end() or self.tokens[self.position][0] == "\\" else self._atom()
        if not self._at_end() and self.tokens[self.position] == "{":
            self._atom()
        return numerator

    def _at_end(self) -> bool:
        return self.position >= len(self.tokens) or self.tokens[self.position] in "})]"
