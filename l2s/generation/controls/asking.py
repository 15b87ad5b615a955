"""What passes between a control and those who ask it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from l2s.generation.controls.delimiters import Delimiters
from l2s.generation.prompts.prompt import Prompt
from l2s.generation.settings import DecodingParams
from l2s.generation.store.store import Stored


class Progress(Protocol):
    """What a control may look at of a response that is being written."""

    ids: list[int]
    """Its tokens so far."""
    delimiters: Delimiters
    trials: int
    """Trial answers begun."""

    @property
    def think_tokens(self) -> int:
        """Thinking tokens so far."""
        ...

    @property
    def since_trial(self) -> int:
        """Thinking tokens since the last trial began."""
        ...


@dataclass(frozen=True)
class FirstQuestion:
    """Something that is asked before the problem is; the tokens of the answer count."""

    ask: Callable[[str], str]
    """From the problem to the question."""
    then: Callable[[str, str], str]
    """From the problem and what was said, thinking left out, to the problem as it is put."""
    max_tokens: int
    model: str | None = None
    """Folder of the model that is asked; None: the run's own model."""

    def put(self, problem: str, answered: str, closing: str) -> str:
        """The problem as it is put once ``answered`` was said; of that counts what stands behind ``closing``."""
        return self.then(problem, answered.rpartition(closing)[2].strip())


Answer = Callable[[Sequence[Prompt], DecodingParams, Any], Iterator[tuple[int, Stored]]]
"""Responses to prompts under a control, each with its place among the prompts."""


@dataclass(frozen=True)
class Solution:
    """One of several rows that a sample becomes."""

    place: int
    """Place of the sample's prompt among the prompts."""
    sample: int
    response: Stored
    more: dict[str, Any]
    """Columns of the row besides those that all rows have."""
