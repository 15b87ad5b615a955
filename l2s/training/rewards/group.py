"""What a reward is a function of: the responses to one prompt, and how far training is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from l2s.generation.levels import Level


@dataclass(frozen=True)
class Group:
    """The responses that were sampled for one prompt, ``[G]``."""

    correct: Sequence[bool]
    """What the grader says of each."""
    length: Sequence[int]
    """Generated tokens of each, thinking and answer, the stop token included."""
    truncated: Sequence[bool] = ()
    """Which did not end by themselves; none, where nothing is said."""
    level: Level | None = None
    """What the prompt's level line asks for."""
    reference: float | None = None
    """Mean length of the start model's right responses to this problem; None where it has none."""

    @cached_property
    def right(self) -> tuple[bool, ...]:
        """A truncated response is wrong, whatever number stands in it."""
        truncated = self.truncated or [False] * len(self.correct)
        return tuple(
            bool(correct) and not cut
            for correct, cut, _ in zip(self.correct, truncated, self.length, strict=True)
        )  # fmt: skip

    @property
    def rows(self) -> list[tuple[bool, int]]:
        """Right, and length, of each."""
        return list(zip(self.right, self.length, strict=True))

    @property
    def right_lengths(self) -> list[int]:
        """Lengths of the right ones."""
        return [length for right, length in self.rows if right]

    @property
    def pass_rate(self) -> float:
        """Share of the right ones."""
        return sum(self.right) / len(self.right)


@dataclass(frozen=True)
class State:
    """How far training is: what a reward may depend on besides the group. It is saved with a checkpoint."""

    step: int = 0
    """Steps done."""
    accuracy: float | None = None
    """Moving average of the accuracies that were measured; None before the first."""
    best: float | None = None
    """Its largest value so far."""
    start: float | None = None
    """The first that was measured: the start model's."""

    def after(self, accuracy: float, decay: float = 0.0) -> "State":
        """The state one step later, when ``accuracy`` was measured; the average keeps the share ``decay``."""
        average = accuracy if self.accuracy is None else decay * self.accuracy + (1 - decay) * accuracy
        best = average if self.best is None else max(self.best, average)
        start = accuracy if self.start is None else self.start
        return replace(self, step=self.step + 1, accuracy=average, best=best, start=start)
