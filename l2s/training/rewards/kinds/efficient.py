"""Training to reason efficiently (arXiv:2502.04463; its code at e3611e4): R = c (1 − α σ((L − mean) / (std + 1e-7))).

Mean and standard deviation (population) are those of the right responses of the prompt; a single one has σ(0) = ½.
Wrong responses, truncated ones among them, are worth 0.
"""

import math
from typing import ClassVar, Literal

from pydantic import Field

from l2s.training.rewards.group import Group, State
from l2s.training.rewards.reward import Reward


class Efficient(Reward):
    """Right responses are worth less where they are longer than other right ones."""

    kind: Literal["efficient"] = "efficient"
    alpha: float = Field(0.1, ge=0, lt=1)
    """α, the most that length costs; the paper has 0.05 to 0.4."""

    paper: ClassVar[str] = "arXiv:2502.04463"

    def rewards(self, group: Group, state: State) -> list[float]:
        """Right answers, and how long each is among them."""
        if not (lengths := group.right_lengths):
            return [0.0] * len(group.right)
        mean = math.fsum(lengths) / len(lengths)
        deviation = math.sqrt(math.fsum((length - mean) ** 2 for length in lengths) / len(lengths))
        over = [(right, (length - mean) / (deviation + 1e-7)) for right, length in group.rows]
        return [1 - self.alpha * _sigmoid(one) if right else 0.0 for right, one in over]


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))
