"""Whole trainings of each method: what they write, that they repeat, and that a killed one goes on."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from l2s.checkpoints import Checkpoint
from l2s.training.folder import HISTORY, MANIFEST
from tests.training.small import BLOCKS, run

ROOT = Path(__file__).parent.parent.parent


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def killed(method: str, start: Path, inputs: dict[str, Path], out: Path, step: int) -> None:
    command = [sys.executable, "-m", "tests.training.kill", method, start, inputs["own"].parent, out, step]
    threads = os.environ | {"OMP_NUM_THREADS": "2"}  # which changes no byte
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=ROOT, env=threads, capture_output=True, text=True, timeout=900)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not out.exists()


def test_a_trained_folder(start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    manifest = run("sft", start, inputs, tmp_path / "out")
    found, before = contents(tmp_path / "out"), contents(start)
    changed = {"model.safetensors", MANIFEST, HISTORY, "README.md"}
    assert {name: found[name] for name in found if name not in changed} == {
        name: content for name, content in before.items() if name not in changed
    }
    assert found["model.safetensors"] != before["model.safetensors"]
    ours, theirs = Checkpoint(tmp_path / "out"), Checkpoint(start)
    assert [(e.name, e.dtype, e.shape) for e in map(ours.entry, ours.names())] == [
        (e.name, e.dtype, e.shape) for e in map(theirs.entry, theirs.names())
    ]
    assert json.loads(found[MANIFEST]) == manifest
    assert manifest["output"]["weights"] == ours.weights_digest
    assert manifest["start"] == {"model": "models/small", "digest": theirs.digest, "weights": theirs.weights_digest}
    history = [json.loads(line) for line in found[HISTORY].decode().splitlines()]
    assert [line["step"] for line in history] == list(range(1, manifest["steps"] + 1))
    assert manifest["tokens"]["trained"] == sum(line["tokens"] for line in history) > 0
    assert not (tmp_path / "out.work").exists()


@pytest.mark.parametrize("method", ["grpo"])
def test_two_folders_are_the_same_bytes(method: str, start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    for name in ("one", "two"):
        run(method, start, inputs, tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


@pytest.mark.slow
@pytest.mark.parametrize("method", BLOCKS)
def test_a_killed_training_ends_with_the_same_bytes(
    method: str, start: Path, inputs: dict[str, Path], tmp_path: Path
) -> None:
    manifest = run(method, start, inputs, tmp_path / "whole")
    for step in random.Random(method).sample(range(1, manifest["steps"] + 1), 2):
        out = tmp_path / f"killed-{step}"
        killed(method, start, inputs, out, step)
        run(method, start, inputs, out)
        assert contents(out) == contents(tmp_path / "whole"), step


@pytest.mark.slow
def test_a_checkpoint_is_chosen_on_validation(start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    manifest = run("validated", start, inputs, tmp_path / "out")
    found = manifest["validation"]
    assert [one["step"] for one in found["steps"]] == sorted({*range(2, manifest["steps"] + 1, 2), manifest["steps"]})
    assert found["chosen"] in [one["step"] for one in found["steps"]]


@pytest.mark.long
def test_adapters_are_merged_and_cast(start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    run("sft", start, inputs, tmp_path / "out", lora={"r": 2, "alpha": 4})
    ours, theirs = Checkpoint(tmp_path / "out"), Checkpoint(start)
    assert ours.names() == theirs.names()
    assert {ours.entry(name).dtype for name in ours.names()} == {"BF16"}
    assert ours.weights_digest != theirs.weights_digest
