"""Digests of weights: what a model holds, however its files are cut."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from l2s.checkpoints.index import TensorEntry
from l2s.checkpoints.mapped import hold, keep_mapped, let_go, map_file
from l2s.checkpoints.remembered import recall, remember
from l2s.files import identity

VOLATILE = ("_name_or_path", "transformers_version")
"""Keys of config.json that say where a model lay and who wrote it, not what it does."""


def digest_tensor(entry: TensorEntry) -> str:
    """SHA-256 of a stored tensor's bytes, as ``sha256:<hex>``; in one go, in which other threads run."""
    if entry.size == 0:
        return f"sha256:{hashlib.sha256().hexdigest()}"
    mapped = map_file(entry.file)
    if len(mapped) < entry.start + entry.size:
        raise OSError(f"{entry.file}: ended while {entry.name} was read")
    with memoryview(mapped) as content, content[entry.start : entry.start + entry.size] as stored:
        return f"sha256:{hashlib.sha256(stored).hexdigest()}"


def digest_tensors(entries: Sequence[TensorEntry]) -> list[str]:
    """The digests of many tensors, one core each; those of files hashed before and unchanged since are recalled."""
    files = {entry.file for entry in entries}
    seen = {file: identity(file) for file in files}
    known = {file: recall(file) for file in files}
    missing = sorted((e for e in entries if e.size and e.start not in known[e.file]), key=lambda entry: -entry.size)
    kept = keep_mapped({entry.file for entry in missing})
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        keys = [_key(entry, seen) for entry in missing]
        digests = [
            _begun.pop(key) if key in _begun else pool.submit(digest_tensor, entry)
            for key, entry in zip(keys, missing, strict=True)
        ]
        for entry, digest in zip(missing, digests, strict=True):
            known[entry.file][entry.start] = digest.result()
    del kept
    for file in {entry.file for entry in missing}:
        remember(file, seen[file], known[file])
    return [known[entry.file][entry.start] if entry.size else digest_tensor(entry) for entry in entries]


@contextmanager
def hashing_ahead(models: Iterable[Sequence[TensorEntry]]) -> Iterator[None]:
    """Begin to hash models' tensors in threads: :func:`digest_tensors` takes what was begun, where files are the same.

    For the time in which a program still imports what it needs.
    """
    pool, begun = ThreadPoolExecutor(os.cpu_count()), list[Key]()
    try:
        for entries in models:
            seen = {file: identity(file) for file in {entry.file for entry in entries}}
            hold(seen)  # for the merge, which reads them next
            known = {file: recall(file) for file in seen}
            for entry in sorted(entries, key=lambda entry: -entry.size):
                if entry.size and entry.start not in known[entry.file]:
                    begun.append(_key(entry, seen))
                    _begun[begun[-1]] = pool.submit(digest_tensor, entry)
        yield
    finally:
        for key in begun:
            _begun.pop(key, None)
        pool.shutdown(wait=False, cancel_futures=True)
        let_go()


Key = tuple[Path, int, tuple[int, ...]]
_begun: dict[Key, Future[str]] = {}
"""What was begun, by file, place in it and the file's identity then."""


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
