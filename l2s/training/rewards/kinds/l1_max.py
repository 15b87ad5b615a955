"""L1-Max (arXiv:2503.04697; its code at 93dd330): δ = (clip(α (n − L), −1, 1) + 1) / 2, and R = δ c or δ + c.

c clip(α (n − L) + ½, 0, 1), as the paper has it, is the same with half the α. The shipped ``run_l1_max.sh`` sets
no reward flag and fails at the first reward. Fixed n or levels, as in ``l1_exact``.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, PositiveInt

from l2s.generation.levels import Level
from l2s.training.rewards.group import Group, State
from l2s.training.rewards.reward import PenalisesWrong


class L1Max(PenalisesWrong):
    """Less than n tokens are worth more, softly."""

    kind: Literal["l1_max"] = "l1_max"
    tokens: PositiveInt
    """n of prompts without a level line."""
    levels: Mapping[Level, PositiveInt] = {}
    """n of each level that is trained."""
    alpha: float = Field(0.01, gt=0)
    """α: the reward goes from 1 to 0 within 2 / α tokens around n."""
    combine: Literal["multiply", "add"] = "multiply"
    """``multiply``: a wrong response is worth 0; ``add``: a short one is worth up to 1."""

    paper: ClassVar[str] = "arXiv:2503.04697"
    example: ClassVar[dict[str, Any]] = {"tokens": 200}

    def rewards(self, group: Group, state: State) -> list[float]:
        """The reward of each response; n is that of the group's level."""
        tokens = self.tokens if group.level is None else self.levels[group.level]
        deltas = [(max(-1.0, min(1.0, self.alpha * (tokens - length))) + 1) / 2 for length in group.length]
        if self.combine == "multiply":
            return [right * delta for right, delta in zip(group.right, deltas, strict=True)]
        return [right + delta for right, delta in zip(group.right, deltas, strict=True)]
