"""Are all weights numbers? A pass over every entry of every model, for those who want to know beforehand."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from l2s.checkpoints.checkpoint import Checkpoint
from l2s.checkpoints.checks.compatible import Finding
from l2s.checkpoints.files.dtypes import EXPONENTS, TORCH_NAMES
from l2s.checkpoints.open import open_reader
from l2s.checkpoints.reader import CheckpointReader, Reader
from l2s.core.progress import Track, silent

BLOCK = 1 << 23
"""Bytes looked at at a time."""


def scan_for_nan(models: Mapping[str, Checkpoint], track: Track = silent) -> list[Finding]:
    """Every tensor that holds NaN or infinite entries, and how many; names are those the user knows the models by."""
    tensors = [(name, tensor) for name, model in models.items() for tensor in model.names()]

    def size(item: tuple[str, str]) -> float:
        return float(models[item[0]].entry(item[1]).size)

    findings = list[Finding]()
    with ExitStack() as stack:
        readers = {name: stack.enter_context(open_reader(model)) for name, model in models.items()}
        for name, tensor in track(tensors, "looking for NaN", sum(map(size, tensors)), size):
            if wrong := count_wrong(readers[name], tensor):
                sentence = f"{name}: {tensor} holds {wrong} NaN or infinite entries; get a sound copy of the model"
                findings.append(Finding(sentence, fatal=True))
    return findings


def count_wrong(reader: Reader, name: str) -> int:
    """How many entries of a tensor are NaN or infinite; none of integers are."""
    entry = reader.checkpoint.entry(name)
    if entry.dtype not in TORCH_NAMES or not entry.size:
        return 0
    if not isinstance(reader, CheckpointReader):  # the model is not what lies in its files
        return sum(int(np.count_nonzero(~np.isfinite(block))) for block in _computed(reader, name))
    stored = reader.array(name).reshape(-1)
    step = max(1, BLOCK // stored.itemsize)
    return sum(_count(stored[start : start + step], entry.dtype) for start in range(0, stored.size, step))


def _computed(reader: Reader, name: str) -> Iterator[NDArray[np.float32]]:
    entry = reader.checkpoint.entry(name)
    if not entry.shape:
        yield reader.read(name).float().numpy()
        return
    step = max(1, BLOCK * entry.shape[0] // entry.size)
    for start in range(0, entry.shape[0], step):
        yield reader.floats(name, start, min(start + step, entry.shape[0]))


def _count(block: NDArray[Any], word: str) -> int:
    if word not in EXPONENTS:
        return int(np.count_nonzero(~np.isfinite(block)))
    exponents = block.view(np.uint16) & np.uint16(EXPONENTS[word])
    if exponents.max() < EXPONENTS[word]:  # nearly always, and found several times faster than the count
        return 0
    return int(np.count_nonzero(exponents == EXPONENTS[word]))
