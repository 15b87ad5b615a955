"""Group-relative policy optimisation (arXiv:2402.03300), with the switches of its variants.

``loss``, ``scale`` and ``importance`` make it Dr. GRPO (arXiv:2503.20783), DAPO (arXiv:2503.14476) or GSPO
(arXiv:2507.18071). One update a rollout: the ratio is 1, and clipping is what it would be otherwise.
"""

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from l2s.training.rewards import AnyReward
from l2s.training.settings import Count, Rate, RolloutParams


class Grpo(RolloutParams):
    """Reinforcement by a reward of right answers and of their lengths."""

    method: Literal["grpo"]
    reward: AnyReward
    learning_rate: Rate = 3e-4
    steps: Count = 16
    prompts: Count = 12
    """Problems a step; where the reward has levels, they are asked for in turn."""
    reference: str | None = None
    """Name of the start model's samples, for rewards that take the mean length of its right responses."""
    loss: Literal["grpo", "dr_grpo", "dapo"] = "dapo"
    """What the sum over tokens is divided by: each response's length; a constant; the tokens of the batch."""
    scale: Literal["group", "batch", "none"] = "group"
    """What advantages are divided by: the deviation of the group's rewards, of the batch's, or nothing."""
    std_epsilon: float = Field(1e-6, gt=0)
    """Added to the deviation; TRL's own is 1e-4, beside which small length rewards vanish."""
    importance: Literal["token", "sequence"] = "token"
    epsilon_low: float = Field(0.2, gt=0, lt=1)
    epsilon_high: float = Field(0.2, gt=0)
    kl: float = Field(0.0, ge=0)
    """β of the divergence from the start model."""

    paper: ClassVar[str] = "arXiv:2402.03300"
    example: ClassVar[dict[str, Any]] = {"model": "models/slow", "reward": {"kind": "tldr", "length_scale": 300}}

    @property
    def sources(self) -> tuple[str, ...]:
        """The name of the reference's samples, if there is one."""
        return () if self.reference is None else (self.reference,)

    @model_validator(mode="after")
    def _has_its_reference(self) -> "Grpo":
        if self.reward.needs_reference and self.reference is None:
            raise ValueError(
                f"reward {self.reward.kind} takes the start model's lengths; name its samples under 'reference'"
            )
        return self
