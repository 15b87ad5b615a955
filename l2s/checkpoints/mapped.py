"""Files mapped into memory, each once however many read it: hashing finds the pages that merging reads again."""

import mmap
import os
import resource
import threading
from collections.abc import Iterable
from pathlib import Path
from weakref import WeakValueDictionary

_mapped: WeakValueDictionary[tuple[int, ...], mmap.mmap] = WeakValueDictionary()
"""By device, inode, size and times of change; a mapping ends with the last that uses it."""
_mapping = threading.Lock()
_held: list[mmap.mmap] = []


def map_file(file: Path) -> mmap.mmap:
    """A file's bytes, not to be written to. Safe in several threads.

    Raises:
        OSError: it cannot be read, or is empty.
    """
    with open(file, "rb") as opened, _mapping:
        status = os.fstat(opened.fileno())
        key = status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
        if (found := _mapped.get(key)) is None:
            try:
                found = mmap.mmap(opened.fileno(), status.st_size, access=mmap.ACCESS_READ)
            except ValueError:  # it is empty, or was cut just now
                raise OSError(f"{file}: ended while it was read") from None
            _mapped[key] = found
        return found


def keep_mapped(files: Iterable[Path]) -> list[mmap.mmap]:
    """Map files for as long as the list lives, as far as they can be; who reads them does not depend on it.

    A mapping takes a descriptor: most of those that a process may have are left to others.
    """
    kept = list[mmap.mmap]()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4
    for file in files:
        if len(_mapped) >= most:
            break
        try:
            kept.append(map_file(file))
        except OSError:  # who reads it will say so
            continue
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
