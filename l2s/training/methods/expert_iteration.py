"""Expert iteration: rounds of sampling, and of fine-tuning on the shortest right response to each problem."""

from typing import Literal

from l2s.training.settings import Count, Epochs, Rate, RolloutParams


class ExpertIteration(RolloutParams):
    """Each round samples from the model that the round before left, on problems of its own."""

    method: Literal["expert_iteration"]
    learning_rate: Rate = 5e-4
    rounds: Count = 2
    prompts: Count = 150
    """Problems a round."""
    epochs: Epochs = 2
    """Of each round."""
    batch_size: Count = 16
    """Responses a step."""
