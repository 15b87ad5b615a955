"""Kimi k1.5's length reward (arXiv:2501.12599), added to that of the answer: R = c + w ℓ after a warm-up.

ℓ = ½ − (L − min) / (max − min) of a right response, min(0, that) of a wrong one, and 0 where all have one length;
min and max are over the whole group. By itself ℓ lets a wrong short response (0) beat a right long one (−½), which
w ≤ 1 beside c mends. The weight of the paper's runs is not published.
"""

from typing import ClassVar, Literal

from pydantic import Field

from l2s.training.rewards.group import Group, State
from l2s.training.rewards.reward import PenalisesWrong


class Kimi(PenalisesWrong):
    """The place of a response's length in its group."""

    kind: Literal["kimi"] = "kimi"
    weight: float = Field(0.2, ge=0, le=1)
    """w."""
    warm_up: int = Field(0, ge=0)
    """The first so many steps are rewarded for being right alone."""

    paper: ClassVar[str] = "arXiv:2501.12599"

    def rewards(self, group: Group, state: State) -> list[float]:
        """Right answers and lengths."""
        weight = 0.0 if state.step < self.warm_up else self.weight
        return [right + weight * term for right, term in zip(group.right, length_rewards(group), strict=True)]


def length_rewards(group: Group) -> list[float]:
    """ℓ of each response."""
    least, most = min(group.length), max(group.length)
    if least == most:
        return [0.0] * len(group.right)
    terms = [(right, 0.5 - (length - least) / (most - least)) for right, length in group.rows]
    return [term if right else min(0.0, term) for right, term in terms]
