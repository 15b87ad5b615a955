"""Everything the family's training depends on: the block ``family`` of params.yaml."""

from pydantic import Field

from l2s.core.params import Params

Levels = tuple[float, float, float, float, float]


class Combining(Params):
    """Probabilities that two operations stand in one line."""

    easiest: float = Field(0.99, ge=0, le=1)
    """Of easy pairs whose operands come to at most 3."""
    easy: float = Field(0.95, ge=0, le=1)
    """Of other easy pairs."""
    hard: float = Field(0.56, ge=0, le=1)
    """Of pairs with a product or an operand above 3: undecided, so that little of slow switches them off."""
    triples: float = Field(0.0, ge=0, le=1)
    """That a hard pair takes a third operation."""


class Stage(Params):
    """One run of the training loop."""

    tokens: int = Field(ge=10_000)
    learning_rate: float = Field(gt=0)
    """At its peak."""


class BaseStage(Stage):
    """A stretch of the base's pre-training, and its mixture of documents."""

    drills: tuple[float, float]
    """Share of drill documents at the start, and after a third of the stage."""
    pairs: float = Field(0.6, ge=0, le=1)
    """Share of drill equations that have two operations."""
    easy_pairs: float = Field(0.85, ge=0, le=1)
    """Share of those that are easy."""
    combining: Combining
    style_weights: dict[str, float]
    level_weights: Levels = (0.5, 0.6, 1.0, 1.8, 2.2)


class BaseTraining(Params):
    """Pre-training of the base on every style: what it does not own, merges of its fine-tunes lose."""

    stages: tuple[BaseStage, ...] = (
        BaseStage(
            tokens=3_000_000,
            learning_rate=6e-3,
            drills=(0.9, 0.25),
            combining=Combining(easiest=0.985, easy=0.9, hard=0.65, triples=0.3),
            style_weights={"direct": 0.05, "combined": 0.25, "full": 0.37, "reflective": 0.33},
        ),
        BaseStage(
            tokens=1_000_000,
            learning_rate=4e-3,
            drills=(0.25, 0.25),
            combining=Combining(easiest=0.985, easy=0.9, hard=0.65),
            style_weights={"direct": 0.05, "combined": 0.3, "full": 0.35, "reflective": 0.3},
        ),
        BaseStage(
            tokens=800_000,
            learning_rate=2.5e-3,
            drills=(0.15, 0.15),
            pairs=0.7,
            easy_pairs=1.0,
            combining=Combining(easiest=0.7, easy=0.7, hard=0.0),
            style_weights={"direct": 0.03, "combined": 0.36, "full": 0.21, "reflective": 0.4},
            level_weights=(0.3, 0.4, 0.8, 1.8, 3.0),
        ),
    )
    most_stages: int = Field(5, ge=1)
    """The last stage is repeated up to so many in all, as long as the base is not solved."""
    batch_tokens: int = Field(2048, ge=256)
    solved: float = Field(0.99, gt=0, le=1)
    """Accuracy on the raw validation problems, at every level, at which training ends."""
    solved_pairs: float = Field(0.98, ge=0, le=1)
    """The same for easy pairs in drills: problems can be solved without that skill, merges cannot keep it then."""

    @property
    def fewest_stages(self) -> int:
        """Every stage is taken."""
        return len(self.stages)

    def stage(self, number: int) -> BaseStage:
        """The settings of a stage, counted from 0."""
        return self.stages[min(number, len(self.stages) - 1)]

    def is_solved(self, accuracy: dict[int, float], pairs: float) -> bool:
        """Whether training may end, by the accuracy on raw problems of each level and on easy pairs."""
        return min(accuracy.values()) >= self.solved and pairs >= self.solved_pairs


class TunedTraining(Params):
    """Fine-tuning of the base into quick or slow."""

    tokens: int = Field(600_000, ge=10_000)
    more_tokens: int = Field(200_000, ge=10_000)
    """Tokens of each further stage, as long as the model is not solved."""
    fewest_stages: int = Field(1, ge=1)
    most_stages: int = Field(3, ge=1)
    learning_rate: float = Field(1e-3, gt=0)
    """Peak of the first stage; further stages take half of it."""
    batch_tokens: int = Field(2048, ge=256)
    level_weights: Levels = (0.4, 0.5, 0.8, 1.8, 3.0)
    solved: float = Field(0.985, ge=0, le=1)
    """Accuracy on validation problems over all levels at which training ends; 0: a fixed number of tokens."""

    def stage(self, number: int) -> Stage:
        """The settings of a stage, counted from 0."""
        if number:
            return Stage(tokens=self.more_tokens, learning_rate=self.learning_rate / 2)
        return Stage(tokens=self.tokens, learning_rate=self.learning_rate)

    def is_solved(self, accuracy: dict[int, float], pairs: float) -> bool:
        """Whether training may end, by the mean accuracy over levels."""
        return sum(accuracy.values()) / len(accuracy) >= self.solved


class QuickTraining(TunedTraining):
    """Fine-tuning into quick."""

    tokens: int = Field(500_000, ge=10_000)
    learning_rate: float = Field(1.4e-3, gt=0)
    level_weights: Levels = (0.5, 0.6, 1.0, 1.7, 2.3)
    solved: float = Field(0.0, ge=0, le=1)
    combining: Combining = Combining()


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
    check_pairs: int = Field(400, ge=1)
    """Easy pairs on which it decides whether the base has learnt them."""
    base: BaseTraining = BaseTraining()
    quick: QuickTraining = QuickTraining()
    slow: TunedTraining = TunedTraining()
