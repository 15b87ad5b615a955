"""Digests of weight files that were hashed before and have not changed since; so nothing is hashed twice.

Unchanged means: same path, inode, size, and times of change to the nanosecond, the inode's own too, which no
program can set back. They are kept in the user's cache folder, a file each; deleting it costs only time.
An audit does not ask here.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from l2s.checkpoints.files.index import TensorEntry
from l2s.core.digests import BLAKE3, SHA256
from l2s.core.files import identity, settled, user_cache, write_json

MOST = 4000
"""Files that are kept: of those, a few kilobytes each, the ones written last."""
Digests = dict[int, str]
"""By a tensor's first byte in the file."""
_noted: dict[Path, tuple[list[int], Digests]] = {}
"""By file: its identity then, and the digests of the tensors that were written."""


def recall(file: Path, algorithm: str = BLAKE3) -> Digests:
    """Digests of the file's tensors, as far as they are known and still hold."""
    seen, noted = _noted.get(file.resolve(), ([], {})) if algorithm == BLAKE3 else ([], {})
    try:
        if noted and seen == identity(file):
            return dict(noted)
        kept = json.loads(_place(file, algorithm).read_text(encoding="utf-8"))
        return {int(start): digest for start, digest in kept["digests"].items()} if kept["is"] == identity(file) else {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # not there, or damaged: hash again
        return {}


def note(digests: Iterable[tuple[TensorEntry, str]]) -> None:
    """Say what this process has just written, and hashed by BLAKE3 meanwhile; kept as long as the process runs."""
    written = dict[Path, Digests]()
    for entry, digest in digests:
        written.setdefault(entry.file.resolve(), {})[entry.start] = digest
    _noted.update({file: (identity(file), found) for file, found in written.items()})


def remember(file: Path, seen: list[int], digests: Digests, algorithm: str = BLAKE3) -> None:
    """Keep what was hashed, if the file still is what it was when hashing began.

    Args:
        file: that was hashed.
        seen: its :func:`identity` before.
        digests: of its tensors.
        algorithm: of the digests.
    """
    with suppress(OSError):  # a cache that cannot be written is a cache that is not there
        if identity(file) == seen and settled(seen):
            kept = recall(file, algorithm) | digests
            place = _place(file, algorithm)
            if not place.exists():
                _make_room(place.parent)
            write_json(place, {"is": seen, "digests": {str(start): d for start, d in sorted(kept.items())}})


def _make_room(folder: Path) -> None:
    """Forget the older half where there are too many: most of those files are gone or have changed."""
    if not folder.is_dir():
        return
    kept = [entry for entry in os.scandir(folder) if entry.name.endswith(".json")]
    if len(kept) >= MOST:
        for entry in sorted(kept, key=lambda entry: (entry.stat().st_mtime_ns, entry.name))[: len(kept) - MOST // 2]:
            Path(entry.path).unlink(missing_ok=True)


def _place(file: Path, algorithm: str) -> Path:
    """SHA-256 digests lie where earlier versions kept them, so that what those hashed is still known."""
    name = hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:32]
    return user_cache() / "digests" / f"{name}{'' if algorithm == SHA256 else f'.{algorithm}'}.json"
