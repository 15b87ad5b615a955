"""Files mapped into memory, each once however many read it."""

import mmap
import os
import threading
from pathlib import Path
from weakref import WeakValueDictionary

_mapped: WeakValueDictionary[tuple[int, ...], mmap.mmap] = WeakValueDictionary()
"""By device, inode, size and times of change; a mapping ends with the last that uses it."""
_mapping = threading.Lock()


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
