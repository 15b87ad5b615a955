"""A training in a file of its own, with folders and files in the place of names; paths are relative to the file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from l2s.training.settings import TrainingParams
from l2s.training.union import parse_training

MODELS = ("model", "reference")
FILES = ("samples", "chosen", "rejected", "short", "long", "path")
"""Keys of ``data`` and of problems that name files."""
PROBLEMS = ("problems", "develop")
"""Keys of problems: a path in the place of the block is a file of them."""


def read_training(found: Any, where: str, folder: Path) -> TrainingParams:
    """The training that a file or a mapping states, with its paths as they are from the current folder.

    Raises:
        ConfigError: says everything that is wrong with it.
    """
    return parse_training(_from_here(found, folder, MODELS) if isinstance(found, Mapping) else found, where)


def _from_here(block: Mapping[str, Any], folder: Path, paths: tuple[str, ...]) -> dict[str, Any]:
    found = dict(block)
    for key, said in block.items():
        if key in paths and isinstance(said, str):
            found[key] = str(folder / said)
        elif key in PROBLEMS and isinstance(said, str):
            found[key] = {"source": "file", "path": str(folder / said)}
        elif key in (*PROBLEMS, "validation", "data") and isinstance(said, Mapping):
            found[key] = _from_here(said, folder, FILES)
    return found
