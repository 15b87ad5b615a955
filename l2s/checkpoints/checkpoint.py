"""Checkpoint: a model folder in the Hugging Face layout."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from l2s.checkpoints.digest import combine, digest_model, digest_tensors
from l2s.checkpoints.index import TensorEntry, WeightIndex, read_index
from l2s.checkpoints.tokenizer import GENERATION_CONFIG, read_object, side_files
from l2s.errors import CheckpointError

HEAD = "lm_head.weight"
HEAD_BIAS = "lm_head.bias"
EMBEDDINGS = ("embed_tokens.weight", "wte.weight", "embed_in.weight", "word_embeddings.weight")


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
    def tied(self) -> bool:
        """Is the embedding also the head? So it is where no head is stored, or the config says so."""
        return self.embedding is not None and (
            HEAD not in self.index.entries or self.config.get("tie_word_embeddings") is True
        )

    @cached_property
    def embedding(self) -> str | None:
        """Name of the token embedding."""
        return next((name for name in self.index.entries if name.endswith(EMBEDDINGS)), None)

    def names(self) -> list[str]:
        """The tensors a loader takes, in natural order: a stored head that is tied anyway is not among them."""
        return [name for name in self.index.entries if not (name == HEAD and self.tied)]

    def entry(self, name: str) -> TensorEntry:
        """Where a tensor is stored; a tied head is the embedding.

        Raises:
            CheckpointError: the folder holds no such tensor.
        """
        stored = self.embedding if name == HEAD and self.tied else name
        if stored not in self.index.entries:
            raise CheckpointError(f"{self.path}: holds no tensor {name}")
        return self.index.entries[stored]

    @cached_property
    def weights_digest(self) -> str:
        """SHA-256 over name, dtype, shape and bytes of every tensor a loader takes; shards do not matter."""
        entries = [self.index.entries[name] for name in self.names()]
        digests = zip(entries, digest_tensors(entries), strict=True)
        return combine((entry.name, entry.dtype, entry.shape, digest) for entry, digest in digests)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over weights, config, tokenizer, chat template and generation config.

        Two folders with the same digest answer alike, wherever they lie; see
        :func:`~l2s.checkpoints.digest.digest_model` for what counts.
        """
        return digest_model(self.weights_digest, self.config, self.side_files)


def has_rows(model: Checkpoint, name: str) -> bool:
    """Does this tensor have a row for each token?"""
    return name in (model.embedding, HEAD, HEAD_BIAS)


def weights_digest(path: Path) -> str:
    """Digest of a model folder's weights alone."""
    return Checkpoint(path).weights_digest


def is_complete(path: Path) -> bool:
    """Is there a whole model folder: a config and every tensor its headers promise?"""
    checkpoint = Checkpoint(path)
    try:
        return bool(checkpoint.config) and bool(checkpoint.index.entries)
    except CheckpointError:
        return False
