"""CheckpointReader: tensors and rows of tensors, mapped from their files; nothing is copied."""

import mmap
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import torch
from torch import Tensor

from l2s.checkpoints.checkpoint import Checkpoint
from l2s.checkpoints.dtypes import BYTES, TORCH_NAMES
from l2s.checkpoints.index import TensorEntry

OTHERS = {"I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8", "U8": "uint8", "BOOL": "bool",
          "U16": "uint16", "U32": "uint32", "U64": "uint64",
          "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2"}  # fmt: skip
"""Formats that are read but not merged, as torch calls them."""


class CheckpointReader:
    """Reads the tensors of one model folder; its files stay open until the block ends."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self._files: dict[Path, mmap.mmap] = {}
        self._opening = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._files.clear()  # a mapping ends with the last tensor that uses it

    def read(self, name: str) -> Tensor:
        """A tensor as stored; a tied head is the embedding. Safe in several threads; not to be written to.

        Raises:
            CheckpointError: the folder holds no such tensor.
        """
        entry = self.checkpoint.entry(name)
        if entry.size == 0:
            return torch.empty(entry.shape, dtype=_dtype(entry))
        count = entry.size // BYTES[entry.dtype]
        if entry.start % BYTES[entry.dtype]:  # torch wants entries aligned, old files may not have them so
            content = bytearray(self._open(entry.file)[entry.start : entry.start + entry.size])
            return torch.frombuffer(content, dtype=_dtype(entry), count=count).view(entry.shape)
        mapped = torch.frombuffer(self._open(entry.file), dtype=_dtype(entry), count=count, offset=entry.start)
        return mapped.view(entry.shape)

    def rows(self, name: str, start: int, stop: int) -> Tensor:
        """Rows ``start`` to ``stop`` of a tensor (entries, if it has one dimension), as stored."""
        return self.read(name)[start:stop]

    def _open(self, file: Path) -> mmap.mmap:
        with self._opening:
            if file not in self._files:
                with open(file, "rb") as stream:  # a private mapping: torch takes it for writable, the file is safe
                    self._files[file] = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_COPY)
            return self._files[file]


def _dtype(entry: TensorEntry) -> torch.dtype:
    dtype: torch.dtype = getattr(torch, TORCH_NAMES.get(entry.dtype) or OTHERS[entry.dtype])
    return dtype
