"""ThinkPrune (arXiv:2504.01296; its code at 0f7449b): c under a cap that falls from stage to stage.

A response over the cap of its stage is cut there, and so wrong. The paper states the cap in the system prompt as
well: here ``template`` puts it into the user's turn, if the model has words for it.
"""

from itertools import pairwise
from typing import Any, ClassVar, Literal

from pydantic import Field, PositiveInt, field_validator

from l2s.training.rewards.group import Group, State
from l2s.training.rewards.reward import Reward


class ThinkPrune(Reward):
    """Right within the cap."""

    kind: Literal["thinkprune"] = "thinkprune"
    caps: tuple[PositiveInt, ...] = Field(min_length=1)
    """Tokens, falling; the paper has 4000, 3000, 2000."""
    stage_steps: PositiveInt
    """Steps of each stage; the last cap stays."""
    template: str | None = None
    """The user's turn, e.g. ``{problem} The output of the assistant should be within {cap} tokens.``"""

    paper: ClassVar[str] = "arXiv:2504.01296"
    example: ClassVar[dict[str, Any]] = {"caps": [300, 200, 100], "stage_steps": 8}

    @field_validator("caps")
    @classmethod
    def _fall(cls, found: tuple[int, ...]) -> tuple[int, ...]:
        if any(later >= earlier for earlier, later in pairwise(found)):
            raise ValueError(f"caps fall from stage to stage, and {list(found)} do not")
        return found

    @field_validator("template")
    @classmethod
    def _has_both(cls, found: str | None) -> str | None:
        if found is not None and not all(word in found for word in ("{problem}", "{cap}")):
            raise ValueError("expected {problem} and {cap} in it")
        return found

    def turn(self, state: State) -> str | None:
        """The user's turn, which tells the cap of this step."""
        return None if self.template is None else self.template.replace("{cap}", str(self.cap(state.step)))

    def rewards(self, group: Group, state: State) -> list[float]:
        """The reward of each response, by the cap of this step."""
        cap = self.cap(state.step)
        return [float(right and length <= cap) for right, length in group.rows]

    def cap(self, step: int) -> int:
        """Tokens that a response may have at a step, counted from 0."""
        return self.caps[min(step // self.stage_steps, len(self.caps) - 1)]
