"""What a kill -9 leaves of DVC's own files, mended before DVC reads them.

DVC rewrites ``.dvc/tmp/rwlock`` in place, several times a stage, and plain ``dvc repro`` rewrites ``dvc.lock`` so:
killed in between it leaves half a file, and from then on refuses every command. An entry of a process that was
killed blocks too when its number has been given to another process, as happens in containers.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

import psutil
from dvc.dvcfile import LOCK_FILE
from dvc.exceptions import DvcException
from dvc.lock import LockError, make_lock
from dvc.rwlock import RWLOCK_FILE, RWLOCK_LOCK, SCHEMA
from dvc.schema import COMPILED_LOCKFILE_SCHEMA
from dvc.utils.serialize import parse_yaml
from voluptuous import Invalid

from l2s.core.errors import ConfigError
from l2s.core.files import write_text

CLOCKS = 2.0
"""Seconds by which the time a process began may be off."""
HEAD = "schema: '2.0'\nstages:\n"
ENTRY = re.compile(r"^  \S.*$", re.MULTILINE)
"""The line with which a stage's entry begins, in dvc.lock."""
WORKERS = ("multiprocessing", "ray::", "distributed")
"""In the command line of processes that work for another one, under its ``sys.argv``."""


def void_dead_locks(folder: Path, hardlink: bool) -> None:
    """Leave only entries of running processes in the rwlock; nothing of one that is damaged.

    Args:
        folder: DVC's folder for temporary files.
        hardlink: DVC's setting ``core.hardlink_lock``.

    Raises:
        ConfigError: another process holds the file all the time.
    """
    path = folder / RWLOCK_FILE
    if not path.is_file() or _living(path) == _entries(path):
        return
    try:
        with make_lock(str(folder / RWLOCK_LOCK), tmp_dir=str(folder), hardlink_lock=hardlink):
            write_text(path, json.dumps(_living(path)))
    except LockError:
        raise ConfigError(f"{path}: held by another DVC process for seconds; wait for it to end") from None


def mend_lock_file(path: Path) -> None:
    """Drop the last entry of a dvc.lock that was cut short in it; call it where nobody writes the file.

    Its stage runs again, or comes from DVC's run cache. What is damaged otherwise is left for DVC to tell.
    """
    if reads(path):
        return
    text = path.read_text(encoding="utf-8", errors="replace")
    kept = text[: max((entry.start() for entry in ENTRY.finditer(text)), default=0)]
    if _is_lock(kept):
        write_text(path, kept)
    elif HEAD.startswith(text) or (HEAD.startswith(kept) and text.startswith(HEAD)):
        path.unlink()


def reads(path: Path) -> bool:
    """Whether DVC can read a dvc.lock, or there is none."""
    return not path.is_file() or _is_lock(path.read_text(encoding="utf-8", errors="replace"))


def _is_lock(text: str) -> bool:
    try:
        COMPILED_LOCKFILE_SCHEMA(parse_yaml(text, LOCK_FILE))
    except (DvcException, Invalid):
        return False
    return True


def _entries(path: Path) -> dict[str, Any] | None:
    """What the file holds; None if DVC would refuse it."""
    try:
        found: dict[str, Any] = SCHEMA(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return {"read": {}, "write": {}}
    except (ValueError, Invalid, RecursionError):
        return None
    return found


def _living(path: Path) -> dict[str, Any]:
    """The entries of the file whose processes run."""
    found = _entries(path) or {"read": {}, "write": {}}
    written = path.stat().st_mtime if path.exists() else 0.0
    readers = {file: [one for one in all_ if _runs(one, written)] for file, all_ in found["read"].items()}
    return {
        "read": {file: left for file, left in readers.items() if left},
        "write": {file: one for file, one in found["write"].items() if _runs(one, written)},
    }


def _runs(entry: dict[str, Any], written: float) -> bool:
    """Whether the process that made an entry still runs, and not another one under its number."""
    try:
        process = psutil.Process(entry["pid"])
        if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
            return False
        return process.create_time() <= written + CLOCKS and _is_command(process.cmdline(), entry["cmd"])
    except psutil.AccessDenied:
        return True  # somebody else's: it is there
    except (psutil.NoSuchProcess, ValueError, OverflowError):
        return False


def _is_command(line: list[str], command: str) -> bool:
    """Whether a process with this command line can have ``command`` as its ``sys.argv``, joined.

    How the program itself is called may differ: ``python -m dvc repro`` has a file's name there.
    """
    program, _, arguments = command.partition(" ")
    whole = " ".join(line)
    if any(word in whole for word in WORKERS):
        return True
    called = Path(program).name in {Path(word).name for word in line}
    return whole.endswith(f" {arguments}") if arguments else called
