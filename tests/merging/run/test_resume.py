"""Kills: a merge that is killed at any moment goes on where it was, and ends with the same bytes."""

import os
import random
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from l2s.checkpoints import is_complete
from l2s.checkpoints.files.writer import TensorPlan
from l2s.core.errors import CheckpointError
from l2s.merging.run import merge as merge_module
from l2s.merging.run.diagnostics import TensorDiagnostics
from l2s.merging.run.journal import NAME, Journal
from l2s.merging.run.manifest import MANIFEST
from l2s.merging.run.merge import merge_checkpoints
from l2s.merging.run.tensors import TensorMerger
from tests.merging.run.test_merge import folder_bytes, recipe
from tests.tiny import write_family

CALLS = ("pwrite", "fsync", "replace", "ftruncate", "unlink")
"""What changes a disk; a merge is killed before, or in the middle of, one of them."""
WEIGHTS = ("pwrite",)


def merge(family: dict[str, Path], out: Path, method: str = "ties", code: str = "") -> None:
    merge_checkpoints(recipe(method), family, out, record_costs=False, threads=1, max_shard_size=600, code=code)


def in_a_child(work: Callable[[], None]) -> int:
    """Run in a fork; returns its exit status, negative for a signal."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def counted(spare: int | None, names: Sequence[str] = CALLS) -> Callable[[], int]:
    """Replace the calls that change a disk; call number ``spare`` is done by half, and then comes kill -9."""
    seen = 0

    def spied(name: str, real: Any) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            nonlocal seen
            seen += 1
            if seen - 1 == spare:
                if name == "pwrite":
                    real(args[0], args[1][: len(args[1]) // 2], args[2])
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **options)

        return call

    for name in names:
        setattr(os, name, spied(name, getattr(os, name)))
    return lambda: seen


def calls_of(work: Callable[[], None], where: Path, names: Sequence[str] = CALLS) -> int:
    def count() -> None:
        seen = counted(None, names)
        work()
        where.write_text(str(seen()))

    assert in_a_child(count) == 0
    return int(where.read_text())


def killed_after(spare: int, work: Callable[[], None], names: Sequence[str] = CALLS) -> None:
    def run() -> None:
        counted(spare, names)
        work()

    assert in_a_child(run) == -signal.SIGKILL


@pytest.fixture(params=["by pieces", "by the fused loop"])
def dtype(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> torch.dtype:
    """Of a family whose tensors are merged so."""
    if request.param == "by pieces":
        return torch.float32
    monkeypatch.setattr("l2s.merging.run.tensors.TILE", 1 << 9)
    return torch.bfloat16


@pytest.mark.long
def test_twenty_kills_and_each_time_the_same_bytes(dtype: torch.dtype, tmp_path: Path) -> None:
    family = write_family(tmp_path, shards=3, dtype=dtype)
    merge(family, tmp_path / "unharmed")
    unharmed = folder_bytes(tmp_path / "unharmed")
    total = calls_of(lambda: merge(family, tmp_path / "counted"), tmp_path / "count")
    assert total > 40 and folder_bytes(tmp_path / "counted") == unharmed
    for number, spare in enumerate(random.Random(0).sample(range(total), 20)):
        out = tmp_path / f"out{number}"
        killed_after(spare, lambda out=out: merge(family, out))  # type: ignore[misc]
        assert not out.exists() or folder_bytes(out) == unharmed
        left = tmp_path / f".{out.name}.partial"
        assert not left.exists() or not (is_complete(left) and (left / MANIFEST).exists() and (left / NAME).exists())
        merge(family, out)
        assert folder_bytes(out) == unharmed and not list(tmp_path.glob(f".{out.name}*"))


def test_killed_again_and_again(tmp_path: Path) -> None:
    family = write_family(tmp_path, shards=3)
    merge(family, tmp_path / "unharmed")
    for spare in (15, 12, 12, 12):
        killed_after(spare, lambda: merge(family, tmp_path / "out"))
        assert not (tmp_path / "out").exists() and not (tmp_path / ".out.partial" / MANIFEST).exists()
    merge(family, tmp_path / "out")
    assert not list(tmp_path.glob(".out*"))
    assert folder_bytes(tmp_path / "out") == folder_bytes(tmp_path / "unharmed")


def finished(
    family: dict[str, Path], out: Path, monkeypatch: pytest.MonkeyPatch, method: str = "ties", code: str = ""
) -> int:
    """Tensors that a merge really merges."""
    merged: list[str] = []
    before = TensorMerger._merge

    def noted(self: TensorMerger, plan: TensorPlan) -> TensorDiagnostics:
        merged.append(plan.name)
        return before(self, plan)

    monkeypatch.setattr(TensorMerger, "_merge", noted)
    merge(family, out, method, code)
    monkeypatch.setattr(TensorMerger, "_merge", before)
    return len(merged)


def half_done(family: dict[str, Path], out: Path, method: str = "ties") -> Path:
    """Killed when half of the weights are written; digests are kept too, but only of files that are seconds old."""
    total = calls_of(lambda: merge(family, out.with_name("counted"), method), out.with_name("count"), WEIGHTS)
    killed_after(total // 2, lambda: merge(family, out, method), WEIGHTS)
    return out.with_name(f".{out.name}.partial")


def test_what_is_written_is_not_merged_again(
    dtype: torch.dtype, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    family = write_family(tmp_path, dtype=dtype)
    whole = finished(family, tmp_path / "whole", monkeypatch)
    done = len((half_done(family, tmp_path / "out") / NAME).read_text().splitlines()) - 1
    assert 3 < done < whole
    assert finished(family, tmp_path / "out", monkeypatch) == whole - done


def test_bytes_that_never_reached_the_disk_are_seen(tmp_path: Path) -> None:
    family = write_family(tmp_path)
    merge(family, tmp_path / "unharmed")
    left = half_done(family, tmp_path / "out")
    for shard in left.glob("*.safetensors"):
        size = shard.stat().st_size
        shard.write_bytes(b"\0" * size)  # as after a power cut
    merge(family, tmp_path / "out")
    assert folder_bytes(tmp_path / "out") == folder_bytes(tmp_path / "unharmed")


@pytest.mark.parametrize("change", ["recipe", "model", "damage", "code"])
def test_another_merge_does_not_go_on_from_there(change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    family = write_family(tmp_path)
    whole = finished(family, tmp_path / "whole", monkeypatch)
    left = half_done(family, tmp_path / "out")
    if change == "model":
        family |= {"slow": write_family(tmp_path / "other", dtype=torch.bfloat16)["slow"]}
    if change == "damage":
        lines = (left / NAME).read_text().splitlines()
        (left / NAME).write_text("\n".join([*lines[:2], lines[2][:20], *lines[3:]]) + "\n")
    method = "task_arithmetic" if change == "recipe" else "ties"
    assert finished(family, tmp_path / "out", monkeypatch, method, "other" if change == "code" else "") == whole
    merge(family, tmp_path / "fresh", method)
    assert folder_bytes(tmp_path / "out") == folder_bytes(tmp_path / "fresh")


def test_a_torn_last_line_counts_for_nothing(tmp_path: Path) -> None:
    family = write_family(tmp_path)
    left = half_done(family, tmp_path / "out")
    lines = (left / NAME).read_text()
    key = lines.split('"')[3]
    before = Journal(left, key).finished
    (left / NAME).write_text(lines + '{"tensor": "model.norm')
    assert Journal(left, key).finished == before and before and not Journal(left, "another").finished


def test_an_interrupt_keeps_what_is_finished_and_an_error_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    family = write_family(tmp_path)
    for error, kept in ((KeyboardInterrupt, True), (CheckpointError, False)):

        def raised(*args: Any, error: type[BaseException] = error) -> None:
            raise error

        with monkeypatch.context() as patched:
            patched.setattr(merge_module, "_describe", raised)
            with pytest.raises(error):
                merge(family, tmp_path / "out")
        assert (tmp_path / ".out.partial").exists() == kept and not (tmp_path / "out").exists()


def test_two_merges_into_one_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    family = write_family(tmp_path)
    before = merge_module._describe

    def second(*args: Any) -> Any:
        monkeypatch.setattr(merge_module, "_describe", before)
        with pytest.raises(CheckpointError, match="out: another merge is writing there"):
            merge(family, tmp_path / "out")
        return before(*args)

    monkeypatch.setattr(merge_module, "_describe", second)
    merge(family, tmp_path / "out")
    assert is_complete(tmp_path / "out")
