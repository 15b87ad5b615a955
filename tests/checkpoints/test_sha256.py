"""SHA-256 of two streams at a time, against hashlib."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from l2s.checkpoints import digest as digest_module
from l2s.checkpoints import sha256
from l2s.checkpoints.digest import digest_tensor, digest_tensors, digest_together, in_pairs
from l2s.checkpoints.index import TensorEntry
from l2s.checkpoints.sha256 import BLOCK, CHUNK, Bytes, Pair, Single, Source
from l2s.errors import CheckpointError

SIZES = [0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 1000, CHUNK, CHUNK + 1, 3 * CHUNK + 64 + 7]
able = pytest.mark.skipif(sha256.loops() is None, reason="the processor lacks the instructions")


def streams(size: int) -> tuple[Bytes, Bytes]:
    one, other = np.random.default_rng(size).integers(0, 256, (2, size), dtype=np.uint8)
    return one, other


def expected(*found: Bytes) -> tuple[str, ...]:
    return tuple(hashlib.sha256(stream.tobytes()).hexdigest() for stream in found)


@able
@pytest.mark.parametrize("size", SIZES)
def test_two_streams_are_hashed_as_each_alone(size: int) -> None:
    one, other = streams(size)
    pair, single = Pair(), Single()
    for start in range(0, size or 1, 5 * BLOCK):
        pair.update(one[start : start + 5 * BLOCK], other[start : start + 5 * BLOCK])
        single.update(one[start : start + 5 * BLOCK])
    assert pair.hexdigests() == expected(one, other) == pair.hexdigests()
    assert single.hexdigests() == expected(one)


@able
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("first", [0, 3, 64])
def test_two_places_in_files_are_hashed_as_what_lies_there(size: int, first: int, tmp_path: Path) -> None:
    one, other = streams(size)
    (tmp_path / "one").write_bytes(bytes(first) + one.tobytes())
    (tmp_path / "other").write_bytes(other.tobytes() + b"more")
    entries = [
        TensorEntry("a", "U8", (size,), tmp_path / "one", first, size),
        TensorEntry("b", "U8", (size,), tmp_path / "other", 0, size),
    ]
    found = [f"sha256:{digest}" for digest in expected(one, other)]
    assert digest_together(entries) == found == [digest_tensor(entry) for entry in entries]


@able
def test_a_file_that_ends_before_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(200))
    with open(tmp_path / "file", "rb") as file:
        whole, cut = Source(file.fileno(), 0), Source(file.fileno(), 1)
        assert Pair().read([whole, whole], 200)
        assert not Pair().read([whole, cut], 200) and not Pair().read([cut, whole], 200)
    entry = TensorEntry("weight", "U8", (201,), tmp_path / "file", 0, 201)
    for group in ([entry], [entry, entry]):
        with pytest.raises(CheckpointError, match="file: ended while weight was read; get a sound copy of it"):
            digest_together(group)


@able
def test_streams_of_two_lengths_or_with_more_after_a_part_of_a_block_are_refused() -> None:
    pair = Pair()
    with pytest.raises(AssertionError):
        pair.update(*streams(64)[:1], streams(65)[0])
    pair.update(*streams(65))
    with pytest.raises(AssertionError, match="within a block"):
        pair.update(*streams(64))


@pytest.mark.parametrize("fast", [pytest.param(True, marks=able), False])
def test_tensors_of_a_size_are_hashed_together_where_it_pays(
    fast: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    sizes = [100, 300, 100, 0, 100, 300, 77, 300]
    starts = np.cumsum([0, *sizes])
    content = np.random.default_rng(0).integers(0, 256, int(starts[-1]), dtype=np.uint8).tobytes()
    (tmp_path / "file").write_bytes(content)
    entries = [
        TensorEntry(str(k), "U8", (size,), tmp_path / "file", int(starts[k]), size) for k, size in enumerate(sizes)
    ]
    slow = [f"sha256:{hashlib.sha256(content[entry.start :][: entry.size]).hexdigest()}" for entry in entries]
    assert max(map(len, in_pairs(entries))) == 1 and digest_tensors(entries) == slow
    monkeypatch.setattr(digest_module, "MANY", 0)
    if not fast:
        monkeypatch.setattr(sha256, "loops", lambda: None)
    groups = in_pairs(entries)
    assert [entry.size for group in groups for entry in group] == sorted(sizes, reverse=True)
    assert [len(group) for group in groups] == ([2, 1, 2, 1, 1, 1] if fast else [1] * 8)
    assert max(map(len, in_pairs(entries, 4))) == 1, "there are three of a size"
    os.utime(tmp_path / "file")
    assert digest_tensors(entries) == slow


def test_where_numba_is_told_of_another_processor_hashlib_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CPU_NAME", "generic")
    sha256.loops.cache_clear()
    assert sha256.loops() is None
    monkeypatch.delenv("NUMBA_CPU_NAME")
    sha256.loops.cache_clear()


@pytest.mark.parametrize("pairs", [pytest.param(True, marks=able), False])
def test_reads_that_bring_less_than_asked_for_are_no_ends(
    pairs: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = np.random.default_rng(0).integers(0, 256, 3000, dtype=np.uint8).tobytes()
    (tmp_path / "file").write_bytes(content)
    entry, read = TensorEntry("w", "U8", (3000,), tmp_path / "file", 0, 3000), os.preadv

    def half(file: int, rooms: list[memoryview], start: int) -> int:
        return read(file, [rooms[0][: max(1, len(rooms[0]) // 2)]], start)

    monkeypatch.setattr(os, "preadv", half)
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert digest_together([entry] * (2 if pairs else 1)) == [digest] * (2 if pairs else 1)


@able
def test_what_fails_for_one_tensor_is_not_said_of_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(digest_module, "MANY", 0)
    for name in "ab":
        (tmp_path / name).write_bytes(bytes(1000))
    sound, cut = (TensorEntry(name, "U8", (1000,), tmp_path / name, 0, 1000) for name in "ab")
    (tmp_path / "b").write_bytes(bytes(900))
    with digest_module.hashing_ahead([[sound], [cut]]):
        assert digest_tensors([sound]) == [f"sha256:{hashlib.sha256(bytes(1000)).hexdigest()}"]
        with pytest.raises(CheckpointError, match="b: ended while b was read"):
            digest_tensors([cut])
