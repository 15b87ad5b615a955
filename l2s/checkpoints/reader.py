"""CheckpointReader: tensors and rows of tensors, mapped from their files."""

import mmap
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from l2s.checkpoints.checkpoint import Checkpoint
from l2s.checkpoints.files.dtypes import BYTES, torch_dtype
from l2s.checkpoints.files.index import TensorEntry
from l2s.core.errors import CheckpointError
from l2s.core.files import fill, identity
from l2s.core.lazy import Tensor, torch

NUMPY_NAMES = {"F64": "float64", "F32": "float32", "F16": "float16", "I64": "int64", "I32": "int32", "I16": "int16",
               "I8": "int8", "BOOL": "bool"}  # fmt: skip
"""Formats that NumPy knows."""
_mapped: WeakValueDictionary[tuple[int, ...], mmap.mmap] = WeakValueDictionary()
"""Files mapped into memory, each once however many read it, by device, inode, size and times of change; a mapping ends
with the last that uses it."""
_mapping = threading.Lock()


class Place(NamedTuple):
    """Where a tensor lies in an open file."""

    descriptor: int
    start: int
    """Its first byte."""
    entry: TensorEntry

    def fill(self, first: int, memory: memoryview) -> None:
        """Read the tensor's bytes from number ``first`` on, until ``memory`` is full.

        Raises:
            CheckpointError: the file ended before, or cannot be read.
        """
        try:
            whole = fill(self.descriptor, self.start + first, memory)
        except OSError as error:
            raise CheckpointError(f"{self.entry.file}: {self.entry.name} cannot be read: {error.strerror}") from None
        if not whole:
            raise CheckpointError(f"{self.entry.file}: ended while {self.entry.name} was read; get a sound copy of it")


class Reader(ABC):
    """Reads the tensors of one model, whole or by rows; use it as a context."""

    def __init__(self, checkpoint: Checkpoint, parts: Sequence["Reader"] = ()) -> None:
        """``parts`` read the models that it is made of."""
        self.checkpoint, self._parts = checkpoint, parts

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing more is read."""
        for part in self._parts:
            part.close()

    @abstractmethod
    def read(self, name: str) -> Tensor:
        """A whole tensor; a tied head is the embedding. Safe in several threads; not to be written to.

        Raises:
            CheckpointError: the model has no such tensor.
        """

    @abstractmethod
    def rows(self, name: str, start: int, stop: int) -> Tensor:
        """Rows ``start`` to ``stop`` of a tensor (entries, if it has one dimension)."""

    def floats(self, name: str, start: int, stop: int) -> NDArray[np.float32]:
        """The same as float32, a NumPy array."""
        found: NDArray[np.float32] = self.rows(name, start, stop).float().numpy()
        return found


class CheckpointReader(Reader):
    """Reads the tensors of one model folder; its files stay open until the block ends."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        self._shared: dict[Path, mmap.mmap] = {}
        self._private: dict[Path, mmap.mmap] = {}
        """Torch takes them for writable; the file is safe."""
        self._seen: dict[Path, list[int]] = {}
        self._closed = False
        self._opening = threading.Lock()

    def close(self) -> None:
        """Let go of the files."""
        with self._opening:
            self._closed = True
            self._shared.clear()
            self._private.clear()  # a mapping ends with the last tensor that uses it

    def read(self, name: str) -> Tensor:
        """A tensor as stored."""
        entry = self.checkpoint.entry(name)
        dtype, shape = torch_dtype(entry.dtype), entry.shape
        return torch.empty(shape, dtype=dtype) if 0 in shape else torch.from_numpy(self._array(name, True)).view(dtype)

    def array(self, name: str) -> NDArray[Any]:
        """The same as a NumPy array, read-only; formats that NumPy lacks as their bits, unsigned integers.

        Raises:
            CheckpointError: the folder holds no such tensor.
        """
        return self._array(name, False)

    @contextmanager
    def place(self, name: str) -> Iterator[Place]:
        """Where a tensor lies, for those who read it themselves.

        Raises:
            CheckpointError: the folder holds no such tensor, or the file is not the one that was read before.
        """
        entry = self.checkpoint.entry(name)
        with open(entry.file, "rb", buffering=0) as file:
            seen = identity(file.fileno())
            if self._seen.setdefault(entry.file, seen) != seen:
                raise CheckpointError(f"{entry.file}: changed while it was read; leave it alone and start again")
            yield Place(file.fileno(), entry.start, entry)

    def _array(self, name: str, private: bool) -> NDArray[Any]:
        entry = self.checkpoint.entry(name)
        width = BYTES[entry.dtype]
        dtype = np.dtype(NUMPY_NAMES.get(entry.dtype, f"uint{8 * width}"))
        if entry.size == 0:
            return np.empty(entry.shape, dtype)
        content: mmap.mmap | bytearray = self._mapped(entry.file, private)
        start = entry.start
        if start % width:  # old files may not have entries aligned
            content, start = bytearray(content[start : start + entry.size]), 0
        return np.frombuffer(content, dtype, entry.size // width, start).reshape(entry.shape)

    def rows(self, name: str, start: int, stop: int) -> Tensor:
        """Rows ``start`` to ``stop`` of a tensor (entries, if it has one dimension), as stored."""
        return self.read(name)[start:stop]

    def floats(self, name: str, start: int, stop: int) -> NDArray[np.float32]:
        """The same as float32, without torch."""
        stored = self.array(name)[start:stop]
        if self.checkpoint.entry(name).dtype == "BF16":
            return (stored.astype(np.uint32) << 16).view(np.float32)
        return stored.astype(np.float32)

    def _mapped(self, file: Path, private: bool) -> mmap.mmap:
        with self._opening:
            assert not self._closed, f"{file}: read after its reader was closed"
            maps = self._private if private else self._shared
            if file not in maps:
                maps[file] = (_map_privately if private else _map)(file)
            return maps[file]


def _map_privately(file: Path) -> mmap.mmap:
    with open(file, "rb") as stream:
        return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_COPY)


def _map(file: Path) -> mmap.mmap:
    """A file's bytes, not to be written to."""
    with open(file, "rb") as opened, _mapping:
        status = os.fstat(opened.fileno())
        key = status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
        if (found := _mapped.get(key)) is None:
            try:
                found = mmap.mmap(opened.fileno(), status.st_size, access=mmap.ACCESS_READ)
            except ValueError:  # it is empty, or was cut just now
                raise OSError(f"{file}: ended while it was read") from None
            _mapped[key] = found
        return found
