"""LayeredCheckpoint: layers of one or several models, in an order of their own, read as one model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from l2s.checkpoints.checkpoint import Checkpoint
from l2s.checkpoints.files.index import WeightIndex, natural
from l2s.checkpoints.reader import Reader
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


class LayeredReader(Reader):
    """Reads each tensor from the model it is taken from."""

    def __init__(self, checkpoint: LayeredCheckpoint, parts: Sequence[Reader]) -> None:
        super().__init__(checkpoint, parts)
        self._layered = checkpoint

    def read(self, name: str) -> Tensor:
        """A whole tensor."""
        part, own = self._origin(name)
        return part.read(own)

    def rows(self, name: str, start: int, stop: int) -> Tensor:
        """Rows ``start`` to ``stop`` of a tensor (entries, if it has one dimension)."""
        part, own = self._origin(name)
        return part.rows(own, start, stop)

    def _origin(self, name: str) -> tuple[Reader, str]:
        part, own = self._layered.origins[self._layered.entry(name).name]  # the embedding's, for a tied head
        return self._parts[part], own
