"""Scratch: a folder that lasts as long as its process. What a killed one left is cleared away by the next."""

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from multiprocessing.util import Finalize
from pathlib import Path

MEMORY = Path("/dev/shm")
"""A file system in memory, on Linux."""


class Scratch:
    """A new folder; gone when it is closed, let go of, or when the process ends."""

    def __init__(self, prefix: str, place: Path | None = None) -> None:
        """Make it.

        Args:
            prefix: how its name begins; folders that begin so and that no process holds any more are removed.
            place: the folder around it, made if need be (default: the system's for temporary files).
        """
        place = Path(tempfile.gettempdir()) if place is None else place
        place.mkdir(parents=True, exist_ok=True)
        _clear_left(prefix, place)
        self.path, lock = _locked(prefix, place)
        self.close = Finalize(self, _remove, (self.path, lock, os.getpid()), exitpriority=0)


def in_memory(size: int) -> Path | None:
    """Where a folder of so many bytes lies in memory; None: there is no such place, or too little room."""
    there = MEMORY.is_dir() and os.access(MEMORY, os.W_OK)
    return MEMORY if there and shutil.disk_usage(MEMORY).free >= size else None


def _locked(prefix: str, place: Path) -> tuple[Path, int]:
    """A new folder, and what holds its lock."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
        lock = os.open(folder, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.is_dir():  # nobody cleared it away before it was locked
            return folder, lock
        os.close(lock)


def _remove(folder: Path, lock: int, process: int) -> None:
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _clear_left(prefix: str, place: Path) -> None:
    for folder in place.glob(f"{prefix}*"):
        with suppress(OSError):  # somebody else's, locked, or just gone
            lock = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
            finally:
                os.close(lock)
