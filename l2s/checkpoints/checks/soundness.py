"""Are all weights numbers? A pass over every entry of every model, for those who want to know beforehand."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
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

    def place(item: tuple[str, str]) -> tuple[str, Path]:
        return item[0], models[item[0]].entry(item[1]).file

    wrong = dict[tuple[str, str], int]()
    tracked = track(sorted(tensors, key=place), "looking for NaN", sum(map(size, tensors)), size)
    for (name, _), group in groupby(tracked, place):  # a model may have more files than may be open
        with open_reader(models[name]) as reader:
            wrong |= {item: count_wrong(reader, item[1]) for item in group}
    return [
        Finding(f"{name}: {tensor} holds {count} NaN or infinite entries; get a sound copy of the model", fatal=True)
        for name, tensor in tensors
        if (count := wrong[name, tensor])
    ]


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
