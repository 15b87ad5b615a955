"""Powers: what is hung on an atom — exponents, indices, primes, factorials, degrees, percent signs."""

from fractions import Fraction

from l2s.verification.parsing.expressions import Expression, function, symbol
from l2s.verification.parsing.measures import Measures


class Powers(Measures):
    """Reads an atom with what is hung on it."""

    def factor(self) -> Expression:
        """An atom with what is hung on it: powers, factorials, degrees, percent signs, primes, indices."""
        self.enter()
        base = self._hung(self.atom())
        self.depth -= 1
        return base

    def _hung(self, base: Expression) -> Expression:
        while True:
            value = self.token.value
            if self.token.kind == "text":
                return base
            if value == "^":
                self.take()
                base = self._raised(base)
            elif value == "!":
                self.take()
                base = function("factorial", base)
            elif value == "_":
                self.take()
                base = self._indexed(base)
            elif value == "%":
                self.take()
                base = Expression("percent", (base,))
            elif value == "'" and base.kind == "symbol":
                self.take()
                base = symbol(f"{base.parts[0]}'")
            elif value == "circ":
                self.take()
                base = Expression("degrees", (base,))
            else:
                return base

    def _raised(self, base: Expression) -> Expression:
        if self.token.value == "{" and self.tokens[self.position + 1].value == "circ":
            self.position += 2
            self._expect("}")
            return self._angle(base)
        if self.token.value == "circ":
            self.take()
            return self._angle(base)
        if self._skips_primes():
            return symbol(f"{base.parts[0]}'") if base.kind == "symbol" else self._refuse("a prime behind no name")
        exponent = self.argument(signed=True)
        if exponent.kind == "symbol" and exponent.parts[0] == "T":
            return function("transpose", base)
        return Expression("power", (base, exponent))

    def _angle(self, base: Expression) -> Expression:
        """Degrees; a letter C or F behind them is part of the unit."""
        if self.token.kind == "letter" and self.token.value in "CF" and not self.token.spaced:
            return Expression("quantity", (base, f"°{self.take().value}"))
        return Expression("degrees", (base,))

    def _skips_primes(self) -> bool:
        if self.token.value == "'":
            self.take()
            return True
        if [token.value for token in self.tokens[self.position : self.position + 3]] == ["{", "'", "}"]:
            self.position += 3
            return True
        return False

    def _indexed(self, base: Expression) -> Expression:
        index = self._raw_argument()
        if base.kind == "number" and index.isdigit():
            digits = base.parts[0]
            assert isinstance(digits, Fraction)
            return Expression("based", (digits, int(index) if len(index) < 4 else self._refuse("no base")))
        if base.kind == "symbol":
            return symbol(f"{base.parts[0]}_{index}")
        return self._refuse("an index behind no name")

    def argument(self, signed: bool = False) -> Expression:
        """A group in braces, or one atom; a number after ``^`` counts whole, as in plain text."""
        if signed and self.token.value in ("-", "+"):
            sign = self.take().value
            inner = self.factor()
            return inner if sign == "+" else Expression("negative", (inner,))
        self.enter()
        found = self._bare_function_power() if signed else self.atom()
        self.depth -= 1
        return found

    def _bare_function_power(self) -> Expression:
        base = self.atom()
        if self.token.value == "^":  # 2^3^4 in plain text
            self.take()
            base = Expression("power", (base, self.argument(signed=True)))
        elif self.token.value == "!":
            return base
        return base

    def atom(self) -> Expression:
        """Given by the part that reads atoms."""
        raise NotImplementedError
