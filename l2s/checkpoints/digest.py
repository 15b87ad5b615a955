"""Digests of weights: what a model holds, however its files are cut."""

import hashlib
import json
import mmap
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol, TypeVar

from l2s.checkpoints.index import TensorEntry
from l2s.checkpoints.remembered import recall, remember
from l2s.errors import CheckpointError
from l2s.files import LINE, fill, identity


class _HasSize(Protocol):
    @property
    def size(self) -> int:
        """Bytes."""


Sized = TypeVar("Sized", bound=_HasSize)

VOLATILE = ("_name_or_path", "transformers_version")
"""Keys of config.json that say where a model lay and who wrote it, not what it does."""


PIECE = 1 << 22
"""Bytes that are read at once, of one tensor."""
MANY = 1 << 26
"""Bytes from which on it pays to load the code that hashes two tensors at a time."""


def digest_tensor(entry: TensorEntry) -> str:
    """SHA-256 of a stored tensor's bytes, as ``sha256:<hex>``.

    Raises:
        CheckpointError: the file ended before.
    """
    found = hashlib.sha256()
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
    return f"sha256:{found.hexdigest()}"


def same_bytes(first: TensorEntry, second: TensorEntry) -> bool:
    """Do two stored tensors have the same format, shape and bytes? Read as far as they agree."""
    if (first.dtype, first.shape) != (second.dtype, second.shape):
        return False
    with open(first.file, "rb") as ours, open(second.file, "rb") as theirs:
        ours.seek(first.start)
        theirs.seek(second.start)
        steps = (min(PIECE, first.size - done) for done in range(0, first.size, PIECE))
        return all(ours.read(step) == theirs.read(step) for step in steps)


def digest_together(entries: Sequence[TensorEntry]) -> list[str]:
    """The digests of one tensor, or of two of the same size.

    Raises:
        CheckpointError: a file ended before.
    """
    if len(entries) == 1:
        return [digest_tensor(entries[0])]
    from l2s.checkpoints.sha256 import Pair, Source

    pair = Pair()
    with ExitStack() as stack:
        files = [stack.enter_context(open(entry.file, "rb", buffering=0)) for entry in entries]
        places = [Source(file.fileno(), entry.start) for file, entry in zip(files, entries, strict=True)]
        if pair.read(places, entries[0].size):
            return [f"sha256:{digest}" for digest in pair.hexdigests()]
    return [digest_tensor(entry) for entry in entries]  # which says what is wrong, if it still is


def in_pairs(sized: Iterable[Sized], least: int = 2) -> list[list[Sized]]:
    """What is hashed together: two of the same size, if there are at least so many, or one alone; the largest first."""
    waiting = sorted(sized, key=lambda entry: -entry.size)
    if sum(entry.size for entry in waiting) < MANY:
        return [[entry] for entry in waiting]
    from l2s.checkpoints.sha256 import loops

    most = 1 if loops() is None else 2
    alike = [list(group) for _, group in groupby(waiting, key=lambda entry: entry.size)]
    counts = [most if len(group) >= least else 1 for group in alike]
    return [group[k : k + n] for group, n in zip(alike, counts, strict=True) for k in range(0, len(group), n)]


def digest_tensors(entries: Sequence[TensorEntry]) -> list[str]:
    """The digests of many tensors, on all cores; those of files hashed before and unchanged since are recalled."""
    files = {entry.file for entry in entries}
    seen = {file: identity(file) for file in files}
    known = {file: recall(file) for file in files}
    missing = [entry for entry in entries if entry.size and entry.start not in known[entry.file]]
    begun = {entry: _begun.pop(key) for entry in missing if (key := _key(entry, seen)) in _begun}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        begun |= _begin(pool, [entry for entry in missing if entry not in begun])
        for entry, (digests, number) in begun.items():
            try:
                known[entry.file][entry.start] = digests.result()[number]
            except CheckpointError:  # of the other one, or of a file that is whole by now
                known[entry.file][entry.start] = digest_tensor(entry)
    for file in {entry.file for entry in missing}:
        remember(file, seen[file], known[file])
    return [known[entry.file][entry.start] if entry.size else digest_tensor(entry) for entry in entries]


@contextmanager
def hashing_ahead(models: Iterable[Sequence[TensorEntry]]) -> Iterator[None]:
    """Begin to hash models' tensors in threads: :func:`digest_tensors` takes what was begun, where files are the same.

    For the time in which a program still imports what it needs.
    """
    pool, entries = ThreadPoolExecutor(os.cpu_count()), dict.fromkeys(entry for model in models for entry in model)
    keys = list[Key]()
    try:
        files = {entry.file for entry in entries}
        seen, known = {file: identity(file) for file in files}, {file: recall(file) for file in files}
        missing = [entry for entry in entries if entry.size and entry.start not in known[entry.file]]
        begun = {_key(entry, seen): found for entry, found in _begin(pool, missing).items()}
        keys += begun
        _begun.update(begun)
        yield
    finally:
        for key in keys:
            _begun.pop(key, None)
        pool.shutdown(wait=False, cancel_futures=True)


Key = tuple[Path, int, tuple[int, ...]]
Begun = tuple[Future[list[str]], int]
"""Digests to come, and which of them."""
_begun: dict[Key, Begun] = {}
"""What was begun, by file, place in it and the file's identity then."""


def _begin(pool: Executor, entries: Iterable[TensorEntry]) -> dict[TensorEntry, Begun]:
    begun = dict[TensorEntry, Begun]()
    for group in in_pairs(entries):
        found = pool.submit(digest_together, group)
        begun |= {entry: (found, number) for number, entry in enumerate(group)}
    return begun


def _key(entry: TensorEntry, seen: Mapping[Path, list[int]]) -> Key:
    return entry.file.absolute(), entry.start, tuple(seen[entry.file])


def combine(tensors: Iterable[tuple[str, str, tuple[int, ...], str]]) -> str:
    """One digest over (name, dtype, shape, tensor digest), in name order: a line of JSON each."""
    lines = [json.dumps([name, dtype, list(shape), digest]) for name, dtype, shape, digest in sorted(tensors)]
    return f"sha256:{hashlib.sha256(chr(10).join(lines).encode()).hexdigest()}"


def digest_model(weights: str, config: Mapping[str, Any], files: Iterable[Path]) -> str:
    """Everything that decides what a model answers: weights, config, tokenizer and generation files.

    Args:
        weights: the digest of the weights.
        config: ``config.json``; :data:`VOLATILE` keys and the order of keys do not count.
        files: tokenizer, chat template and generation config; names and bytes count.
    """
    kept = {key: value for key, value in config.items() if key not in VOLATILE}
    parts = [weights, json.dumps(kept, sort_keys=True, ensure_ascii=False)]
    parts += [f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}" for file in sorted(files)]
    return f"sha256:{hashlib.sha256(chr(10).join(parts).encode()).hexdigest()}"
