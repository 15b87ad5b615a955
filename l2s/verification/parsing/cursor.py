"""Cursor: a place among the tokens of a formula, and the brackets it stands in."""

from typing import NoReturn

from l2s.verification.parsing.expressions import Expression
from l2s.verification.parsing.tokens import Token, UnreadableError

DEEPEST = 60
"""Brackets and functions inside one another."""
ROW_BREAK = 2 * "\\"
_STOPS = {")", "]", "}", r"\}", "rangle", "rfloor", "rceil", "&", "|", "end", ROW_BREAK}


class Cursor:
    """The next token, and what every part of the reader needs to move over it."""

    def __init__(self, words: list[Token]) -> None:
        self.tokens = words
        self.position = 0
        self.depth = 0
        self.in_bars = False
        self.in_sequence = False
        self.grouping = True

    @property
    def token(self) -> Token:
        """The next word."""
        return self.tokens[self.position]

    def take(self) -> Token:
        """The next word, and move on; the end stays."""
        token = self.tokens[self.position]
        self.position += token.kind != "end"
        return token

    def enter(self) -> None:
        """One level deeper.

        Raises:
            UnreadableError: too deep.
        """
        self.depth += 1
        if self.depth > DEEPEST:
            raise UnreadableError("nested too deeply")

    def listed(self) -> Expression:
        """Given by the upper half."""
        raise NotImplementedError

    def term(self) -> Expression:
        """Given by the upper half."""
        raise NotImplementedError

    def _at_close(self) -> bool:
        return self.token.value in _STOPS or self.token.kind == "end"

    def _raw_argument(self) -> str:
        """The words of a group, or one word, as text."""
        if self.token.value != "{":
            token = self.take()
            return (
                token.value
                if token.kind in ("number", "letter", "name", "text")
                else self._refuse("an index is missing")
            )
        words, depth = [], 0
        while self.token.kind != "end":
            depth += {"{": 1, "}": -1}.get(self.token.value, 0)
            words.append(self.take().value)
            if depth == 0:
                return "".join(words[1:-1])
        return self._refuse("a brace is not closed")

    def _expect(self, value: str) -> None:
        if self.take().value != value:
            self._refuse(f"'{value}' is missing")

    @staticmethod
    def _refuse(why: str) -> NoReturn:
        raise UnreadableError(f"no formula: {why}")
