"""Files and folders that are whole or absent."""

import difflib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

STORE = Path(".l2s/responses.sqlite")
"""Where a project keeps responses, so that none is generated twice."""
SETTLED = 2.0
"""Seconds."""
CLOSE = 0.7
"""How alike two names are, of 1, that one may be a misspelling of the other: ``slwo`` and ``slow`` are at 0.75."""
LINE = 64
"""Bytes of a line of the cache. Copying is slower to another place in a line than the bytes have in their file."""


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open ``path`` for writing so that it appears whole or not at all (temporary name, fsync, rename)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{uuid4().hex[:12]}.partial")
    try:
        with open(aside, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    except OSError as error:
        if error.filename == str(aside):  # of which the user knows nothing
            error.filename = str(path)
        raise
    finally:
        aside.unlink(missing_ok=True)
    sync_folder(path.parent)


@contextmanager
def replacing_folder(path: Path, resume: bool = False) -> Iterator[Path]:
    """Yield a folder beside ``path`` that takes its place when the block ends without error.

    The swap is two renames: at no moment does ``path`` hold a half-written folder. The folder is empty,
    unless with ``resume`` a run that was killed or interrupted left it: then it is as that run left it.

    Raises:
        BlockingIOError: another process is writing to ``path``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside, old = path.with_name(f".{path.name}.partial"), path.with_name(f".{path.name}.old")
    lock = _locked(aside)
    try:
        if not resume:
            for left in aside.iterdir():
                shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
        shutil.rmtree(old, ignore_errors=True)
        yield aside
        for file in sorted(aside.rglob("*")):
            if file.is_file():
                sync_file(file)
        if path.exists():
            os.replace(path, old)
        os.replace(aside, path)
        sync_folder(path.parent)
        shutil.rmtree(old, ignore_errors=True)
    except Exception:  # an interrupt may be followed by another run, which then goes on from here
        shutil.rmtree(aside, ignore_errors=True)
        raise
    except BaseException:
        if not resume:
            shutil.rmtree(aside, ignore_errors=True)
        raise
    finally:
        os.close(lock)


def _locked(folder: Path) -> int:
    """Make a folder, or take the one that is there, and lock it: what was locked may be renamed a moment before."""
    while True:
        folder.mkdir(exist_ok=True)
        lock = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if folder.is_dir() and os.path.samestat(folder.stat(), os.fstat(lock)):
                return lock
        except BlockingIOError:
            os.close(lock)
            raise
        os.close(lock)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with replacing(path) as file:
        file.write(text.encode())


def write_json(path: Path, content: Any) -> None:
    """Write JSON atomically: two spaces, keys as given, a newline at the end."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def json_or_empty(path: Path) -> dict[str, Any]:
    """An object of JSON; empty where there is none, or something else or damaged: of files that are no loss."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def sync_file(path: Path) -> None:
    """Flush one file to disk."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Flush a folder's names to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def fill(file: int, start: int, room: memoryview) -> bool:
    """Read from a byte of a file on, until all of ``room`` is full; False if the file ended before.

    Raises:
        OSError: it cannot be read.
    """
    while room:
        found = os.preadv(file, [room], start)
        if not found:
            return False
        room, start = room[found:], start + found
    return True


def identity(file: Path | int) -> list[int]:
    """Device, inode, size, and times of change: while they stay, so does the content, if it has :func:`settled`."""
    status = os.stat(file)
    return [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def settled(seen: Sequence[int]) -> bool:
    """Did a file lie unchanged for a while when it was ``seen``? File systems may tell time coarsely."""
    return time.time() - max(seen[-2:]) / 1e9 > SETTLED


def nearest_beside(path: Path) -> str:
    """``; did you mean 'models/slow'?`` where what is beside a path that leads to nothing has nearly its name.

    Where the path does lead to something, of another kind than was expected, that is said instead. Names with the same
    ending are compared without it, since ``fast.jsonl`` and ``slow.jsonl`` are no misspellings of each other.
    """
    if os.path.isdir(path):
        return "; it is a folder, not a file"
    if os.path.lexists(path):
        return "; it is a file, not a folder" if os.path.exists(path) else "; it is a link to nothing"
    try:
        siblings = sorted(beside.name for beside in path.parent.iterdir() if not beside.name.startswith("."))
    except OSError:
        return ""  # a folder that is not there, or that nobody may list, has no names to suggest
    same = {Path(name).stem: name for name in siblings if Path(name).suffix == path.suffix}
    close = [same[stem] for stem in difflib.get_close_matches(path.stem, same, n=1, cutoff=CLOSE)]
    others = [name for name in siblings if Path(name).suffix != path.suffix]
    close = close or difflib.get_close_matches(path.name, others, n=1, cutoff=CLOSE)
    return f"; did you mean '{path.with_name(close[0])}'?" if close else ""


def looked_for(path: Path) -> str:
    """Which folder a relative path, which leads to nothing, was looked for in, for a message."""
    is_clear = path.is_absolute() or os.path.lexists(path)
    return "" if is_clear else f" (looked for from {Path.cwd()}, where the command runs)"


def user_cache() -> Path:
    """``$XDG_CACHE_HOME/l2s``, by default under ``~/.cache``: what it holds can be deleted at any time."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "l2s"
