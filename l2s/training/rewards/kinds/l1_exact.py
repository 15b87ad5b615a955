"""L1-Exact (arXiv:2503.04697; its code at 93dd330): R = c − α |n − L|, for a length of n tokens.

Departures. n is fixed, or one of three levels; the paper draws it for each prompt, which says it. The shipped
``get_delta_score_sigmoid_exact`` grows with the distance, and is not this one. Unbounded below as published: with
α |n − L| > 1 a right response is worth less than a wrong one at n.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, PositiveInt

from l2s.generation.levels import Level
from l2s.training.rewards.group import Group, State
from l2s.training.rewards.reward import PenalisesWrong


class L1Exact(PenalisesWrong):
    """A penalty for each token off n."""

    kind: Literal["l1_exact"] = "l1_exact"
    tokens: PositiveInt
    """n of prompts without a level line."""
    levels: Mapping[Level, PositiveInt] = {}
    """n of each level that is trained."""
    alpha: float = Field(3e-4, ge=0)
    """α, a token's price."""

    paper: ClassVar[str] = "arXiv:2503.04697"
    example: ClassVar[dict[str, Any]] = {"tokens": 200}

    def rewards(self, group: Group, state: State) -> list[float]:
        """The reward of each response."""
        return [right - self.alpha * abs(self.asked_of(group) - length) for right, length in group.rows]

    def asked_of(self, group: Group) -> int:
        """n, that of the group's level."""
        return self.tokens if group.level is None else self.levels[group.level]
