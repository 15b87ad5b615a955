"""Checkpoints: states of an unfinished training, each whole or of no account.

TRL writes its files into the folder of a checkpoint one by one. A checkpoint counts from when ``l2s_state.json`` lies
in it, which is written last, after everything else has reached the disk.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from l2s.core.files import sync_file, sync_folder, write_json

STATE = "l2s_state.json"


def complete(folder: Path, state: dict[str, Any]) -> None:
    """Say that a checkpoint is whole, and what is to be known besides weights and optimiser."""
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            sync_file(file)
    sync_folder(folder)
    write_json(folder / STATE, state)


def newest(work: Path) -> tuple[Path, dict[str, Any]] | None:
    """The last whole checkpoint and its state; what a kill left half-written is taken away."""
    found = dict[int, Path]()
    for folder in work.glob("checkpoint-*"):
        if (folder / STATE).is_file():
            found[int(folder.name.rpartition("-")[2])] = folder
        else:
            shutil.rmtree(folder)
    if not found:
        return None
    folder = found[max(found)]
    return folder, json.loads((folder / STATE).read_text(encoding="utf-8"))


def folder_of(work: Path, digest: str) -> Path:
    """Where states of a training with this digest lie; those of other settings or inputs are taken away."""
    own = work / digest
    for other in work.glob("*") if work.is_dir() else ():
        if other != own:
            remove(other) if other.is_dir() else other.unlink()
    own.mkdir(parents=True, exist_ok=True)
    return own


def remove(folder: Path) -> None:
    """Take a folder away as one: a kill in the midst leaves no half of a state under its name."""
    doomed = folder.with_name(f"{folder.name}.removed")
    shutil.rmtree(doomed, ignore_errors=True)
    folder.rename(doomed)
    shutil.rmtree(doomed)
