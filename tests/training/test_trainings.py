"""Whole trainings of each method: what they write, that they repeat, and that a killed one goes on."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from l2s.checkpoints import Checkpoint
from l2s.training.folder import HISTORY, MANIFEST, SHOWN
from tests.training.small import BLOCKS, FILES, contents, run

ROOT = Path(__file__).parent.parent.parent


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


@pytest.mark.long
def test_nothing_is_said_but_by_us(start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    """In a process of its own: libraries say some things as they are imported."""
    call = "import sys; from tests.training.test_trainings import gone_on_with as f; f(*sys.argv[1:])"
    words = [sys.executable, "-c", call, start, inputs["own"].parent, tmp_path]
    done = subprocess.run([*map(str, words)], cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def gone_on_with(start: str, inputs: str, out: str) -> None:
    named = {name: Path(inputs) / f"{name}.jsonl" for name in FILES}

    def stop(line: Mapping[str, Any]) -> None:
        if line["step"] == 3:
            raise KeyboardInterrupt

    for method in ("dpo", "grpo"):
        with suppress(KeyboardInterrupt):
            run(method, Path(start), named, Path(out) / method, on_step=stop)
        run(method, Path(start), named, Path(out) / method)


def test_two_folders_are_the_same_bytes(start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    for name in ("one", "two"):
        run("grpo", start, inputs, tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    shown = [json.loads(line) for line in (tmp_path / "one" / SHOWN).read_text().splitlines()]
    assert [(row["step"], row["sample"]) for row in shown] == [(step, n) for step in (0, 2, 4) for n in range(4)]
    assert all(row["response"] and row["tokens"] <= 12 for row in shown)


@pytest.mark.slow
@pytest.mark.parametrize("method", BLOCKS)
def test_killed_trainings_end_with_the_same_bytes(
    method: str, start: Path, inputs: dict[str, Path], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "tests.training.kill", method, start, inputs["own"].parent, tmp_path, 4]
    threads = os.environ | {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}  # so that it can be forked
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=ROOT, env=threads, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr
    assert "4 kills" in done.stdout


@pytest.mark.long
def test_sigterm_keeps_the_step_and_ends_with_143(start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    seen = list[int]()

    def terminate(line: Mapping[str, Any]) -> None:
        seen.append(line["step"])
        if line["step"] == 3:  # between two checkpoints
            os.kill(os.getpid(), signal.SIGTERM)

    run("sft", start, inputs, tmp_path / "whole")
    with pytest.raises(SystemExit) as ended:
        run("sft", start, inputs, tmp_path / "out", on_step=terminate)
    assert ended.value.code == 143 and seen == [1, 2, 3, 4]
    assert not (tmp_path / "out").exists()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    shutil.copytree(tmp_path / "out.work", tmp_path / "other.work")
    run("sft", start, inputs, tmp_path / "out", on_step=terminate)
    assert seen[4] == 5, "it goes on from where it stopped"
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    steps = list[int]()
    run("sft", start, inputs, tmp_path / "other", on_step=lambda line: steps.append(line["step"]), code="other")
    assert steps[0] == 1, "what another code left unfinished is begun anew"


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
