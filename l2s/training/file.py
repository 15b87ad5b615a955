"""A training in a file of its own, with folders and files in the place of names; paths are relative to the file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from l2s.training.settings import TrainingParams
from l2s.training.union import parse_training

SAMPLED = ("samples", "chosen", "rejected", "short", "long")
"""Keys of ``data`` that name samples: here files."""


def read_training(found: Any, where: str, folder: Path) -> TrainingParams:
    """The training that a file or a mapping states, with its paths as they are from the current folder.

    Raises:
        ConfigError: says everything that is wrong with it.
    """
    return parse_training(_from_here(found, folder) if isinstance(found, Mapping) else found, where)


def _from_here(block: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    found = dict(block)
    for key in ("model", "reference"):
        found |= {key: _path(found[key], folder)} if isinstance(found.get(key), str) else {}
    for key in ("problems", "validation", "data"):
        if isinstance(inner := found.get(key), Mapping):
            found[key] = _inner(inner, folder)
    return _problem_files(found, folder, ("problems",))


def _inner(block: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    found = dict(block)
    for key in (*SAMPLED, "path"):
        found |= {key: _path(found[key], folder)} if isinstance(found.get(key), str) else {}
    for key in ("problems", "develop"):
        if isinstance(inner := found.get(key), Mapping):
            found[key] = _inner(inner, folder)
    return _problem_files(found, folder, ("problems", "develop"))


def _problem_files(block: dict[str, Any], folder: Path, keys: tuple[str, ...]) -> dict[str, Any]:
    """A path in the place of a block of problems is a file of them."""
    return block | {
        key: {"source": "file", "path": _path(said, folder)} for key in keys if isinstance(said := block.get(key), str)
    }


def _path(given: str, folder: Path) -> str:
    return str(folder / given)
