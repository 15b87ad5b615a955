"""Hashing that is begun early: the same digests, each tensor hashed once, and nothing believed of a changed file."""

import gc
import os
import shutil
import subprocess
import sys
import time
import weakref
from pathlib import Path

import torch

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.ahead import hashing_inputs
from l2s.checkpoints.mapped import keep_mapped, let_go, map_file
from tests.tiny import random_weights, write_checkpoint


def test_what_was_begun_is_used_and_not_hashed_again(tmp_path: Path, hashed: list[str]) -> None:
    model = write_checkpoint(tmp_path / "model", random_weights(0))
    expected = Checkpoint(model).weights_digest
    count = len(hashed)
    with hashing_inputs({"base_model": str(model), "models": [{"model": "no/folder"}, {"model": str(model)}]}):
        assert Checkpoint(model).weights_digest == expected
    assert len(hashed) == 2 * count


def test_a_file_that_changed_since_is_hashed_again(tmp_path: Path, hashed: list[str]) -> None:
    model = write_checkpoint(tmp_path / "model", random_weights(0))
    other = write_checkpoint(tmp_path / "other", random_weights(1))
    expected = Checkpoint(other).weights_digest
    with hashing_inputs({"base_model": str(model)}):
        (other / "model.safetensors").replace(model / "model.safetensors")
        assert Checkpoint(model).weights_digest == expected


def test_what_is_wrong_with_a_recipe_or_a_model_is_not_said_here(tmp_path: Path) -> None:
    for recipe in (None, "ties", [1], {"base_model": str(tmp_path)}, {"models": {"model": 3}}):
        with hashing_inputs(recipe):
            pass


def test_what_was_hashed_ahead_stays_mapped_until_it_is_let_go(tmp_path: Path) -> None:
    file = write_checkpoint(tmp_path / "model", random_weights(0)) / "model.safetensors"
    with hashing_inputs({"base_model": str(file.parent)}):
        mapped = weakref.ref(map_file(file))
        gc.collect()
        assert mapped() is map_file(file)
        let_go()
        assert _gone(mapped)
    with hashing_inputs({"base_model": str(file.parent)}):
        mapped = weakref.ref(map_file(file))
    assert _gone(mapped)


def test_what_cannot_be_mapped_is_left_to_its_reader(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "full").write_bytes(b"text")
    kept = keep_mapped([tmp_path / "none", tmp_path / "empty", tmp_path / "full"])
    assert [bytes(mapped) for mapped in kept] == [b"text"]


def test_mappings_leave_descriptors_to_others(tmp_path: Path) -> None:
    """Of more files than a process may have open; in a process of its own."""
    script = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
from l2s.lineage.digests import digest_files
from l2s.checkpoints.mapped import hold
files = sorted(Path(sys.argv[1]).glob("*.safetensors"))
hold(files)
assert len(digest_files(files)) == 200
"""
    tiny = write_checkpoint(tmp_path / "tiny", {"a": torch.ones(3), "b": torch.ones(2)}) / "model.safetensors"
    for number in range(200):
        shutil.copy(tiny, tmp_path / f"{number}.safetensors")
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)


def test_a_file_rewritten_in_place_is_mapped_anew(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"one")
    before = map_file(file)
    assert map_file(file) is before
    file.write_bytes(b"two")
    os.utime(file, ns=(1, 1))
    assert map_file(file) is not before and bytes(map_file(file)) == b"two"


def _gone(mapped: "weakref.ref[object]") -> bool:
    """A thread does it."""
    ends = time.monotonic() + 30
    while mapped() is not None and time.monotonic() < ends:
        time.sleep(0.01)
    return mapped() is None
