"""Where a model's tensors go as they come: the shards and index of a folder, headers first; or memory."""

import json
import math
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from l2s.checkpoints.files.digest import digest_tensor
from l2s.checkpoints.files.dtypes import BYTES, TORCH_NAMES, torch_dtype
from l2s.checkpoints.files.index import INDEX, SINGLE, TensorEntry
from l2s.core.digests import digest_bytes
from l2s.core.files import write_json
from l2s.core.lazy import Tensor, torch

SHARD = 5_000_000_000
"""Bytes of tensors a shard holds at most, unless one tensor alone is larger."""


WRITE = 1 << 20
"""Bytes written at once: for many more the system looks for memory in larger pieces, and takes several times longer."""
FLUSH = 200_000_000
"""Bytes after which writing to disk is begun, so that the end does not wait for all of it."""


@dataclass(frozen=True)
class TensorPlan:
    """A tensor that will be written."""

    name: str
    dtype: str
    """safetensors' word, e.g. ``BF16``."""
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Bytes."""
        return math.prod(self.shape) * BYTES[self.dtype]


class TensorWriter(ABC):
    """Takes the tensors of ``plans``, whole or in pieces, in any order, from any thread."""

    def __init__(self, plans: Iterable[TensorPlan]) -> None:
        self.plans = {plan.name: plan for plan in plans}

    def write(self, name: str, tensor: Tensor) -> str:
        """Put a whole tensor in its place; returns the digest of its bytes."""
        plan = self.plans[name]
        assert tuple(tensor.shape) == plan.shape, f"{name}: planned {plan.shape}, got {tuple(tensor.shape)}"
        content = self.write_piece(name, tensor)
        self.finish(name)
        return digest_bytes(content)

    def write_piece(self, name: str, piece: Tensor, start: int = 0) -> memoryview:
        """Put a run of a tensor's entries in place, from entry number ``start`` on; returns its bytes."""
        word = self.plans[name].dtype
        assert TORCH_NAMES.get(word, str(piece.dtype)[6:]) == str(piece.dtype)[6:], f"{name}: {piece.dtype}"
        return self.write_array(name, piece.detach().contiguous().reshape(-1).view(torch.uint8).numpy(), start)

    def write_array(self, name: str, piece: NDArray[Any], start: int = 0) -> memoryview:
        """The same of an array whose bytes are the tensor's."""
        content: memoryview = piece.reshape(-1).view(np.uint8).data
        self._put(name, content, start * BYTES[self.plans[name].dtype])
        return content

    @abstractmethod
    def _put(self, name: str, content: memoryview, offset: int) -> None:
        """Put some of a tensor's bytes in place, from byte number ``offset`` on."""

    @abstractmethod
    def finish(self, name: str) -> None:
        """Say that all of a tensor is in its place."""

    @abstractmethod
    def digest(self, name: str) -> str:
        """The digest of what now lies in a tensor's place."""


class MemoryWriter(TensorWriter):
    """Keeps the tensors in memory."""

    def __init__(self, plans: Iterable[TensorPlan]) -> None:
        super().__init__(plans)
        self._bytes = {name: np.empty(plan.size, np.uint8) for name, plan in self.plans.items()}

    def tensors(self) -> dict[str, Tensor]:
        """What was written, by name, in the order of the plans."""
        return {name: self._tensor(plan) for name, plan in self.plans.items()}

    def _tensor(self, plan: TensorPlan) -> Tensor:
        return torch.from_numpy(self._bytes[plan.name]).view(torch_dtype(plan.dtype)).reshape(plan.shape)

    def _put(self, name: str, content: memoryview, offset: int) -> None:
        self._bytes[name][offset : offset + len(content)] = content

    def finish(self, name: str) -> None:
        """Nothing is left to be done."""

    def digest(self, name: str) -> str:
        """The digest of what now lies in a tensor's place."""
        return digest_bytes(self._bytes[name].data)


class CheckpointWriter(TensorWriter):
    """Writes the tensors of ``plans`` into ``folder``.

    All names, dtypes and shapes are known beforehand, so every tensor has its place in its shard
    before the first one is there: nothing is held back, the bytes do not depend on the order of
    writing, and a folder that was left unfinished can be finished. Shards are filled in the order of
    ``plans``. The index is written last, when the block ends without error.
    """

    def __init__(self, folder: Path, plans: Iterable[TensorPlan], max_shard_size: int = SHARD) -> None:
        super().__init__(plans)
        self.folder = folder
        self._shards = _fill(list(self.plans.values()), max_shard_size)
        self._places: dict[str, tuple[str, int, TensorPlan]] = {}
        self._files: dict[str, int] = {}
        self._finished: set[str] = set()
        self._flusher = ThreadPoolExecutor(1)
        self._unflushed = 0

    def __enter__(self) -> Self:
        for shard, plans in zip(self._names(), self._shards, strict=True):
            handle = os.open(self.folder / shard, os.O_RDWR | os.O_CREAT, 0o644)
            self._files[shard] = handle
            header, offsets = _header(plans)
            _write_at(handle, memoryview(header), 0)
            os.ftruncate(handle, len(header) + sum(plan.size for plan in plans))
            self._places |= {plan.name: (shard, len(header) + offsets[plan.name], plan) for plan in plans}
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._flusher.shutdown(cancel_futures=True)
        for handle in self._files.values():
            os.close(handle)
        if kind is None:
            missing = self._places.keys() - self._finished
            assert not missing, f"planned but never written: {sorted(missing)}"
            if len(self._shards) > 1:
                self._write_index()

    def _put(self, name: str, content: memoryview, offset: int) -> None:
        shard, start, _ = self._places[name]
        _write_at(self._files[shard], content, start + offset)

    def finish(self, name: str) -> None:
        """Say that all of a tensor is in its place; from time to time what is there is sent to the disk meanwhile."""
        self._finished.add(name)
        shard, _, plan = self._places[name]
        self._unflushed += plan.size
        if self._unflushed >= FLUSH:
            self._unflushed = 0
            self._flusher.submit(_flush, self._files[shard])

    def digest(self, name: str) -> str:
        """The digest of what now lies in a tensor's place."""
        shard, offset, plan = self._places[name]
        return digest_tensor(TensorEntry(name, plan.dtype, plan.shape, self.folder / shard, offset, plan.size))

    def _names(self) -> list[str]:
        if len(self._shards) == 1:
            return [SINGLE]
        count = len(self._shards)
        return [f"model-{number:05}-of-{count:05}.safetensors" for number in range(1, count + 1)]

    def _write_index(self) -> None:
        total = sum(plan.size for _, _, plan in self._places.values())
        weight_map = {name: shard for name, (shard, _, _) in sorted(self._places.items())}
        write_json(self.folder / INDEX, {"metadata": {"total_size": total}, "weight_map": weight_map})


def _fill(plans: list[TensorPlan], most: int) -> list[list[TensorPlan]]:
    """Cut ``plans`` into shards of at most ``most`` bytes; there is at least one."""
    shards: list[list[TensorPlan]] = [[]]
    room = most
    for plan in plans:
        if plan.size > room and shards[-1]:
            shards.append([])
            room = most
        shards[-1].append(plan)
        room -= plan.size
    return shards


def _header(plans: list[TensorPlan]) -> tuple[bytes, dict[str, int]]:
    """A safetensors header, and each tensor's offset behind it.

    Wide formats come first, so that every tensor starts at a multiple of its entries' size.
    """
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    offsets, end = {}, 0
    for plan in sorted(plans, key=lambda plan: -BYTES[plan.dtype]):
        offsets[plan.name] = end
        end += plan.size
        header[plan.name] = {"dtype": plan.dtype, "shape": list(plan.shape), "data_offsets": [offsets[plan.name], end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text, offsets


def _flush(handle: int) -> None:
    """Where there is no fdatasync, fsync does it."""
    getattr(os, "fdatasync", os.fsync)(handle)


def _write_at(handle: int, content: memoryview, offset: int) -> None:
    while content:
        written = os.pwrite(handle, content[:WRITE], offset)
        content, offset = content[written:], offset + written
