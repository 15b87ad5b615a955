"""Measures: the words behind a value that say what is measured, e.g. ``cm^2`` or ``m / s``."""

from l2s.verification.parsing.brackets import Brackets
from l2s.verification.parsing.expressions import Expression
from l2s.verification.parsing.tokens import Token


class Measures(Brackets):
    """Reads a unit behind a value."""

    def quantity(self, value: Expression) -> Expression:
        """A value with the unit words behind it, up to the end of the statement."""
        words = []
        while True:
            token = self.token
            if token.kind in ("text", "letter", "number") or token.value in (
                "/",
                "^",
                "{",
                "}",
                "*",
                "-",
                "(",
                ")",
                ".",
                "circ",
            ):
                if token.kind != "text" and not self._within_unit(token):
                    break
                words.append(self.take().value)
            else:
                break
        return Expression("quantity", (value, " ".join(words)))

    def _within_unit(self, token: Token) -> bool:
        """A sign or letter belongs to the unit where more words or a power follow directly."""
        previous = self.tokens[self.position - 1]
        following = (self.tokens + self.tokens[-1:] * 2)[self.position + 1]
        if token.value in ("^", "/", "*", "-"):
            return following.kind in ("number", "text", "letter") or following.value in ("{", "-")
        if token.kind == "number":
            return previous.value in ("^", "-", "{")
        if token.value in ("{", "}"):
            return (token.value == "}" and self._open_braces()) or previous.value == "^"
        return (token.kind == "letter" and previous.value in ("/", "*")) or token.kind == "letter"

    def _open_braces(self) -> bool:
        before = self.tokens[max(0, self.position - 4) : self.position]
        return [token.value for token in before].count("{") > [token.value for token in before].count("}") and any(
            token.value == "^" for token in before
        )
