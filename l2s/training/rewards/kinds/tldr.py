"""TLDR's reward, linear in length, with levels: R = c − λ min(1, L / L_max).

Reconstructed: arXiv:2505.07961 tells of a length-regularised reward and levels, and prints neither formula nor
settings that were to be had. λ ≤ 1 keeps a right response from being worth less than a wrong one. Where advantages
are divided by the group's deviation, every λ > 0 is the same reward in a group that is right throughout, and levels
do not separate: take ``tldr_target``, or scale ``none``.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, ValidationInfo

from l2s.generation.levels import Level
from l2s.training.rewards.group import Group, State
from l2s.training.rewards.reward import PenalisesWrong

HIGH = 0.5
"""A penalty above which accuracy is at stake."""


def checked_penalty(penalty: float, info: ValidationInfo) -> float:
    """``penalty``, if it leaves a right response worth no less than a wrong one; a high one is noted."""
    if not 0 <= penalty <= 1:
        raise ValueError(
            f"λ = {penalty:g} lies outside 0 to 1: above 1 a long right response is worth less than a wrong one, "
            "below 0 length is rewarded"
        )
    if penalty > HIGH and info.context is not None:
        info.context.append(f"{info.field_name}: λ = {penalty:g} is above {HIGH:g}; accuracy may fall")
    return penalty


Penalty = Annotated[float, AfterValidator(checked_penalty)]


class Tldr(PenalisesWrong):
    """A penalty for each token, by level."""

    kind: Literal["tldr"] = "tldr"
    length_scale: float = Field(gt=0)
    """L_max, tokens at which the penalty is whole: a stated constant, not the limit of generation."""
    penalty: Penalty = Field(0.5, alias="lambda")
    """λ of prompts without a level line."""
    levels: Mapping[Level, Penalty] = {}
    """λ of each level that is trained, e.g. ``{short: 0.5, medium: 0.2, long: 0.0}``."""
    penalise: Literal["all", "right"] = "all"
    """Which responses are penalised; wrong ones are the long ones."""

    paper: ClassVar[str] = "arXiv:2505.07961"
    reconstructed: ClassVar[bool] = True
    example: ClassVar[dict[str, Any]] = {"length_scale": 300}

    def rewards(self, group: Group, state: State) -> list[float]:
        """The reward of each response; λ is that of the group's level."""
        penalty = self.penalty if group.level is None else self.levels[group.level]
        return [
            right - penalty * min(1.0, length / self.length_scale) * (right or self.penalise == "all")
            for right, length in group.rows
        ]
