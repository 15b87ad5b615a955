"""What a model folder holds: name, shape, dtype and place of every tensor, from file headers alone."""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from l2s.checkpoints.dtypes import BYTES
from l2s.errors import CheckpointError
from l2s.files import identity, settled

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
LONGEST_HEADER = 100_000_000
"""Bytes; safetensors' own bound."""


class TensorEntry(NamedTuple):
    """One stored tensor."""

    name: str
    dtype: str
    """safetensors' word, e.g. ``BF16``."""
    shape: tuple[int, ...]
    file: Path
    start: int
    """First byte in ``file``."""
    size: int
    """Bytes."""


@dataclass(frozen=True)
class WeightIndex:
    """Every tensor of a model folder, by name, in :func:`natural` order."""

    folder: Path
    entries: dict[str, TensorEntry]
    notes: tuple[str, ...]
    """What was found beside the weights and left alone, in sentences."""

    @property
    def total_size(self) -> int:
        """Bytes of all tensors."""
        return sum(entry.size for entry in self.entries.values())


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
        raise CheckpointError(f"{folder}: no such model folder")
    if (folder / SINGLE).is_file():
        notes = (f"{SINGLE} is read, as loaders do; {INDEX} beside it is ignored",)
        entries = {entry.name: entry for entry in read_header(folder / SINGLE)}
        return WeightIndex(folder, _sorted(entries), notes if (folder / INDEX).is_file() else ())
    if (folder / INDEX).is_file():
        return _read_sharded(folder)
    raise CheckpointError(_no_weights(folder))


def read_header(file: Path) -> list[TensorEntry]:
    """The tensors of one safetensors file; of one that has not changed since, as they were read before.

    Raises:
        CheckpointError: the file is cut short, or is no safetensors file.
    """
    seen = identity(file)
    return list(_kept_header(file, tuple(seen))) if settled(seen) else _read_header(file)


@lru_cache(64)
def _kept_header(file: Path, seen: tuple[int, ...]) -> list[TensorEntry]:
    return _read_header(file)


def _read_header(file: Path) -> list[TensorEntry]:
    found = file.stat().st_size
    with open(file, "rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if found < 8 or length > LONGEST_HEADER:
            raise CheckpointError(f"{file}: not a safetensors file; {_again(file)}")
        header = stream.read(length)
    if len(header) < length:
        raise CheckpointError(f"{file}: cut short within its header, at {found} bytes; {_again(file)}")
    try:
        entries = [
            _entry(file, 8 + length, name, about)
            for name, about in json.loads(header).items()
            if name != "__metadata__"
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{file}: header cannot be read ({error}); {_again(file)}") from None
    expected = max((entry.start + entry.size for entry in entries), default=8 + length)
    if found != expected:
        trouble = "cut short" if found < expected else "too long"
        raise CheckpointError(f"{file}: {trouble}: {found} bytes, its header says {expected}; {_again(file)}")
    return entries


def _entry(file: Path, data: int, name: str, about: dict[str, Any]) -> TensorEntry:
    start, end = about["data_offsets"]
    shape = tuple(int(length) for length in about["shape"])
    if about["dtype"] not in BYTES:
        raise ValueError(f"{name}: dtype {about['dtype']} is not known")
    if end - start != math.prod(shape) * BYTES[about["dtype"]]:
        raise ValueError(f"{name}: {end - start} bytes do not fill shape {list(shape)} of {about['dtype']}")
    return TensorEntry(name, about["dtype"], shape, file, data + start, end - start)


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
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CheckpointError(f"{file}: cannot be read as JSON: {error}; {_again(file)}") from None
    weight_map = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(weight_map, dict) or not all(_is_file_name(shard) for shard in weight_map.values()):
        raise CheckpointError(f"{file}: holds no weight_map from tensor names to file names in the same folder")
    return weight_map


def _is_file_name(found: object) -> bool:
    return isinstance(found, str) and Path(found).name == found


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


def _again(file: Path) -> str:
    return f"fetch {file.name} again"


def listed(names: Iterable[str], most: int = 3) -> str:
    """``a, b, c and 4 more``."""
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more
