"""Lazy length penalty (arXiv:2505.12284): on right responses, beyond a tolerance, and while accuracy is steady.

Reconstructed from the abstract. With L_min and L_max of the group's right responses and a tolerance t, a right one
beyond L_min + t costs w (L − L_min − t) / (L_max − L_min); nothing is charged while the moving average of accuracy
lies more than a margin below its best.
"""

from typing import ClassVar, Literal

from pydantic import Field

from l2s.training.rewards.group import Group, State
from l2s.training.rewards.reward import Reward


class Lazy(Reward):
    """A penalty that waits for accuracy, and that short responses never feel."""

    kind: Literal["lazy"] = "lazy"
    weight: float = Field(0.5, ge=0, le=1)
    """w, the most that a right response can lose."""
    tolerance: float = Field(0.0, ge=0)
    """t, tokens above the shortest right response that cost nothing."""
    margin: float = Field(0.05, ge=0, le=1)
    """How far accuracy may lie below its best."""
    decay: float = Field(0.9, ge=0, lt=1)
    """Share of accuracy's moving average that a step keeps."""

    paper: ClassVar[str] = "arXiv:2505.12284"
    reconstructed: ClassVar[bool] = True

    def next_state(self, state: State, accuracy: float) -> State:
        """The average moves towards ``accuracy``."""
        return state.after(accuracy, self.decay)

    def rewards(self, group: Group, state: State) -> list[float]:
        """Right answers, less what their lengths cost."""
        lengths = group.right_lengths
        if not self.is_steady(state) or not lengths or min(lengths) == max(lengths):
            return [float(right) for right in group.right]
        free, spread = min(lengths) + self.tolerance, max(lengths) - min(lengths)
        return [1 - self.weight * max(0.0, length - free) / spread if right else 0.0 for right, length in group.rows]

    def is_steady(self, state: State) -> bool:
        """Accuracy was measured, and is near its best."""
        return state.accuracy is not None and state.best is not None and state.accuracy >= state.best - self.margin
