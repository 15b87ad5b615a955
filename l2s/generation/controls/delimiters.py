"""Delimiters: what a control looks for and writes in a response, as token ids."""

from collections.abc import Mapping
from dataclasses import dataclass, field

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
    triggers: tuple[tuple[int, ...], ...] = ()
    """Token sequences after which the control may act: transition words, ends of paragraphs."""
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


def ends_with(ids: list[int], sequence: tuple[int, ...]) -> bool:
    """``ids`` ends with ``sequence``; nothing ends with an empty one."""
    return bool(sequence and ids) and ids[-1] == sequence[-1] and tuple(ids[-len(sequence) :]) == sequence


def _size(ids: list[int], sequence: tuple[int, ...], text: Spelling | None) -> int:
    if text is not None:
        return text.size(ids)
    return len(sequence) if ends_with(ids, sequence) else 0
