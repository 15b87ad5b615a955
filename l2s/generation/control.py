"""Length controls: rules that end or prolong thinking while a response is generated.

``budget`` is budget forcing's maximum (s1, arXiv:2501.19393, section 3): when thinking has taken
``max_think`` tokens, the closing delimiter and an answer opener are forced, and the answer gets a
budget of its own. Forced tokens count as generated.
"""

from dataclasses import dataclass, field

from l2s.generation.settings import ControlParams


@dataclass(frozen=True)
class Delimiters:
    """Token ids that open and close thinking, of the model at hand; several tokens work."""

    opening: tuple[int, ...]
    closing: tuple[int, ...]
    forced_close: tuple[int, ...] = ()
    """Closing delimiter and answer opener, as a control forces them."""


@dataclass
class Thinking:
    """Where one response stands: before, in or after thinking, and what is forced next."""

    delimiters: Delimiters
    control: ControlParams
    open: bool = False
    opened: bool = False
    tokens: int = 0
    """Thinking tokens so far, delimiters excluded."""
    forced: list[int] = field(default_factory=list)
    """Tokens that will be taken instead of the model's choice."""
    cut: bool = False
    """A control closed the thinking."""
    answer_left: int | None = None
    """Tokens left for the answer after a forced close; None: no limit of its own."""

    def override(self) -> int | None:
        """The token to take instead of the model's choice, if any."""
        if not self.forced and self._spent():
            self.cut = True
            self.forced = list(self.delimiters.forced_close)
        return self.forced.pop(0) if self.forced else None

    def saw(self, ids: list[int], forced: bool) -> None:
        """Take note of the last token of ``ids``, the response so far."""
        if self.open:
            self.tokens += not self.cut
            if _ends_with(ids, self.delimiters.closing):
                self.open = False
                self.tokens -= 0 if self.cut else len(self.delimiters.closing)
                self.answer_left = self.control.max_answer if self.cut else None
        elif not self.opened and _ends_with(ids, self.delimiters.opening):
            self.open = self.opened = True
        elif self.answer_left is not None and not forced:
            self.answer_left -= 1

    @property
    def closed(self) -> bool:
        """Thinking, if it was opened, was closed."""
        return not self.open

    def _spent(self) -> bool:
        limit = self.control.max_think
        return (
            self.control.kind == "budget" and self.open and not self.cut and limit is not None and self.tokens >= limit
        )


def _ends_with(ids: list[int], delimiter: tuple[int, ...]) -> bool:
    return bool(delimiter) and tuple(ids[-len(delimiter) :]) == delimiter
