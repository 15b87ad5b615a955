"""What SQLite says of a response store, as sentences: what happened, and what the user can do about it."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from l2s.core.errors import RecordError

FULL = 1 << 20
"""Bytes that are free below which a failed write is put down to the disk being full."""
KEPT = "what is stored is kept, and the next run continues from there"
SENTENCES = {
    "SQLITE_BUSY": "another process has held the response store for a minute; wait for it, then run again",
    "SQLITE_LOCKED": "another process has held the response store for a minute; wait for it, then run again",
    "SQLITE_FULL": f"the disk is full; free some space and run again: {KEPT}",
    "SQLITE_READONLY": f"the response store cannot be written to: file, folder or disk is read-only; {KEPT} once it is",
    "SQLITE_PERM": "the response store may not be opened; give this user the right to read and write it",
    "SQLITE_AUTH": "the response store may not be opened; give this user the right to read and write it",
    "SQLITE_CANTOPEN": "the response store cannot be opened or created there; look at the path, and at who may write",
    "SQLITE_IOERR": (
        f"the disk failed to read or write the response store ({{}}); look at the disk, then run again: {KEPT}"
    ),
    "SQLITE_NOMEM": f"memory ran out while the response store was used; free some and run again: {KEPT}",
    "SQLITE_PROTOCOL": "the file system does not lock files as a response store needs; keep it on a local disk",
    "SQLITE_NOTADB": "is no response store; name another file, or move this one away and a new store is made",
    "SQLITE_CORRUPT": (
        "the response store is damaged ({}); l2s store verify --mend keeps what is sound of it, and the rest is "
        "generated again"
    ),
}
"""By SQLite's primary result code."""
OTHER = (
    "is no response store, or a damaged one ({}); l2s store verify --mend keeps what is sound of it, and the rest is "
    "generated again"
)


@contextmanager
def sound(path: Path) -> Iterator[None]:
    """Say in one sentence what is wrong with the store at ``path``.

    Raises:
        RecordError: in the place of SQLite's errors.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise RecordError(f"{path}: {_sentence(error, path)}") from None


def is_damage(error: sqlite3.Error) -> bool:
    """The file does not hold what it should, as opposed to what happens to a sound one."""
    return _code(error) in ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR", "SQLITE_MISMATCH")


def _sentence(error: sqlite3.Error, path: Path) -> str:
    code = _code(error)
    if code in ("SQLITE_IOERR", "SQLITE_CANTOPEN") and _is_full(path):
        code = "SQLITE_FULL"
    return SENTENCES.get(code, OTHER).format(error)


def _code(error: sqlite3.Error) -> str:
    """``SQLITE_IOERR`` of ``SQLITE_IOERR_WRITE``: the longest of the known codes that it begins with."""
    name = str(getattr(error, "sqlite_errorname", None) or "SQLITE_ERROR")
    return next((code for code in SENTENCES if name == code or name.startswith(f"{code}_")), name)


def _is_full(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < FULL
    except OSError:
        return False
