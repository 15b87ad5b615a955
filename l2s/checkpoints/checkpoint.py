"""Checkpoint: a model folder in the Hugging Face layout."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from l2s.checkpoints.files.digest import combine, digest_frame, digest_model, digest_tensors, same_bytes
from l2s.checkpoints.files.index import TensorEntry, WeightIndex, read_index
from l2s.checkpoints.files.json_file import read_object
from l2s.checkpoints.model.language import tie_flag
from l2s.checkpoints.model.parts import head_beside, is_embedding, is_head, is_other_head, is_recomputed
from l2s.checkpoints.model.tokenizer import GENERATION_CONFIG, side_files
from l2s.core.digests import BLAKE3
from l2s.core.errors import CheckpointError


@dataclass(frozen=True)
class Checkpoint:
    """A model folder. Nothing is read before it is asked for; what was read is kept."""

    path: Path

    @cached_property
    def index(self) -> WeightIndex:
        """Its stored tensors."""
        return read_index(self.path)

    @cached_property
    def config(self) -> dict[str, Any]:
        """``config.json``."""
        return read_object(self.path / "config.json")

    @property
    def folders(self) -> tuple[Path, ...]:
        """Every folder that is read."""
        return (self.path,)

    @property
    def tokenizer_folder(self) -> Path:
        """Where its tokenizer and chat template lie."""
        return self.path

    @property
    def side_files(self) -> list[Path]:
        """Tokenizer, chat template and generation config files that are there."""
        found = [file for file in side_files(self.tokenizer_folder) if file.name != GENERATION_CONFIG]
        return [*found, *(file for file in [self.path / GENERATION_CONFIG] if file.is_file())]

    @cached_property
    def embedding(self) -> str | None:
        """Name of the token embedding."""
        return next((name for name in self.index.entries if is_embedding(name)), None)

    @property
    def rows(self) -> int:
        """Rows of the embedding; 0 without one."""
        return 0 if self.embedding is None else self.index.entries[self.embedding].shape[0]

    @cached_property
    def stored_heads(self) -> tuple[str, ...]:
        """Names of the stored tensors, weight and bias, that make logits."""
        return tuple(name for name in self.index.entries if is_head(name))

    @cached_property
    def head(self) -> str:
        """What its head is called, or would be if it had one of its own."""
        stored = (name for name in self.stored_heads if name.endswith(".weight"))
        return next(stored, head_beside(self.embedding or ""))

    @cached_property
    def other_heads(self) -> tuple[str, ...]:
        """Names of heads of another kind: of labels, rewards, or of tokens under a name that is not known here."""
        known = {str(self.embedding), *self.stored_heads}
        return tuple(e.name for e in self.index.entries.values() if is_other_head(e.name, e.shape, self.rows, known))

    @cached_property
    def tied(self) -> bool:
        """Is the embedding also the head?

        So it is where no head is stored, unless the config says otherwise; and where the stored one is the same,
        byte for byte, and the config says so. Loaders, too, take a head that differs for what it is.
        """
        if self.embedding is None or (not self.stored_weights and tie_flag(self.config) is False):
            return False
        return not self.stored_weights or (tie_flag(self.config) is True and self._heads_are_the_embedding())

    @cached_property
    def stored_weights(self) -> list[str]:
        """Names of the stored heads, biases left out."""
        return [name for name in self.stored_heads if name.endswith(".weight")]

    def _heads_are_the_embedding(self) -> bool:
        embedding = self.index.entries[str(self.embedding)]
        return all(same_bytes(embedding, self.index.entries[name]) for name in self.stored_weights)

    def names(self) -> list[str]:
        """The tensors a loader takes, in natural order: no head that is tied anyway, no buffer that is computed."""
        return list(self._loaded)

    @cached_property
    def _loaded(self) -> list[str]:
        left_out = set(self.recomputed)
        return [name for name in self._counted if name not in left_out]

    @cached_property
    def recomputed(self) -> list[str]:
        """Buffers that older versions stored and loaders compute."""
        return [name for name, entry in self.index.entries.items() if is_recomputed(name, entry.shape)]

    @property
    def _counted(self) -> list[str]:
        dropped = set(self.stored_weights) if self.tied else set()
        return [name for name in self.index.entries if name not in dropped]

    def entry(self, name: str) -> TensorEntry:
        """Where a tensor is stored; a tied head is the embedding.

        Raises:
            CheckpointError: the folder holds no such tensor.
        """
        if self.tied and is_head(name) and name.endswith(".weight"):
            name = str(self.embedding)
        if name not in self.index.entries:
            raise CheckpointError(f"{self.path}: holds no tensor {name}")
        return self.index.entries[name]

    @property
    def weights_digest(self) -> str:
        """Digest over name, dtype, shape and bytes of every tensor but a tied head; shards do not matter."""
        return self.digest_weights()

    @cached_property
    def digest(self) -> str:
        """Digest over weights, config, tokenizer, chat template and generation config.

        Two folders with the same digest answer alike, wherever they lie; see
        :func:`~l2s.checkpoints.files.digest.digest_model` for what counts.
        """
        return self.digest_by(BLAKE3)

    @cached_property
    def frame(self) -> str:
        """The same but for the weights' numbers, see :func:`~l2s.checkpoints.files.digest.digest_frame`."""
        entries = [self.index.entries[name] for name in self.names()]
        return digest_frame(((one.name, one.dtype, one.shape) for one in entries), self.config, self.side_files)

    def digest_by(self, algorithm: str) -> str:
        """The same made with another algorithm, to be held against what an earlier version wrote."""
        return digest_model(self.digest_weights(algorithm), self.config, self.side_files)

    def digest_weights(self, algorithm: str = BLAKE3, threads: int | None = None) -> str:
        """The digest of the weights; computed once.

        Args:
            algorithm: of the digest.
            threads: tensors that are hashed at a time (default: one a core).
        """
        if algorithm not in self._weights_digests:
            self._weights_digests[algorithm] = self._hash_weights(algorithm, threads)
        return self._weights_digests[algorithm]

    @cached_property
    def _weights_digests(self) -> dict[str, str]:
        """Digests of the weights by algorithm."""
        return {}

    def _hash_weights(self, algorithm: str, threads: int | None) -> str:
        entries = [self.index.entries[name] for name in self._counted]
        digests = zip(entries, digest_tensors(entries, algorithm, threads), strict=True)
        return combine(((entry.name, entry.dtype, entry.shape, digest) for entry, digest in digests), algorithm)


def has_rows(model: Checkpoint, name: str) -> bool:
    """Does this tensor have a row for each token?"""
    return name == model.embedding or is_head(name)


def is_complete(path: Path) -> bool:
    """Is there a whole model folder: a config and every tensor its headers promise?"""
    checkpoint = Checkpoint(path)
    try:
        return bool(checkpoint.config) and bool(checkpoint.index.entries)
    except CheckpointError:
        return False
