"""What a model folder holds: name, shape, dtype and place of every tensor, from file headers alone."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from l2s.checkpoints.files.header import TensorEntry, read_header
from l2s.checkpoints.files.json_file import read_object
from l2s.core.errors import CheckpointError
from l2s.core.files import looked_for, nearest_beside

__all__ = ["INDEX", "SINGLE", "TensorEntry", "WeightIndex", "listed", "natural", "read_header", "read_index"]

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"


@dataclass(frozen=True)
class WeightIndex:
    """Every tensor of a model folder, by name, in :func:`natural` order."""

    folder: Path
    entries: dict[str, TensorEntry]
    notes: tuple[str, ...]
    """What was found beside the weights and left alone, in sentences."""


@lru_cache(1 << 16)
def natural(name: str) -> tuple[tuple[int, str], ...]:
    """Sort key by which ``layers.2`` comes before ``layers.10``."""
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name))


def read_index(folder: Path) -> WeightIndex:
    """Read the headers of a folder's safetensors files; no tensor is loaded.

    Raises:
        CheckpointError: no such folder, no safetensors in it, shards missing or cut short, or index
            and shards telling different stories; everything that is wrong, at once.
    """
    if not folder.is_dir():
        raise CheckpointError(f"{folder}: no such model folder{looked_for(folder)}{nearest_beside(folder)}")
    if (folder / SINGLE).is_file():
        notes = (f"{SINGLE} is read, as loaders do; {INDEX} beside it is ignored",)
        entries = {entry.name: entry for entry in read_header(folder / SINGLE)}
        return WeightIndex(folder, _sorted(entries), notes if (folder / INDEX).is_file() else ())
    if (folder / INDEX).is_file():
        return _read_sharded(folder)
    raise CheckpointError(_no_weights(folder))


def _read_sharded(folder: Path) -> WeightIndex:
    weight_map = _weight_map(folder / INDEX)
    shards = sorted(set(weight_map.values()))
    problems, found = [], dict[str, dict[str, TensorEntry]]()
    for shard in shards:
        file = folder / shard
        if not file.is_file():
            problems.append(f"{folder}: {shard}, named by {INDEX}, is missing: incomplete download?")
            continue
        try:
            found[shard] = {entry.name: entry for entry in read_header(file)}
        except CheckpointError as error:
            problems.append(str(error))
    absent = [name for name, shard in weight_map.items() if shard in found and name not in found[shard]]
    problems += [f"{folder / weight_map[name]}: lacks {name}, which {INDEX} places there" for name in absent[:5]]
    if len(absent) > 5:
        problems.append(f"{folder}: so do {len(absent) - 5} more tensors")
    if problems:
        raise CheckpointError("; ".join(problems))
    extras = [f"{name} in {shard}" for shard in shards for name in found[shard] if weight_map.get(name) != shard]
    notes = [f"{INDEX} does not list {', '.join(extras)}: ignored"] if extras else []
    return WeightIndex(folder, _sorted({name: found[shard][name] for name, shard in weight_map.items()}), tuple(notes))


def _weight_map(file: Path) -> dict[str, str]:
    weight_map = read_object(file).get("weight_map")
    shards = weight_map.values() if isinstance(weight_map, dict) else [None]
    names = {shard if isinstance(shard, str) else "" for shard in shards}
    if not isinstance(weight_map, dict) or not all(name and Path(name).name == name for name in names):
        raise CheckpointError(f"{file}: holds no weight_map from tensor names to file names in the same folder")
    return weight_map


def _no_weights(folder: Path) -> str:
    names = sorted(file.name for file in folder.iterdir() if file.is_file())
    pickles = [name for name in names if name.endswith((".bin", ".pt", ".pth")) and name != "training_args.bin"]
    if pickles:
        return (
            f"{folder}: holds {pickles[0]}, a pickle, which may run code when opened, and no safetensors; convert it "
            "where you trust it: AutoModelForCausalLM.from_pretrained(FOLDER).save_pretrained(NEW_FOLDER)"
        )
    return f"{folder}: no {SINGLE} and no {INDEX}; found {', '.join(names) or 'nothing'}"


def _sorted(entries: dict[str, TensorEntry]) -> dict[str, TensorEntry]:
    return {name: entries[name] for name in sorted(entries, key=natural)}


def listed(names: Iterable[str], most: int = 3) -> str:
    """``a, b, c and 4 more``."""
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more
