"""AALC (arXiv:2506.20160; its code at f12452d): length counts as far as accuracy has been reached.

r = min(1, A / A_target), R_len = 1 − min(r^β, min(1, L / L_max)), R = (0.9 + 0.1 (1 − r)) c + α R_len.

Mended. In the code α is 1e-6, which vanishes beside 0.9 in float32 and beside TRL's ε; β 128 with A_target 1 gives
r^β = 0 unless accuracy is within a percent of perfect; ``length_reward`` loads the manager without the length term;
and the other one's misspelled name falls back to the plain reward in silence. Here the target is the start model's
accuracy, and A is a moving average of what was measured.
"""

from typing import Any, ClassVar, Literal

from pydantic import Field

from l2s.training.rewards.group import Group, State
from l2s.training.rewards.reward import PenalisesWrong


class Aalc(PenalisesWrong):
    """Below r^β L_max tokens each one less is worth something: pressure grows with accuracy."""

    kind: Literal["aalc"] = "aalc"
    length_scale: float = Field(gt=0)
    """L_max, in tokens."""
    alpha: float = Field(0.1, ge=0, le=0.9)
    """α, the weight of length; above 0.9 a short wrong response could be worth more than a long right one."""
    beta: float = Field(32.0, gt=0)
    """β: how near the target accuracy must be for length to count."""
    target: float | None = Field(None, gt=0, le=1)
    """A_target; None: the start model's accuracy."""
    decay: float = Field(0.9, ge=0, lt=1)
    """Share of the moving average that a step keeps."""

    paper: ClassVar[str] = "arXiv:2506.20160"
    example: ClassVar[dict[str, Any]] = {"length_scale": 300}

    def next_state(self, state: State, accuracy: float) -> State:
        """The average moves towards ``accuracy``."""
        return state.after(accuracy, self.decay)

    def rewards(self, group: Group, state: State) -> list[float]:
        """Right answers, and lengths as far as accuracy allows."""
        reached = self.reached(state)
        shortest = reached**self.beta
        worth = 0.9 + 0.1 * (1 - reached)
        ratios = [min(1.0, length / self.length_scale) for length in group.length]
        return [
            worth * right + self.alpha * (1 - min(shortest, ratio))
            for right, ratio in zip(group.right, ratios, strict=True)
        ]

    def reached(self, state: State) -> float:
        """r, the share of the target that accuracy has reached; 0 before any was measured."""
        target = self.target if self.target is not None else state.start
        return min(1.0, state.accuracy / target) if state.accuracy is not None and target else 0.0
