"""Are all weights numbers? A pass over every entry of every model, for those who want to know beforehand.

Tensors that lie side by side in a file are looked at together: a model may have tens of thousands of small ones.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from l2s.checkpoints.checkpoint import Checkpoint
from l2s.checkpoints.checks.compatible import Finding
from l2s.checkpoints.checks.finite import all_finite
from l2s.checkpoints.files.dtypes import TORCH_NAMES
from l2s.checkpoints.files.index import TensorEntry, natural
from l2s.checkpoints.files.mapped import map_file
from l2s.checkpoints.open import open_reader
from l2s.checkpoints.reader import Reader
from l2s.core.lazy import Tensor, torch
from l2s.core.progress import Track, silent

BLOCK = 1 << 23
"""Bytes looked at at a time."""
BITS = {"BF16": 0x7F80, "F16": 0x7C00}
"""The bits that are all set in NaN and in infinity, and in no other number of that format."""


def scan_for_nan(models: Mapping[str, Checkpoint], track: Track = silent) -> list[Finding]:
    """Every tensor that holds NaN or infinite entries, and how many; names are those the user knows the models by."""
    runs = [(name, model, run) for name, model in models.items() for run in _runs(model)]
    total = float(sum(map(_size, runs)))
    found: dict[str, dict[str, int]] = {name: {} for name in models}
    for name, model, run in track(runs, "looking for NaN", total, _size):
        found[name].update(_wrong(model, run))
    return [
        Finding(f"{name}: {tensor} holds {wrong[tensor]} NaN or infinite entries; get a sound copy of the model", True)
        for name, wrong in found.items()
        for tensor in sorted(wrong, key=natural)
    ]


def _size(item: tuple[str, Checkpoint, list[TensorEntry]]) -> float:
    return float(sum(entry.size for entry in item[2]))


def _runs(model: Checkpoint) -> Iterator[list[TensorEntry]]:
    """Tensors of one format that lie side by side; one at a time where the model is not what lies in its files."""
    entries = [entry._replace(name=name) for name in model.names() if (entry := model.entry(name)).size]
    run = list[TensorEntry]()
    for entry in sorted(entries, key=lambda entry: (str(entry.file), entry.start)):
        if entry.dtype not in TORCH_NAMES:
            continue
        if run and not (_is_plain(model) and _follows(run, entry)):
            yield run
            run = []
        run.append(entry)
    if run:
        yield run


def _is_plain(model: Checkpoint) -> bool:
    return type(model) is Checkpoint


def _follows(run: list[TensorEntry], entry: TensorEntry) -> bool:
    first, last = run[0], run[-1]
    beside = (entry.file, entry.dtype, entry.start) == (last.file, last.dtype, last.start + last.size)
    return beside and entry.start + entry.size - first.start <= BLOCK


def _wrong(model: Checkpoint, run: list[TensorEntry]) -> Iterator[tuple[str, int]]:
    if not _is_plain(model):
        with open_reader(model) as reader:
            counts = [(entry.name, sum(map(_count, _blocks(reader, entry)))) for entry in run]
    elif all(not _count_stored(block) for block in _stored(run[0], sum(entry.size for entry in run))):
        return
    else:
        counts = [(entry.name, sum(map(_count_stored, _stored(entry, entry.size)))) for entry in run]
    yield from ((name, count) for name, count in counts if count)


def _stored(first: TensorEntry, size: int) -> Iterator[tuple[str, NDArray[Any]]]:
    """So many bytes of a file, as entries of the first tensor's format, bit patterns where that has 16 bits."""
    dtype = np.dtype(np.uint16 if first.dtype in BITS else TORCH_NAMES[first.dtype])
    mapped, end = map_file(first.file), first.start + size
    step = max(1, BLOCK // dtype.itemsize) * dtype.itemsize
    for start in range(first.start, end, step):
        count = min(step, end - start) // dtype.itemsize
        yield first.dtype, np.frombuffer(mapped, dtype, count, start)


def _count_stored(block: tuple[str, NDArray[Any]]) -> int:
    word, entries = block
    if word not in BITS:
        return int(np.count_nonzero(~np.isfinite(entries)))
    if np.bitwise_and(entries, BITS[word]).max() < BITS[word]:
        return 0
    return int(np.count_nonzero(np.bitwise_and(entries, BITS[word]) == BITS[word]))


def _blocks(reader: Reader, entry: TensorEntry) -> Iterable[Tensor]:
    if not entry.shape:
        yield reader.read(entry.name)
        return
    step = max(1, BLOCK * entry.shape[0] // entry.size)
    for start in range(0, entry.shape[0], step):
        yield reader.rows(entry.name, start, min(start + step, entry.shape[0]))


def _count(block: Tensor) -> int:
    return 0 if all_finite(block) else int((~torch.isfinite(block)).count_nonzero())
