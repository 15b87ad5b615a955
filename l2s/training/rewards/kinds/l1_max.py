"""L1-Max (arXiv:2503.04697; its code at 93dd330): δ = (clip(α (n − L), −1, 1) + 1) / 2, and R = δ c or δ + c.

c clip(α (n − L) + ½, 0, 1), as the paper has it, is the same with half the α. The shipped ``run_l1_max.sh`` sets
no reward flag and fails at the first reward. Fixed n or levels, as in ``l1_exact``.
"""

from typing import Literal

from pydantic import Field

from l2s.training.rewards.group import Group, State
from l2s.training.rewards.kinds.l1_exact import L1Exact


class L1Max(L1Exact):
    """Less than n tokens are worth more, softly."""

    kind: Literal["l1_max"] = "l1_max"  # type: ignore[assignment]
    alpha: float = Field(0.01, gt=0)
    """α: the reward goes from 1 to 0 within 2 / α tokens around n."""
    combine: Literal["multiply", "add"] = "multiply"
    """``multiply``: a wrong response is worth 0; ``add``: a short one is worth up to 1."""

    def rewards(self, group: Group, state: State) -> list[float]:
        """The reward of each response."""
        over = [self.alpha * (self.asked_of(group) - length) for length in group.length]
        deltas = [(max(-1.0, min(1.0, one)) + 1) / 2 for one in over]
        if self.combine == "multiply":
            return [right * delta for right, delta in zip(group.right, deltas, strict=True)]
        return [right + delta for right, delta in zip(group.right, deltas, strict=True)]
