"""Hashing that is begun early: the same digests, each tensor hashed once, and nothing believed of a changed file."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import torch

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.ahead import hashing_inputs
from l2s.checkpoints.mapped import map_file
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


def test_hashing_leaves_descriptors_to_others(tmp_path: Path) -> None:
    """Of more files than a process may have open; in a process of its own."""
    script = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
from l2s.lineage.digests import digest_files
from l2s.checkpoints import digest
digest.MANY = 0
files = sorted(Path(sys.argv[1]).glob("*.safetensors"))
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
