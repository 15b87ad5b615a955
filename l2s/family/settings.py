"""Everything the family's training depends on: the block ``family`` of params.yaml."""

from pydantic import Field

from l2s.core.params import Params

Levels = tuple[float, float, float, float, float]


class BaseTraining(Params):
    """Pre-training of the base on every style, then more of it until validation problems are solved."""

    tokens: int = Field(3_000_000, ge=10_000)
    """Tokens of the first stage."""
    more_tokens: int = Field(1_000_000, ge=10_000)
    """Tokens of each further stage, as long as the base is not solved."""
    fewest_stages: int = Field(2, ge=1)
    """A base that is solved in a single stage owns its skill too weakly for merges of its fine-tunes to keep it."""
    most_stages: int = Field(4, ge=1)
    learning_rate: float = Field(6e-3, gt=0)
    """Peak of the first stage; further stages take half of it."""
    batch_tokens: int = Field(2048, ge=256)
    drills_first: float = Field(0.9, ge=0, le=1)
    """Share of drill documents at the start."""
    drills_last: float = Field(0.06, ge=0, le=1)
    """Share of drill documents after ``drill_phase``."""
    drill_phase: float = Field(0.35, gt=0, le=1)
    """Share of the first stage over which drills give way to problems."""
    level_weights: Levels = (0.5, 0.6, 1.0, 1.8, 2.2)
    style_weights: dict[str, float] = {"direct": 0.05, "combined": 0.2, "full": 0.42, "reflective": 0.33}
    solved: float = Field(0.99, gt=0, le=1)
    """Accuracy on the raw validation problems, at every level, at which training ends."""


class TunedTraining(Params):
    """Fine-tuning of the base into quick or slow."""

    tokens: int = Field(500_000, ge=10_000)
    more_tokens: int = Field(200_000, ge=10_000)
    """Tokens of each further stage, as long as the model is not solved."""
    fewest_stages: int = Field(1, ge=1)
    most_stages: int = Field(3, ge=1)
    learning_rate: float = Field(1e-3, gt=0)
    batch_tokens: int = Field(2048, ge=256)
    level_weights: Levels = (1.0, 1.0, 1.0, 1.0, 1.0)
    solved: float = Field(0.0, ge=0, le=1)
    """Accuracy on validation problems over all levels at which training ends; 0: a fixed number of tokens."""


class FamilySettings(Params):
    """The embedded family: three models of one architecture, from one seed."""

    seed: int = Field(0, ge=0)
    hidden_size: int = Field(128, ge=32)
    intermediate_size: int = Field(256, ge=32)
    layers: int = Field(4, ge=1)
    heads: int = Field(4, ge=1)
    key_value_heads: int = Field(2, ge=1)
    check_per_level: int = Field(100, ge=1)
    """Problems of each level on which training decides whether a model is solved."""
    base: BaseTraining = BaseTraining()
    quick: TunedTraining = TunedTraining(tokens=400_000, learning_rate=1.2e-3)
    slow: TunedTraining = TunedTraining(
        tokens=700_000, learning_rate=1e-3, level_weights=(0.6, 0.7, 1.0, 1.7, 2.0), solved=0.985
    )
