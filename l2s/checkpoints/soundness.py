"""Are all weights numbers? A pass over every entry of every model, for those who want to know beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

from l2s.checkpoints.aligned import Reader
from l2s.checkpoints.checkpoint import Checkpoint
from l2s.checkpoints.compatible import Finding
from l2s.checkpoints.dtypes import TORCH_NAMES
from l2s.checkpoints.finite import all_finite
from l2s.checkpoints.open import open_reader
from l2s.lazy import torch
from l2s.progress import Track, silent

if TYPE_CHECKING:
    from torch import Tensor

BLOCK = 1 << 22
"""Entries looked at at a time."""


def scan_for_nan(models: Mapping[str, Checkpoint], track: Track = silent) -> list[Finding]:
    """Every tensor that holds NaN or infinite entries, and how many; names are those the user knows the models by."""
    tensors = [(name, model, tensor) for name, model in models.items() for tensor in model.names()]
    total = float(sum(model.entry(tensor).size for _, model, tensor in tensors))
    findings = []
    with ExitStack() as stack:
        readers = {name: stack.enter_context(open_reader(model)) for name, model in models.items()}
        for name, model, tensor in track(tensors, "looking for NaN", total, lambda item: item[1].entry(item[2]).size):
            wrong = sum(map(_count_wrong, _blocks(readers[name], model, tensor)))
            if wrong:
                sentence = f"{name}: {tensor} holds {wrong} NaN or infinite entries; get a sound copy of the model"
                findings.append(Finding(sentence, fatal=True))
    return findings


def _blocks(reader: Reader, model: Checkpoint, tensor: str) -> Iterator[Tensor]:
    entry = model.entry(tensor)
    if entry.dtype not in TORCH_NAMES or 0 in entry.shape:
        return
    if not entry.shape:
        yield reader.read(tensor)
        return
    width = max(1, torch.Size(entry.shape[1:]).numel())
    step = max(1, BLOCK // width)
    for start in range(0, entry.shape[0], step):
        yield reader.rows(tensor, start, min(start + step, entry.shape[0]))


def _count_wrong(block: Tensor) -> int:
    return 0 if all_finite(block) else int((~torch.isfinite(block)).count_nonzero())
