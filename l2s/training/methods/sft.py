"""Supervised fine-tuning: cross-entropy on responses, their stop tokens among them."""

from typing import Any, ClassVar, Literal

from l2s.training.data import AnyExamples
from l2s.training.settings import Count, Rate, TrainingParams


class Sft(TrainingParams):
    """Fine-tuning on what ``data`` makes of samples."""

    method: Literal["sft"]
    data: AnyExamples
    learning_rate: Rate = 5e-4
    epochs: Count = 2
    batch_size: Count = 16
    """Responses a step."""

    example: ClassVar[dict[str, Any]] = {"model": "models/slow", "data": {"kind": "shortest", "samples": "slow"}}

    @property
    def sources(self) -> tuple[str, ...]:
        """Those of its data."""
        return self.data.sources
