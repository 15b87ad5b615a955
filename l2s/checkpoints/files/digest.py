"""Digests of weights: what a model holds, however its files are cut."""

import json
import mmap
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from l2s.checkpoints.files.index import TensorEntry
from l2s.checkpoints.files.remembered import recall, remember
from l2s.core.digests import (
    BLAKE3,
    algorithm_of,
    digest_bytes,
    digest_file,
    digest_lines,
    finished,
    hasher,
    without_name,
)
from l2s.core.errors import CheckpointError
from l2s.core.files import LINE, fill, identity
from l2s.core.threads import default_threads

VOLATILE = ("_name_or_path", "transformers_version")
"""Keys of config.json that say where a model lay and who wrote it, not what it does."""


PIECE = 1 << 20
"""Bytes that are read at once, of one tensor."""


def digest_tensor(entry: TensorEntry, algorithm: str = BLAKE3) -> str:
    """The digest of a stored tensor's bytes.

    Raises:
        CheckpointError: the file ended before.
    """
    found = hasher(algorithm)
    with (
        open(entry.file, "rb", buffering=0) as file,
        mmap.mmap(-1, PIECE + LINE) as memory,
        memoryview(memory)[entry.start % LINE :] as room,
    ):
        for done in range(0, entry.size, PIECE):
            with room[: min(PIECE, entry.size - done)] as piece:
                if not fill(file.fileno(), entry.start + done, piece):
                    what = f" {entry.name}" if entry.name else ""
                    raise CheckpointError(f"{entry.file}: ended while{what or ' it'} was read; get a sound copy of it")
                found.update(piece)
    return finished(found, algorithm)


def same_bytes(first: TensorEntry, second: TensorEntry) -> bool:
    """Do two stored tensors have the same format, shape and bytes? Read as far as they agree."""
    if (first.dtype, first.shape) != (second.dtype, second.shape):
        return False
    with open(first.file, "rb") as ours, open(second.file, "rb") as theirs:
        ours.seek(first.start)
        theirs.seek(second.start)
        steps = (min(PIECE, first.size - done) for done in range(0, first.size, PIECE))
        return all(ours.read(step) == theirs.read(step) for step in steps)


def digest_tensors(entries: Sequence[TensorEntry], algorithm: str = BLAKE3, threads: int | None = None) -> list[str]:
    """The digests of many tensors; those of files hashed before and unchanged since are recalled.

    Args:
        entries: where the tensors are stored.
        algorithm: of the digests.
        threads: tensors that are hashed at a time, the largest first (default: one a core).
    """
    files = {entry.file for entry in entries}
    seen = {file: identity(file) for file in files}
    known = {file: recall(file, algorithm) for file in files}
    missing = sorted(
        {entry for entry in entries if entry.size and entry.start not in known[entry.file]},
        key=lambda entry: (-entry.size, str(entry.file), entry.start),
    )
    if missing:
        with ThreadPoolExecutor(threads or default_threads()) as pool:
            for entry, digest in zip(
                missing, pool.map(partial(digest_tensor, algorithm=algorithm), missing), strict=True
            ):
                known[entry.file][entry.start] = digest
    for file in {entry.file for entry in missing}:
        remember(file, seen[file], known[file], algorithm)
    empty = digest_bytes(b"", algorithm)
    return [known[entry.file][entry.start] if entry.size else empty for entry in entries]


def combine(tensors: Iterable[tuple[str, str, tuple[int, ...], str]], algorithm: str = BLAKE3) -> str:
    """One digest over (name, dtype, shape, tensor digest), in name order: a line of JSON each."""
    return digest_lines(
        (json.dumps([name, dtype, list(shape), digest]) for name, dtype, shape, digest in sorted(tensors)), algorithm
    )


def digest_model(weights: str, config: Mapping[str, Any], files: Iterable[Path]) -> str:
    """Everything that decides what a model answers: weights, config, tokenizer and generation files.

    Args:
        weights: the digest of the weights; the model's is made with the same algorithm.
        config: ``config.json``; :data:`VOLATILE` keys and the order of keys do not count.
        files: tokenizer, chat template and generation config; names and bytes count.
    """
    algorithm = algorithm_of(weights)
    kept = {key: value for key, value in config.items() if key not in VOLATILE}
    parts = [weights, json.dumps(kept, sort_keys=True, ensure_ascii=False)]
    parts += [f"{file.name} {without_name(digest_file(file, algorithm))}" for file in sorted(files)]
    return digest_lines(parts, algorithm)


def digest_frame(
    tensors: Iterable[tuple[str, str, tuple[int, ...]]], config: Mapping[str, Any], files: Iterable[Path]
) -> str:
    """The same but for the weights' numbers: two models that agree in it take each other's weights.

    Args:
        tensors: name, format and shape of each.
        config: as above.
        files: as above.
    """
    return digest_model(combine((name, dtype, shape, "") for name, dtype, shape in tensors), config, files)
