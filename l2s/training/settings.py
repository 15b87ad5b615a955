"""What trainings have in common: a block under ``training:`` in params.yaml, or a file for ``l2s train``."""

from typing import Annotated, Any, ClassVar

from pydantic import Field, field_validator

from l2s.benchmarks import TrainingProblems
from l2s.core.kinds import Kind
from l2s.core.params import Margin, Params

Count = Annotated[int, Field(ge=1, le=1_000_000)]
"""Of things that are there; a larger one is a slip of the pen."""
Epochs = Annotated[int, Field(ge=1, le=1000)]
"""Likewise, such as 1e5, which would take weeks."""
Rate = Annotated[float, Field(gt=0, le=1)]
"""Of learning."""
LEVEL_TEMPLATE = "{problem} Reasoning length: {level}."
"""The user's turn where a level is asked for, unless a training says otherwise."""


class LoraParams(Params):
    """Train low-rank adapters; they are merged into the weights at the end."""

    r: Count = 16
    alpha: float = Field(32, gt=0)
    targets: tuple[str, ...] = ("all-linear",)
    """Names of the modules that are adapted; ``all-linear``: every linear layer but the head."""


class ValidationParams(Params):
    """Problems on which a checkpoint is chosen: the shortest at parity with the start model there."""

    problems: TrainingProblems = TrainingProblems(split="validation", per_level=40)
    every: Count = 10
    """Steps between two candidates; the last step is one."""
    margin: Margin = 0.03
    """Parity: the loss of accuracy, at the lower end of its paired interval, is less than this."""
    confidence: float = Field(0.95, gt=0, lt=1)
    max_tokens: Count = 400
    """Of a response, which is greedy."""


class TrainingParams(Kind):
    """What all methods have in common; engine, device and prompt are those of ``decoding:``."""

    key: ClassVar[str] = "method"
    method: str
    model: str
    """Folder under ``data/`` that the training starts from: ``models/<m>``, ``merged/<r>`` or ``trained/<t>``."""
    level_template: str = LEVEL_TEMPLATE
    """The user's turn where a level is asked for; ``{problem}`` and ``{level}`` are replaced."""
    learning_rate: Rate
    warmup: float = Field(0.0, ge=0, lt=1)
    """Share of the steps over which the rate rises; afterwards a cosine goes down to ``floor``."""
    floor: float = Field(0.1, ge=0, le=1)
    """Share of the rate that is left at the end; 1: a constant rate."""
    weight_decay: float = Field(0.0, ge=0)
    clip: float = Field(1.0, gt=0)
    """Longest gradient."""
    micro_batch: Count = 8
    """Most texts whose gradients are computed at once; it bounds memory."""
    lora: LoraParams | None = None
    """null: all weights are trained."""
    checkpoint_every: Count = 10
    """Steps between two states from which a killed training goes on."""
    validation: ValidationParams | None = None
    seed: int = Field(0, ge=0, lt=2**32)

    sampled: ClassVar[bool] = False
    """It samples while it trains, and takes ``problems``."""
    paper: ClassVar[str] = ""
    example: ClassVar[dict[str, Any]] = {"model": "models/slow"}

    @field_validator("level_template")
    @classmethod
    def _has_both(cls, found: str) -> str:
        if missing := [word for word in ("{problem}", "{level}") if word not in found]:
            raise ValueError(f"expected {' and '.join(missing)} in it")
        return found

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the samples that it reads."""
        return ()


class DataParams(TrainingParams):
    """What methods that learn from samples alone have in common."""

    data: Any
    epochs: Epochs = 1
    batch_size: Count = 16
    """Examples, or pairs, a step."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the samples that its data are made from."""
        found: tuple[str, ...] = self.data.sources
        return found


class RolloutParams(TrainingParams):
    """What methods that sample while they train have in common."""

    problems: TrainingProblems = TrainingProblems()
    samples: int = Field(8, ge=2, le=10_000)
    """Responses to each prompt."""
    temperature: float = Field(1.0, gt=0)
    max_tokens: Count = 300
    """A longer response is cut, and so wrong."""

    sampled: ClassVar[bool] = True
