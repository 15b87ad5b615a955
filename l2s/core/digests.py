"""Digests of content, written ``blake3:<hex>``; those that earlier versions wrote, ``sha256:<hex>``, can be checked.

A hasher computes with one thread: many tensors are hashed side by side, as many as the caller has threads for.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from blake3 import blake3

BLAKE3, SHA256 = "blake3", "sha256"
"""Algorithms: the one that digests are made with, and the one of earlier versions."""


class Hasher(Protocol):
    """Takes content piece by piece."""

    def update(self, content: bytes | memoryview, /) -> object:
        """Take the next bytes."""
        ...

    def hexdigest(self) -> str:
        """Return the digest of all bytes so far, without the algorithm's name."""
        ...


def hasher(algorithm: str = BLAKE3) -> Hasher:
    """Begin a digest."""
    return blake3(max_threads=1) if algorithm == BLAKE3 else hashlib.new(algorithm)


def finished(found: Hasher, algorithm: str = BLAKE3) -> str:
    """The digest of what a hasher took, with the algorithm's name."""
    return f"{algorithm}:{found.hexdigest()}"


def digest_bytes(content: bytes | memoryview, algorithm: str = BLAKE3) -> str:
    """The digest of some bytes."""
    found = hasher(algorithm)
    found.update(content)
    return finished(found, algorithm)


def digest_text(text: str, algorithm: str = BLAKE3) -> str:
    """The digest of a text in UTF-8."""
    return digest_bytes(text.encode(), algorithm)


def digest_lines(lines: Iterable[str], algorithm: str = BLAKE3) -> str:
    """The digest of lines of text; the last one ends without a line break."""
    return digest_text("\n".join(lines), algorithm)


def digest_file(path: Path, algorithm: str = BLAKE3) -> str:
    """The digest of a file's bytes."""
    found = hasher(algorithm)
    with open(path, "rb", buffering=0) as file:
        while content := file.read(1 << 20):
            found.update(content)
    return finished(found, algorithm)


def algorithm_of(digest: str) -> str:
    """What a digest was made with; of a text that is none, :data:`BLAKE3`, whose digests it then differs from."""
    return SHA256 if digest.startswith(f"{SHA256}:") else BLAKE3


def same_algorithm(digests: Iterable[str]) -> str:
    """What digests were made with that were made together; of none at all, :data:`BLAKE3`."""
    return algorithm_of(next(iter(digests), ""))


def without_name(digest: str) -> str:
    """A digest's hexadecimal digits."""
    return digest.removeprefix(f"{algorithm_of(digest)}:")
