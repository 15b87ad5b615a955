"""A linear penalty scaled by the pass rate (prime-rl): R = c − λ p min(1, L / L_max), p the group's share right.

Problems that are hard for the model feel little of it, and those that it never solves nothing.
"""

from typing import Any, ClassVar, Literal

from pydantic import Field

from l2s.training.rewards.group import Group, State
from l2s.training.rewards.kinds.tldr import Penalty
from l2s.training.rewards.reward import Reward


class Linear(Reward):
    """A penalty for each token, as far as the problem is solved."""

    kind: Literal["linear"] = "linear"
    length_scale: float = Field(gt=0)
    """L_max, tokens at which the penalty is whole."""
    penalty: Penalty = Field(0.25, alias="lambda")
    """λ."""

    paper: ClassVar[str] = "github.com/PrimeIntellect-ai/prime-rl, pull request 2829"
    example: ClassVar[dict[str, Any]] = {"length_scale": 300}

    def rewards(self, group: Group, state: State) -> list[float]:
        """Right and wrong ones alike."""
        price = self.penalty * group.pass_rate
        return [right - price * min(1.0, length / self.length_scale) for right, length in group.rows]
