"""Random kills of the pipeline: no project is bricked, the bytes are the same in the end, nothing is left running.

Each project is killed several times, at moments drawn from a seed that a failure shows, and then run to its end.
``L2S_KILLS`` sets how many kills of ``l2s run``; half as many of ``dvc repro`` follow.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.running import nobody_left
from tests.scratch import ROOT, clone, edit_params, outputs, run, shrink, start

KILLS = int(os.environ.get("L2S_KILLS", "40"))
SEED = int(os.environ.get("L2S_KILL_SEED", "1"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (ROOT / "data/models/quick/config.json").is_file(), reason="the embedded models are not checked out"
    ),
]


def few(params: dict[str, Any]) -> None:
    """So few that a project takes a minute."""
    shrink(params)
    for name, benchmark in params["benchmarks"].items():
        if name != params["searches"]["found"]["benchmark"]:  # fewer would certify nothing
            benchmark["per_level"] = 1
    params["decoding"]["engine"] = "transformers"
    params["models"] = {name: {"source": "path", "path": f"given/{name}"} for name in params["models"]}


def small_clone(folder: Path) -> Path:
    """A clone whose models are given, so that none is trained."""
    clone(folder)
    shutil.copytree(ROOT / "data" / "models", folder / "given", ignore=shutil.ignore_patterns(".gitignore"))
    edit_params(folder, few)
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], float]:
    """What a project that nobody killed holds, and how many seconds it took."""
    folder = small_clone(tmp_path_factory.mktemp("whole") / "project")
    began = time.monotonic()
    run(folder, "l2s", "run")
    return outputs(folder), time.monotonic() - began


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    folder = small_clone(tmp_path / "project")
    yield folder
    nobody_left(folder)


def kill_once(folder: Path, command: list[str], after: float) -> None:
    """Start the command in a session of its own; kill its first process, or all at once, after some seconds."""
    process = start(folder, *command)
    try:
        process.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    nobody_left(folder)


@pytest.mark.parametrize(
    ("command", "kills"), [(["l2s", "run"], KILLS), (["dvc", "repro"], KILLS // 2)], ids=["l2s-run", "dvc-repro"]
)
def test_kills_at_random_moments(
    project: Path, whole: tuple[dict[str, str], float], command: list[str], kills: int
) -> None:
    expected, seconds = whole
    draw, done = random.Random(f"{SEED} {command}"), 0
    print(f"seed {SEED}, {kills} kills of {' '.join(command)}")
    while done < kills:
        after = draw.uniform(0.5, max(seconds / 3, 10))
        kill_once(project, command, after)
        done += 1
        print(f"kill {done} after {after:.2f} s", flush=True)
        run(project, "l2s", "run", "--dry")  # rc 0: the project reads, whatever is half written
        if draw.random() < 0.2:
            run(project, "l2s", "run")
            assert outputs(project) == expected, f"seed {SEED}, kill {done}"
            for stage in draw.sample(["merged/average", "responses/quick.jsonl", "verdicts/slow.jsonl"], 2):
                subprocess.run(["rm", "-rf", f"data/{stage}"], cwd=project, check=True)
            subprocess.run(["rm", "-rf", ".dvc/cache/runs"], cwd=project, check=True)
    run(project, "l2s", "run")
    assert outputs(project) == expected
    assert "everything is up to date" in run(project, "l2s", "run")
    assert "Running stage" not in run(project, "dvc", "repro")
    held = json.loads((project / ".dvc/tmp/rwlock").read_text() or "{}")
    assert not held.get("read") and not held.get("write")
