"""Where a response stands in its thinking: before, in or after it, and how much of its budget is spent.

The budget is budget forcing's maximum (s1, arXiv:2501.19393, section 3): when thinking has taken
``max_think`` tokens, the closing delimiter and an answer opener are forced, and the answer gets a
budget of its own. Forced tokens count as generated. It stands under every kind of control.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from l2s.generation.controls.parameters import ControlParams
from l2s.generation.controls.spelling import Spelling, StopStrings

NEAR = 64
"""Tokens before a place that a delimiter which ends there may reach into."""


@dataclass(frozen=True)
class Delimiters:
    """What a control looks for and forces, as token ids of the model at hand; several tokens work everywhere."""

    opening: tuple[int, ...]
    closing: tuple[int, ...]
    forced_close: tuple[int, ...] = ()
    """Closing delimiter and answer opener, as a control forces them."""
    continuation: tuple[int, ...] = ()
    """What stands in the place of a dropped end of thinking."""
    transitions: tuple[tuple[int, ...], ...] = ()
    """Words at which an answer is tried out."""
    separators: tuple[tuple[int, ...], ...] = ()
    """Token sequences that end a paragraph."""
    probe: tuple[int, ...] = ()
    """Text before a trial answer."""
    probe_depth: int = 0
    """Braces which that text leaves open."""
    braces: Mapping[int, str] = field(default_factory=dict)
    """The braces in each token that has any, in their order."""
    before_close: tuple[int, ...] = ()
    """What a control forces before the closing delimiter."""
    opening_text: Spelling | None = None
    """Where the opening takes several tokens: it is then compared as text."""
    closing_text: Spelling | None = None
    stop_strings: StopStrings | None = None
    """Texts that end a response, as stop tokens do."""

    def opens(self, ids: list[int]) -> int:
        """Tokens of the opening delimiter that ends in the last token of ``ids``; 0: none does."""
        return _size(ids, self.opening, self.opening_text)

    def closes(self, ids: list[int]) -> int:
        """Tokens of the closing delimiter that ends in the last token of ``ids``; 0: none does."""
        return _size(ids, self.closing, self.closing_text)


@dataclass
class Thinking:
    """Follows the transcript of one response."""

    delimiters: Delimiters
    control: ControlParams
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
        elif self.control.whole_text and (not opening or tuple(ids[: len(opening)]) != opening[: len(ids)]):
            self.open = self.opened = self.whole = True
            self.tokens = len(ids)


def thinking_after(opened: bool, control: ControlParams, delimiters: Delimiters) -> Thinking:
    """Where a response begins: some chat templates open thinking in the prompt."""
    began = opened and bool(delimiters.opening)
    return Thinking(delimiters, control, open=began, opened=began)


def ends_with(ids: list[int], sequence: tuple[int, ...]) -> bool:
    """``ids`` ends with ``sequence``; nothing ends with an empty one."""
    return bool(sequence and ids) and ids[-1] == sequence[-1] and tuple(ids[-len(sequence) :]) == sequence


def _size(ids: list[int], sequence: tuple[int, ...], text: Spelling | None) -> int:
    if text is not None:
        return text.size(ids)
    return len(sequence) if ends_with(ids, sequence) else 0


def _begun(ids: list[int], closing: tuple[int, ...]) -> int:
    """How many tokens of ``closing``, short of all, end ``ids``."""
    return next((size for size in range(len(closing) - 1, 0, -1) if ends_with(ids, closing[:size])), 0)
