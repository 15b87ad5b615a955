"""What the last full audit hashed: ``--quick`` believes it for files whose size and times are the same."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from l2s.files import identity, write_json
from l2s.lineage.digests import HEADER, WEIGHTS, FileDigest, recalled

MEMORY = Path(".l2s/audit.json")
Identities = dict[Path, list[int]]


def identities(files: Iterable[Path]) -> Identities:
    """Inode, size and times of files; taken before they are hashed."""
    return {file: identity(file) for file in files if file.is_file()}


def keep(root: Path, seen: Identities, digests: Mapping[Path, FileDigest]) -> None:
    """Keep what a full audit hashed, beside what others did; files that changed meanwhile are left out."""
    content = _kept(root) | {
        str(file): {"is": seen[file], "parts": found.parts or {HEADER: found.digest}}
        for file, found in digests.items()
        if file in seen and file.is_file() and identity(file) == seen[file]
    }
    write_json(root / MEMORY, content)


def unchanged(root: Path, files: Iterable[Path]) -> dict[Path, dict[str, str]]:
    """Digests of files that are as the last full audit, or for weights whatever hashed them last, found them."""
    kept, found = _kept(root), {}
    for file in files:
        entry = kept.get(str(file))
        if file.is_file() and isinstance(entry, dict) and entry.get("is") == identity(file):
            found[file] = dict(entry["parts"])
        elif file.is_file() and file.suffix == WEIGHTS and (parts := recalled(file)):
            found[file] = parts
    return found


def _kept(root: Path) -> dict[str, Any]:
    try:
        kept = json.loads((root / MEMORY).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none yet, or damaged: hash
        return {}
    return kept if isinstance(kept, dict) else {}
