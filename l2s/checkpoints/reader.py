"""CheckpointReader: one tensor at a time, mapped from its file."""

import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from safetensors import safe_open
from torch import Tensor

from l2s.checkpoints.checkpoint import Checkpoint


class CheckpointReader:
    """Reads the tensors of one model folder; its files stay open until the block ends."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self._files: dict[Path, Any] = {}
        self._opening = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for file in self._files.values():
            file.__exit__(None, None, None)
        self._files.clear()

    def read(self, name: str) -> Tensor:
        """A tensor as stored; a tied head is the embedding. Safe in several threads.

        Raises:
            CheckpointError: the folder holds no such tensor.
        """
        entry = self.checkpoint.entry(name)
        tensor: Tensor = self._open(entry.file).get_tensor(entry.name)
        return tensor

    def _open(self, file: Path) -> Any:
        with self._opening:
            if file not in self._files:
                self._files[file] = safe_open(file, framework="pt").__enter__()
            return self._files[file]
