"""The floor under every merge: read all inputs once, write as many bytes as the result has.

``python -m bench.copying OUT BYTES INPUT...`` does that and nothing else: no torch, no arithmetic, one
buffer; what is written is flushed to disk, as a merge's result should be. With ``--aligned`` the buffer begins
where a page does: some processors then copy several times faster.
"""

import mmap
import os
import sys
from pathlib import Path

BUFFER = 1 << 20
"""Bytes read or written at once; with several times more, writing may take several times longer."""


def copy(target: Path, size: int, inputs: list[Path], aligned: bool = False) -> None:
    """Read every byte of ``inputs``; write ``size`` bytes to ``target``."""
    buffer = mmap.mmap(-1, BUFFER) if aligned else bytearray(BUFFER)
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
    words = [word for word in sys.argv[1:] if word != "--aligned"]
    copy(Path(words[0]), int(words[1]), [Path(name) for name in words[2:]], "--aligned" in sys.argv)
