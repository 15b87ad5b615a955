"""The floor under every merge: read all inputs once, write as many bytes as the result has.

``python -m bench.copying OUT BYTES INPUT...`` does that and nothing else: no torch, no arithmetic, one
buffer; what is written is flushed to disk, as a merge's result should be.
"""

import mmap
import os
import sys
from pathlib import Path

BUFFER = 1 << 20
"""Bytes read or written at once; with several times more, writing may take several times longer."""


def copy(target: Path, size: int, inputs: list[Path]) -> None:
    """Read every byte of ``inputs``; write ``size`` bytes to ``target``."""
    buffer = mmap.mmap(-1, BUFFER)  # begins where a page does: elsewhere some processors read four times slower
    view = memoryview(buffer)
    for source in inputs:
        with open(source, "rb", buffering=0) as file:
            while file.readinto(buffer):
                pass
    with open(target, "wb", buffering=0) as file:
        while size > 0:
            size -= file.write(view[: min(size, BUFFER)])
        os.fsync(file.fileno())


if __name__ == "__main__":
    copy(Path(sys.argv[1]), int(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
