"""Cursor: a place among the tokens of a formula, and all that can be told by looking at what stands there."""

from typing import NoReturn

from l2s.verification.parsing.tokens import Token, UnreadableError
from l2s.verification.parsing.vocabulary import FUNCTIONS, GREEK

DEEPEST = 60
"""Brackets and functions inside one another."""
ROW_BREAK = 2 * "\\"
ACCENTS = {"bar", "overline", "dot", "ddot", "widehat", "widetilde", "breve", "check", "mathring"}
_FACTORS = FUNCTIONS | GREEK | ACCENTS | {"frac", "binom", "langle", "lfloor", "lceil", "begin", "mathbb", "text"}
"""Names that begin a factor."""
_INDICES = ("number", "letter", "name", "text")
_STOPS = {")", "]", "}", r"\}", "rangle", "rfloor", "rceil", "&", "|", "end", ROW_BREAK}


class Cursor:
    """Moves over tokens, only forward."""

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

    def at_close(self) -> bool:
        """Does a bracket, a row or the formula end here?"""
        return self.token.value in _STOPS or self.token.kind == "end"

    def raw_argument(self) -> str:
        """The words of a group, or one word, as text."""
        if self.token.value != "{":
            token = self.take()
            return token.value if token.kind in _INDICES else self.refuse("an index is missing")
        words, depth = [], 0
        while self.token.kind != "end":
            depth += {"{": 1, "}": -1}.get(self.token.value, 0)
            words.append(self.take().value)
            if depth == 0:
                return "".join(words[1:-1])
        return self.refuse("a brace is not closed")

    def expect(self, value: str) -> None:
        """Move over ``value``, which must come next."""
        if self.take().value != value:
            self.refuse(f"'{value}' is missing")

    @staticmethod
    def refuse(why: str) -> NoReturn:
        """Raise that this is no formula, and why."""
        raise UnreadableError(f"no formula: {why}")

    def written(self, start: int) -> str:
        """The words from a place on, as text."""
        return "".join(
            f" {token.value}" if token.spaced else token.value for token in self.tokens[start : self.position]
        ).strip()

    def takes_away(self) -> bool:
        r"""Whether a set is taken away here, as in ``\mathbb{R} - \{1\}``."""
        return self.token.value == "-" and self.tokens[min(self.position + 1, len(self.tokens) - 1)].value == r"\{"

    def within_unit(self, token: Token) -> bool:
        """A letter belongs to the unit, and so does a sign that more words or a power follow directly."""
        before = [other.value for other in self.tokens[max(0, self.position - 4) : self.position]]
        following = self.tokens[min(self.position + 1, len(self.tokens) - 1)]
        if token.kind == "letter":
            return True
        if token.kind == "number":
            return before[-1] == "^" or before[-2:] in (["^", "-"], ["^", "{"], ["{", "-"])
        if token.kind != "sign":
            return False
        if token.value == "-" and before[-1] in ("^", "{"):
            return following.kind == "number"
        if token.value == "^":
            return following.kind == "number" or following.value in ("{", "-")
        if token.value in ("/", "*", "-"):
            return following.kind in ("text", "letter")
        return before[-1] == "^" if token.value == "{" else token.value == "}" and "^" in before and "{" in before

    def opens_arguments(self) -> bool:
        """Whether a bracket follows, behind as many primes as there are."""
        place = self.position
        while self.tokens[place].value == "'":
            place += 1
        return self.tokens[place].value == "("

    def names_elements(self) -> int:
        r"""How many words name the elements before a condition, as in ``\{x \mid x > 0\}``; 0 if none do."""
        if self.token.kind != "letter":
            return 0
        words = [word.value for word in self.tokens[self.position : self.position + 8]]
        for named in (["in", "mathbb", "{", "R", "}"], ["in", "mathbb", "R"], []):
            if words[1 : 1 + len(named)] == named and words[1 + len(named) :][:1] in (["|"], [":"]):
                return 2 + len(named)
        return 0

    def _in_run(self) -> bool:
        """Whether digits and a comma stand directly before this number, so that it begins no run."""
        before = self.tokens[max(0, self.position - 3) : self.position]
        return len(before) == 3 and before[0].kind == "number" and before[1].value == "," and not before[2].spaced

    def digit_groups(self, first: str) -> list[str]:
        """The groups of three digits that follow as ``,ddd``, where all that follows without space are such."""
        if self.in_sequence or not self.grouping or len(first) > 3 or first.startswith("0") or self._in_run():
            return []
        groups: list[str] = []
        for comma, group in zip(self.tokens[self.position :: 2], self.tokens[self.position + 1 :: 2], strict=False):
            if comma.value != "," or comma.spaced or group.kind != "number" or group.spaced:
                break
            whole = group.value.partition(".")[0]
            if len(whole) != 3 or "e" in group.value.lower() or (groups and "." in groups[-1]):
                return []
            groups.append(group.value)
        return groups

    def starts_factor(self) -> bool:
        """Whether the next word begins a factor that may follow without a sign."""
        kind, value = self.token.kind, self.token.value
        if kind in ("number", "letter"):
            return True
        if kind == "name":
            return value in _FACTORS
        return (kind == "sign" and value in ("(", "{", "[", r"\{")) or (value == "|" and not self.in_bars)
