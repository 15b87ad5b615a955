"""Headers of safetensors files: what stands there, held to the library's own rules before a byte is used.

The library has the last word, so that nothing is read here that it would refuse; what is wrong is said in our words
where they are clearer. Beyond its rules, a name that stands there twice is refused: the library takes the second.
"""

import json
import math
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError, safe_open

from l2s.checkpoints.files.dtypes import BITS
from l2s.core.errors import CheckpointError
from l2s.core.files import identity, settled

LONGEST = 100_000_000
"""Bytes of a header; safetensors' own bound."""
METADATA = "__metadata__"


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


def read_header(file: Path) -> list[TensorEntry]:
    """The tensors of one safetensors file; of one that has not changed since, as they were read before.

    Raises:
        CheckpointError: the file cannot be read, is cut short, or is no safetensors file.
    """
    try:
        seen = identity(file)
        return list(_kept_header(file, tuple(seen))) if settled(seen) else _read_header(file)
    except OSError as error:
        raise CheckpointError(f"{file}: cannot be read: {error.strerror or error}") from None


@lru_cache(64)
def _kept_header(file: Path, seen: tuple[int, ...]) -> list[TensorEntry]:
    return _read_header(file)


def _read_header(file: Path) -> list[TensorEntry]:
    found = file.stat().st_size
    with open(file, "rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if found < 8 or length > LONGEST:
            raise _refused(file, "not a safetensors file")
        text = stream.read(length)
    if len(text) < length:
        raise _refused(file, f"cut short within its header, at {found} bytes")
    try:
        entries = [_entry(file, 8 + length, name, about) for name, about in _tensors(text).items()]
    except RecursionError:
        raise _refused(file, "header cannot be read (brackets are nested too deep)") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _refused(file, f"header cannot be read ({error})") from None
    expected = max((entry.start + entry.size for entry in entries), default=8 + length)
    if found != expected:
        trouble = "cut short" if found < expected else "too long"
        raise _refused(file, f"{trouble}: {found} bytes, its header says {expected}")
    _refuse_gaps(file, entries, 8 + length)
    _ask_the_library(file)
    return entries


def _tensors(text: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text.decode(), object_pairs_hook=_once)
    metadata = found.pop(METADATA, None)
    if metadata is not None and not (
        isinstance(metadata, dict) and all(isinstance(value, str) for value in metadata.values())
    ):
        raise ValueError(f"{METADATA} is not an object of strings")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        [(name, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"{name} stands there twice")
    return found


def _entry(file: Path, data: int, name: str, about: Mapping[str, Any]) -> TensorEntry:
    (start, end), shape, dtype = about["data_offsets"], tuple(about["shape"]), about["dtype"]
    if not all(type(number) is int and number >= 0 for number in (start, end, *shape)):
        raise ValueError(f"{name}: shape {list(shape)} and offsets {[start, end]} must be whole numbers, none below 0")
    if dtype not in BITS:
        raise ValueError(f"{name}: dtype {dtype} is not known")
    if 8 * (end - start) != math.prod(shape) * BITS[dtype]:
        raise ValueError(f"{name}: {end - start} bytes do not fill shape {list(shape)} of {dtype}")
    return TensorEntry(name, dtype, shape, file, data + start, end - start)


def _refuse_gaps(file: Path, entries: list[TensorEntry], first: int) -> None:
    """Every byte behind the header belongs to one tensor."""
    place, before = first, "the header"
    for entry in sorted(entries, key=lambda entry: (entry.start, entry.size)):
        if entry.start < place:
            raise _refused(file, f"{entry.name} overlaps {before}")
        if entry.start > place:
            raise _refused(file, f"{entry.start - place} bytes between {before} and {entry.name} belong to no tensor")
        place, before = entry.start + entry.size, entry.name


def _ask_the_library(file: Path) -> None:
    try:
        with safe_open(file, framework="np"):
            pass
    except SafetensorError as error:
        raise _refused(file, f"the safetensors library refuses it ({error})") from None


def _refused(file: Path, why: str) -> CheckpointError:
    return CheckpointError(f"{file}: {why}; fetch {file.name} again")
