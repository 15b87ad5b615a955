"""Digests of weights: what a model holds, however its files are cut."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from l2s.checkpoints.index import TensorEntry
from l2s.checkpoints.remembered import identity, recall, remember

PIECE = 1 << 19
"""Bytes read at a time: few enough to be hashed out of the cache."""

VOLATILE = ("_name_or_path", "transformers_version")
"""Keys of config.json that say where a model lay and who wrote it, not what it does."""


def digest_tensor(entry: TensorEntry) -> str:
    """SHA-256 of a stored tensor's bytes, as ``sha256:<hex>``."""
    digest, left, buffer = hashlib.sha256(), entry.size, memoryview(bytearray(PIECE))
    with open(entry.file, "rb", buffering=0) as file:
        file.seek(entry.start)
        while left:
            count = file.readinto(buffer[: min(PIECE, left)])
            if not count:
                raise OSError(f"{entry.file}: ended while {entry.name} was read")
            digest.update(buffer[:count])
            left -= count
    return f"sha256:{digest.hexdigest()}"


def digest_tensors(entries: Sequence[TensorEntry]) -> list[str]:
    """The digests of many tensors, one core each; those of files hashed before and unchanged since are recalled."""
    files = {entry.file for entry in entries}
    seen = {file: identity(file) for file in files}
    known = {file: recall(file) for file in files}
    missing = sorted((e for e in entries if e.start not in known[e.file]), key=lambda entry: -entry.size)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for entry, digest in zip(missing, pool.map(digest_tensor, missing), strict=True):
            known[entry.file][entry.start] = digest
    for file in {entry.file for entry in missing}:
        remember(file, seen[file], known[file])
    return [known[entry.file][entry.start] for entry in entries]


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
