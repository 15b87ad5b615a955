"""Supervised fine-tuning: cross-entropy on responses, their stop tokens among them."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from l2s.training.data import AnyExamples
from l2s.training.settings import TrainingParams


class Sft(TrainingParams):
    """Fine-tuning on what ``data`` makes of samples."""

    method: Literal["sft"]
    data: AnyExamples
    learning_rate: float = Field(5e-4, gt=0)
    epochs: int = Field(2, ge=1)
    batch_size: int = Field(16, ge=1)
    """Responses a step."""

    example: ClassVar[dict[str, Any]] = {"model": "models/slow", "data": {"kind": "shortest", "samples": "slow"}}

    @property
    def sources(self) -> tuple[str, ...]:
        """Those of its data."""
        return self.data.sources
