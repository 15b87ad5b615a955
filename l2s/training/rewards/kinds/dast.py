"""DAST's reward by token budget (arXiv:2503.04472): longer answers where a problem is hard, shorter ones where not.

L_b = p L_right + (1 − p) L_max with p the share of right responses and L_right their mean length; u = (L − L_b) / L_b.
Right: max(½ − ½ u, 0.1). Wrong: min(0.9 u − 0.1, −0.1), so that a wrong response gains by being longer.

Reconstructed: the formula is that of two re-implementations which agree; the paper makes SimPO's pairs of it, and no
advantages while training.
"""

from typing import Any, ClassVar, Literal

from pydantic import Field

from l2s.training.rewards.group import Group, State
from l2s.training.rewards.reward import Reward


class Dast(Reward):
    """Lengths are compared with the budget that the group's own success gives."""

    kind: Literal["dast"] = "dast"
    max_length: float = Field(gt=0)
    """L_max, the budget in tokens of a problem that is never solved."""

    paper: ClassVar[str] = "arXiv:2503.04472"
    reconstructed: ClassVar[bool] = True
    example: ClassVar[dict[str, Any]] = {"max_length": 300}

    def rewards(self, group: Group, state: State) -> list[float]:
        """Right and wrong ones have scales of their own."""
        over = [(right, length / self.budget(group) - 1) for right, length in group.rows]
        return [max(0.5 - 0.5 * u, 0.1) if right else min(0.9 * u - 0.1, -0.1) for right, u in over]

    def budget(self, group: Group) -> float:
        """L_b of the group."""
        return sum(group.right_lengths) / len(group.right) + (1 - group.pass_rate) * self.max_length
