"""Weights put into a folder for a vLLM in another process: in memory, where the system has a place for that."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.files.dtypes import OTHERS, TORCH_NAMES
from l2s.checkpoints.files.writer import CheckpointWriter, TensorPlan
from l2s.core.scratch import Scratch, in_memory

if TYPE_CHECKING:
    from torch import Tensor

PREFIX = "l2s-weights-"
WORDS = {name: word for word, name in (OTHERS | TORCH_NAMES).items()}
"""safetensors' words for torch's formats."""


def written(like: Path, weights: Mapping[str, "Tensor"]) -> Scratch:
    """A folder with config and tokenizer of the model in ``like``, and other weights."""
    size = sum(tensor.numel() * tensor.element_size() for tensor in weights.values())
    scratch = Scratch(PREFIX, in_memory(size))
    for file in (like / "config.json", *Checkpoint(like).side_files):
        shutil.copyfile(file, scratch.path / file.name)
    plans = [TensorPlan(name, WORDS[str(one.dtype)[6:]], tuple(one.shape)) for name, one in weights.items()]
    with CheckpointWriter(scratch.path, plans) as writer:
        for name, tensor in weights.items():
            writer.write(name, tensor.cpu())
    return scratch
