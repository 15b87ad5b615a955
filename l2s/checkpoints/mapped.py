"""Files mapped into memory, each once however many read it: hashing finds the pages that merging reads again."""

import mmap
import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from weakref import WeakValueDictionary

_mapped: WeakValueDictionary[tuple[int, int, int], mmap.mmap] = WeakValueDictionary()
"""By device, inode and size; a mapping ends with the last that uses it."""
_mapping = threading.Lock()
_held: list[mmap.mmap] = []


def map_file(file: Path) -> mmap.mmap:
    """A file's bytes. Safe in several threads.

    The mapping is private: torch and NumPy take it for writable, the file is safe.
    """
    with open(file, "rb") as opened, _mapping:
        status = os.fstat(opened.fileno())
        key = status.st_dev, status.st_ino, status.st_size
        if (found := _mapped.get(key)) is None:
            found = _mapped[key] = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_COPY)
        return found


def keep_mapped(files: Iterable[Path]) -> list[mmap.mmap]:
    """Map files for as long as the list lives; of one that cannot be mapped, who reads it will say so."""
    kept = []
    for file in files:
        with suppress(OSError, ValueError):
            kept.append(map_file(file))
    return kept


def hold(files: Iterable[Path]) -> None:
    """Keep files mapped until :func:`let_go`."""
    _held.extend(keep_mapped(files))


def let_go() -> None:
    """End the mappings that are held and not used, in a thread of its own: of gigabytes that takes a while."""
    held = _held[:]
    _held.clear()
    if held:
        threading.Thread(target=held.clear, daemon=True).start()
