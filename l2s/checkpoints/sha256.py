"""SHA-256 of two streams at a time, for processors that then take little longer than for one.

``hashlib`` hashes one stream, each step of which waits for the one before: two side by side in one thread take
about as long. Where the processor lacks the instructions, ``hashlib`` does it.
"""

import os
import platform
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from l2s.files import LINE, fill

STREAMS, BLOCK = 2, 64
CHUNK = 1 << 16
"""Bytes of a file that are read at once: of two files they stay in the second cache."""

Bytes = npt.NDArray[np.uint8]
START = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
"""A to H before the first block."""
ORDER = (5, 4, 1, 0, 7, 6, 3, 2)
"""In which the loops keep them: F, E, B, A, H, G, D, C."""


class Source(NamedTuple):
    """Where bytes lie, one after another."""

    file: int
    """Its descriptor."""
    start: int
    """The first byte."""


@cache
def loops() -> Any:
    """The compiled loops; None where the processor lacks the instructions, or Numba is to compile for another one."""
    from l2s.machine_code import MachineCode, features

    able = platform.machine() in ("x86_64", "AMD64") and features().get("sha") and features().get("ssse3")
    told = any(name.startswith("NUMBA_CPU_") for name in os.environ)
    return MachineCode("l2s.checkpoints.sha256_loops", "sha256") if able and not told else None


class Pair:
    """SHA-256 of two streams of the same length; only the last pieces may end within a block."""

    def __init__(self) -> None:
        self._states = np.array([[START[word] for word in ORDER]] * STREAMS, np.uint32)
        self._size = 0
        self._rest: tuple[bytes | bytearray, ...] = (b"", b"")

    def update(self, *pieces: Bytes) -> None:
        """The next pieces of both streams, equally long."""
        assert not any(self._rest), "a piece before ended within a block"
        one, other = pieces
        assert one.size == other.size, (one.size, other.size)
        whole = one.size // BLOCK * BLOCK
        loops().run("hash_bytes", one[:whole], other[:whole], self._states)
        self._size += one.size
        self._rest = one[whole:].tobytes(), other[whole:].tobytes()

    def read(self, sources: Sequence[Source], size: int) -> bool:
        """The next so many bytes, of two files; False if they could not be read."""
        assert not any(self._rest), "a piece before ended within a block"
        from l2s.machine_code import lined

        whole = size // BLOCK * BLOCK
        memory = lined(STREAMS * (CHUNK + LINE), np.uint8).reshape(STREAMS, -1)
        if not loops().run("hash_files", np.array(sources, np.int64), whole, memory, self._states):
            return False
        self._size += size
        one, other = (bytearray(size - whole) for _ in sources)
        self._rest = one, other
        places = zip(sources, self._rest, strict=True)
        return all(fill(source.file, source.start + whole, memoryview(rest)) for source, rest in places)

    def hexdigests(self) -> tuple[str, str]:
        """Of what both streams were so far."""
        end = b"\x80" + bytes((-self._size - 9) % BLOCK) + (8 * self._size).to_bytes(8, "big")
        states = self._states.copy()
        one, other = (np.frombuffer(rest + end, np.uint8) for rest in self._rest)
        loops().run("hash_bytes", one, other, states)
        first, second = ("".join(f"{state[ORDER.index(word)]:08x}" for word in range(8)) for state in states)
        return first, second


class Single:
    """The same of one stream, by ``hashlib``."""

    def __init__(self) -> None:
        self._hash = sha256()

    def update(self, piece: Bytes) -> None:
        """The stream's next piece."""
        self._hash.update(piece.data)

    def hexdigests(self) -> tuple[str]:
        """Of what it was so far."""
        return (self._hash.hexdigest(),)
