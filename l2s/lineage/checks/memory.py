"""What the last full audit hashed: ``--quick`` believes it for files whose size and times are the same."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from l2s.core.digests import BLAKE3, SHA256
from l2s.core.files import identity, json_or_empty, write_json
from l2s.lineage.checks.contents import Digests, Known
from l2s.lineage.digests import HEADER, WEIGHTS, recalled

MEMORY = Path(".l2s/audit.json")
Identities = dict[Path, list[int]]


def identities(files: Iterable[Path]) -> Identities:
    """Inode, size and times of files; taken before they are hashed."""
    return {file: identity(file) for file in files if file.is_file()}


def keep(root: Path, seen: Identities, digests: Digests) -> None:
    """Keep what a full audit hashed, beside what others did; files that changed meanwhile are left out."""
    content = json_or_empty(root / MEMORY) | {
        f"{algorithm} {file}": {"is": seen[file], "parts": found.parts or {HEADER: found.digest}}
        for algorithm, files in digests.items()
        for file, found in files.items()
        if file in seen and file.is_file() and identity(file) == seen[file]
    }
    write_json(root / MEMORY, content)


def unchanged(root: Path, files: Iterable[Path]) -> Known:
    """Digests of files that are as the last full audit, or for weights whatever hashed them last, found them."""
    kept, there = json_or_empty(root / MEMORY), [file for file in files if file.is_file()]
    return {algorithm: dict(_unchanged(kept, there, algorithm)) for algorithm in (BLAKE3, SHA256)}


def _unchanged(kept: dict[str, Any], files: Iterable[Path], algorithm: str) -> Iterator[tuple[Path, dict[str, str]]]:
    for file in files:
        entry = kept.get(f"{algorithm} {file}")
        if isinstance(entry, dict) and entry.get("is") == identity(file):
            yield file, dict(entry["parts"])
        elif file.suffix == WEIGHTS and (parts := recalled(file, algorithm)):
            yield file, parts
