"""Expert iteration: rounds of sampling, and of fine-tuning on the shortest right response to each problem."""

from typing import Literal

from pydantic import Field

from l2s.training.settings import RolloutParams


class ExpertIteration(RolloutParams):
    """Each round samples from the model that the round before left, on problems of its own."""

    method: Literal["expert_iteration"]
    learning_rate: float = Field(5e-4, gt=0)
    rounds: int = Field(2, ge=1)
    prompts: int = Field(150, ge=1)
    """Problems a round."""
    epochs: int = Field(2, ge=1)
    """Of each round."""
    batch_size: int = Field(16, ge=1)
    """Responses a step."""
