"""Hash the models that a recipe names while the program is still starting up."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

from l2s.checkpoints.checkpoint import Checkpoint
from l2s.checkpoints.digest import hashing_ahead
from l2s.checkpoints.index import TensorEntry
from l2s.errors import CheckpointError

KEYS = ("model", "base_model")


def hashing_inputs(recipe: Any) -> AbstractContextManager[None]:
    """Begin to hash the model folders that a recipe, not yet checked, names; what is wrong with it is said later."""
    models = []
    for folder in sorted(set(_folders(recipe))):
        with suppress(CheckpointError, OSError):
            models.append(_entries(Checkpoint(folder)))
    return hashing_ahead(models)


def _entries(model: Checkpoint) -> list[TensorEntry]:
    return [model.index.entries[name] for name in model.names()]


def _folders(found: Any) -> Iterator[Path]:
    if isinstance(found, dict):
        for key, value in found.items():
            if key in KEYS and isinstance(value, str) and Path(value).is_dir():
                yield Path(value)
            else:
                yield from _folders(value)
    elif isinstance(found, list):
        for value in found:
            yield from _folders(value)
