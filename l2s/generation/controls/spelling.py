"""Text that is looked for in token ids, wherever a tokenizer happens to cut it.

A delimiter of one token is compared as an id. One of several tokens has no fixed ids: a tokenizer that
writes ``</think>`` as ``</``, ``think``, ``>`` joins the last of them with a newline that follows and the
first with a full stop before it. Such a delimiter is compared as text, and so are stop strings.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, eq=False)
class Spelling:
    """A text, and the text of every token."""

    text: str
    pieces: Mapping[int, str]

    def size(self, ids: Sequence[int]) -> int:
        """How many of the last tokens of ``ids`` the text reaches into; 0 where it does not end in the last one."""
        if not ids or ids[-1] not in self._last:
            return 0
        own, joined = len(self.pieces[ids[-1]]), ""
        for count in range(1, len(ids) + 1):
            joined = self.pieces.get(ids[-count], "\ufffd") + joined
            place = joined.rfind(self.text)
            if place >= 0:
                return count if place + len(self.text) > len(joined) - own else 0
            if len(joined) >= len(self.text) + own:
                return 0
        return 0

    @cached_property
    def _last(self) -> frozenset[int]:
        """Tokens that can hold the text's end."""
        ends = [self.text[place:] for place in range(len(self.text))]
        return frozenset(
            token
            for token, piece in self.pieces.items()
            if self.text in piece or any(piece.startswith(end) for end in ends)
        )


@dataclass(frozen=True, eq=False)
class StopStrings:
    """Texts that end a response when they have been written; what stands before the first of them is the response."""

    texts: tuple[str, ...]
    decode: Callable[[list[int]], str]

    def ended(self, ids: Sequence[int]) -> bool:
        """The last tokens of ``ids`` hold one of the texts."""
        return bool(self.texts) and self.before(text := self.decode(list(ids[-self._reach :]))) != text

    def before(self, text: str) -> str:
        """``text`` up to the first of the texts in it."""
        return text[: min((place for stop in self.texts if (place := text.find(stop)) >= 0), default=len(text))]

    @cached_property
    def _reach(self) -> int:
        """Tokens that can hold a text and a cut character before it: each has a byte at least."""
        return max(len(text.encode()) for text in self.texts) + 4
