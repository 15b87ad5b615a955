"""Digests of files, and of weights each tensor's: what a record keeps, and what an audit computes again."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from l2s.checkpoints.files.digest import digest_tensor
from l2s.checkpoints.files.header import TensorEntry, read_header
from l2s.checkpoints.files.remembered import recall
from l2s.core.digests import BLAKE3, digest_bytes, digest_lines, same_algorithm
from l2s.core.errors import CheckpointError
from l2s.core.params import Params
from l2s.core.progress import Track, silent
from l2s.core.threads import default_threads

WEIGHTS = ".safetensors"
HEADER = ""
"""Name of the part of a weights file before its tensors, and of any other file as a whole."""


class FileDigest(Params):
    """One file."""

    size: int
    """Bytes."""
    digest: str
    """Of its bytes; of a weights file, over its parts' digests, so that no byte is read twice."""
    parts: dict[str, str] = {}
    """Of a weights file: the digest of its header under ``""``, and of every tensor under its name."""


def parts_of(file: Path) -> list[TensorEntry]:
    """The byte ranges that are hashed one by one: header and tensors of a weights file, else the whole.

    A weights file whose header cannot be read, or whose tensors leave bytes uncovered, is one range.
    """
    size = file.stat().st_size
    if file.suffix == WEIGHTS:
        try:
            entries = sorted(read_header(file), key=lambda entry: (entry.start, entry.size))
        except CheckpointError:
            entries = []
        place = first = entries[0].start if entries else 0
        for entry in entries:
            place = entry.start + entry.size if entry.start == place else -1
        if entries and place == size:
            return [TensorEntry(HEADER, "", (), file, 0, first), *entries]
    return [TensorEntry(HEADER, "", (), file, 0, size)]


def digest_files(
    files: Iterable[Path],
    known: Mapping[Path, Mapping[str, str]] | None = None,
    track: Track = silent,
    label: str = "hashing",
    algorithm: str = BLAKE3,
) -> dict[Path, FileDigest]:
    """Digests of many files, their parts hashed on all cores, the largest first.

    Args:
        files: that are there; each once.
        known: digests that need not be computed, by file and name of the part.
        track: shows progress, in bytes.
        label: what it shows it as.
        algorithm: of the digests.
    """
    known, empty = known or {}, digest_bytes(b"", algorithm)
    parts = {file: parts_of(file) for file in dict.fromkeys(files)}
    found = {file: {part.name: empty for part in parts[file] if not part.size} for file in parts}
    for file in parts:
        found[file] |= known.get(file, {})
    wanted = [part for file in parts for part in parts[file] if part.name not in found[file]]
    wanted.sort(key=lambda part: -part.size)
    with ThreadPoolExecutor(default_threads()) as pool:
        hashed = zip(wanted, pool.map(partial(digest_tensor, algorithm=algorithm), wanted), strict=True)
        total = float(sum(part.size for part in wanted))
        for part, digest in track(hashed, label, total, lambda pair: pair[0].size):
            found[part.file][part.name] = digest
    return {file: _file_digest(parts[file], found[file]) for file in parts}


def recalled(file: Path, algorithm: str = BLAKE3) -> dict[str, str]:
    """Digests of a weights file's tensors, as far as :mod:`l2s.checkpoints.files.remembered` knows them."""
    digests = recall(file, algorithm)
    return {part.name: digests[part.start] for part in parts_of(file) if part.size and part.start in digests}


def _file_digest(parts: Sequence[TensorEntry], digests: Mapping[str, str]) -> FileDigest:
    named = {part.name: digests[part.name] for part in parts}
    whole = named[HEADER] if len(parts) == 1 else digest_parts(named)
    return FileDigest(size=sum(part.size for part in parts), digest=whole, parts=named if len(parts) > 1 else {})


def digest_parts(named: Mapping[str, str]) -> str:
    """One digest over the parts of a weights file, or over the files of a folder: names and digests."""
    lines = (f"{digest} {name}" for name, digest in sorted(named.items()))
    return digest_lines(lines, same_algorithm(named.values()))
