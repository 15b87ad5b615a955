"""TLDR's levels as targets: R = c − λ min(1, |L − τ L_ref| / L_ref), L_ref the start model's mean length right.

Reconstructed: L1's exact form (arXiv:2503.04697) with a target relative to the problem, which holds ``long`` where a
linear penalty of 0 lets it follow ``short``. On the embedded family this is the form that keeps levels apart.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, PositiveFloat

from l2s.generation.levels import Level
from l2s.training.rewards.group import Group, State
from l2s.training.rewards.kinds.tldr import Penalty
from l2s.training.rewards.reward import PenalisesWrong


class TldrTarget(PenalisesWrong):
    """A penalty for each token off the target. A problem without a reference is rewarded for being right alone."""

    kind: Literal["tldr_target"] = "tldr_target"
    target: float = Field(0.5, gt=0)
    """τ of prompts without a level line, as a share of the reference length."""
    levels: Mapping[Level, PositiveFloat] = {}
    """τ of each level that is trained, a share above 0, e.g. ``{short: 0.35, medium: 0.7, long: 1.15}``."""
    penalty: Penalty = Field(0.5, alias="lambda")
    """λ, the penalty of a response that is off by the reference length or more."""

    paper: ClassVar[str] = "arXiv:2505.07961"
    reconstructed: ClassVar[bool] = True
    needs_reference: ClassVar[bool] = True

    def rewards(self, group: Group, state: State) -> list[float]:
        """The reward of each response; τ is that of the group's level."""
        if group.reference is None:
            return [float(right) for right in group.right]
        target = self.target if group.level is None else self.levels[group.level]
        return [
            right - self.penalty * min(1.0, abs(length - target * group.reference) / group.reference)
            for right, length in group.rows
        ]
