"""Supervised fine-tuning: cross-entropy on responses, their stop tokens among them."""

from typing import Any, ClassVar, Literal

from l2s.training.data import AnyExamples
from l2s.training.settings import DataParams, Epochs, Rate


class Sft(DataParams):
    """Fine-tuning on what ``data`` makes of samples."""

    method: Literal["sft"]
    data: AnyExamples
    learning_rate: Rate = 5e-4
    epochs: Epochs = 2

    example: ClassVar[dict[str, Any]] = {"model": "models/slow", "data": {"kind": "shortest", "samples": "slow"}}
