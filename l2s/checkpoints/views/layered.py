"""LayeredCheckpoint: layers of one or several models, in an order of their own, read as one model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from l2s.checkpoints.checkpoint import Checkpoint
from l2s.checkpoints.files.index import WeightIndex, natural
from l2s.checkpoints.views.aligned import Reader
from l2s.core.digests import digest_lines
from l2s.core.lazy import Tensor


@dataclass(frozen=True, eq=False)
class LayeredCheckpoint(Checkpoint):
    """A model put together from tensors of others; nothing is written anywhere."""

    parts: tuple[Checkpoint, ...]
    """The models that it takes tensors from; config and tokenizer are the first one's."""
    origins: Mapping[str, tuple[int, str]]
    """Of every tensor: place of a model among ``parts``, and the tensor's name there."""

    @property
    def folders(self) -> tuple[Path, ...]:
        """Every folder that is read."""
        return tuple(folder for part in self.parts for folder in part.folders)

    @property
    def tokenizer_folder(self) -> Path:
        """Where its tokenizer and chat template lie."""
        return self.parts[0].tokenizer_folder

    @cached_property
    def index(self) -> WeightIndex:
        """Its tensors, under the names they have here."""
        entries = {
            name: self.parts[part].entry(own)._replace(name=name)
            for name, (part, own) in sorted(self.origins.items(), key=lambda origin: natural(origin[0]))
        }
        return WeightIndex(self.path, entries, ())

    @cached_property
    def config(self) -> dict[str, Any]:
        """The first part's."""
        return self.parts[0].config

    def _hash_weights(self, algorithm: str, threads: int | None) -> str:
        """Of one part that part's own, whichever of its layers are taken; of several, of them and what is taken."""
        digests = [part.digest_weights(algorithm, threads) for part in self.parts]
        if len(digests) == 1:
            return digests[0]
        taken = [f"{name} {part} {own}" for name, (part, own) in sorted(self.origins.items())]
        return digest_lines([*digests, *taken], algorithm)


class LayeredReader:
    """Reads each tensor from the model it is taken from."""

    def __init__(self, checkpoint: LayeredCheckpoint, parts: Sequence[Reader]) -> None:
        self.checkpoint: Checkpoint = checkpoint
        self._layered, self._parts = checkpoint, parts

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for part in self._parts:
            part.__exit__(kind, error, at)

    def read(self, name: str) -> Tensor:
        """A whole tensor; a tied head is the embedding. Safe in several threads; not to be written to."""
        part, own = self._origin(name)
        return part.read(own)

    def rows(self, name: str, start: int, stop: int) -> Tensor:
        """Rows ``start`` to ``stop`` of a tensor (entries, if it has one dimension)."""
        part, own = self._origin(name)
        return part.rows(own, start, stop)

    def floats(self, name: str, start: int, stop: int) -> NDArray[np.float32]:
        """The same as float32, a NumPy array."""
        part, own = self._origin(name)
        return part.floats(own, start, stop)

    def _origin(self, name: str) -> tuple[Reader, str]:
        part, own = self._layered.origins[self._layered.entry(name).name]  # the embedding's, for a tied head
        return self._parts[part], own
