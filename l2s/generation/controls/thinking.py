"""Where a response stands in its thinking: before, in or after it, and how much of its budget is spent.

The budget is budget forcing's maximum (s1, arXiv:2501.19393, section 3): when thinking has taken
``max_think`` tokens, the closing delimiter and an answer opener are forced, and the answer gets a
budget of its own. Forced tokens count as generated. It stands under every kind of control.
"""

from dataclasses import dataclass

from l2s.generation.controls.control import Control
from l2s.generation.controls.delimiters import Delimiters, ends_with


@dataclass
class Thinking:
    """Follows the transcript of one response."""

    delimiters: Delimiters
    control: Control
    open: bool = False
    opened: bool = False
    tokens: int = 0
    """Thinking tokens so far, delimiters excluded."""
    cut: bool = False
    """A control closed the thinking."""
    whole: bool = False
    """The response did not open thinking and counts as thinking as a whole."""
    answer_left: int | None = None
    """Tokens left for the answer after a control closed thinking; None: no limit of its own."""

    @property
    def active(self) -> bool:
        """Thinking goes on, and no control has closed it."""
        return self.open and not self.cut

    @property
    def closed(self) -> bool:
        """Thinking, if it was opened, was closed; a text that is thinking as a whole is closed by its end."""
        return not self.open

    @property
    def spent(self) -> bool:
        """The budget is used up, and thinking has to be closed."""
        limit = self.control.max_think
        return self.active and limit is not None and self.tokens >= limit

    def saw(self, ids: list[int], forced: bool) -> None:
        """Take note of the last token of ``ids``, the response so far."""
        if self.open:
            self.tokens += not self.cut
            if not self.whole and (size := self.delimiters.closes(ids)):
                self.open = False
                self.tokens -= 0 if self.cut else min(size, self.tokens)
                self.answer_left = self.control.max_answer if self.cut else None
            elif self.whole and self.delimiters.opens(ids):
                self.whole, self.tokens = False, 0
        elif not self.opened:
            self._look_for_the_opening(ids)
        elif self.answer_left is not None and not forced:
            self.answer_left -= 1

    def ended(self) -> None:
        """The model ended the response."""
        self.open = self.open and not self.whole

    def close(self, ids: list[int]) -> list[int]:
        """A control closes thinking after ``ids``; return the tokens to force.

        Where the model has begun to write the closing delimiter, the rest of it is forced.
        """
        self.cut = True
        forced = self.delimiters.forced_close
        if not self.whole:
            begun = _begun(ids, self.delimiters.closing)
            self.tokens -= begun
            return list(forced[begun:]) if begun else [*self.delimiters.before_close, *forced]
        self.open, self.answer_left = False, self.control.max_answer
        return list(forced[len(self.delimiters.closing) :])

    def _look_for_the_opening(self, ids: list[int]) -> None:
        opening = self.delimiters.opening
        if self.delimiters.opens(ids):
            self.open = self.opened = True
        elif self.control.takes_whole_response and (not opening or tuple(ids[: len(opening)]) != opening[: len(ids)]):
            self.open = self.opened = self.whole = True
            self.tokens = len(ids)


def thinking_after(opened: bool, control: Control, delimiters: Delimiters) -> Thinking:
    """Where a response begins: some chat templates open thinking in the prompt."""
    began = opened and bool(delimiters.opening)
    return Thinking(delimiters, control, open=began, opened=began)


def _begun(ids: list[int], closing: tuple[int, ...]) -> int:
    """How many tokens of ``closing``, short of all, end ``ids``."""
    return next((size for size in range(len(closing) - 1, 0, -1) if ends_with(ids, closing[:size])), 0)
