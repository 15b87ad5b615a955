"""However many processes answer, and whenever a search is killed, it ends with the same bytes."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml

from l2s.benchmarks import BenchmarkParams, write_problems
from tests.search.models import FAMILY, NAMES

KILLS, JOBS = 20, (1, 2, 4)
PATIENCE = 120
"""Seconds; a worker that is still importing when its search is killed ends when it has done so."""
SCRIPT = """
import sys
import l2s
from l2s.search import run
print("begun", flush=True)
l2s.search_recipe("search.yaml", "out", jobs=int(sys.argv[1]), store="store.sqlite", work="work")
"""


@pytest.fixture
def search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a search of six trials that is over in seconds."""
    pytest.importorskip("optuna")
    monkeypatch.chdir(tmp_path)
    params = BenchmarkParams.parse({"source": "arithmetic", "split": "search", "per_level": 8}, "problems")
    write_problems("mine", params, Path("problems.jsonl"))
    weights = {name: {"name": name[0], "low": 0.1, "high": 0.7} for name in ("quick", "slow")}
    recipe = {
        "merge_method": "task_arithmetic", "base_model": "base", "dtype": "bfloat16",
        "models": [{"model": name, "parameters": {"weight": weight}} for name, weight in weights.items()],
    }  # fmt: skip
    found = {
        "models": {name: str(FAMILY / name) for name in NAMES}, "problems": "problems.jsonl", "recipe": recipe,
        "margin": 0.3, "batch": 4, "block": 10, "budget": {"trials": 6, "problems": 120},
        "decoding": {"engine": "transformers", "sampling": {"max_tokens": 300}},
    }  # fmt: skip
    Path("search.yaml").write_text(yaml.safe_dump(found))
    return tmp_path


def started(jobs: int) -> subprocess.Popen[str]:
    """A search that has loaded what it needs."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(jobs)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None and process.stdout.readline() == "begun\n"
    return process


def written() -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(Path("out").iterdir())}


def forget() -> None:
    for path in ("out", "work"):
        shutil.rmtree(path, ignore_errors=True)
    for file in Path().glob("store.sqlite*"):
        file.unlink()


@pytest.mark.long
def test_the_number_of_jobs_changes_no_byte(search: Path) -> None:
    found = []
    for jobs in JOBS:
        assert started(jobs).wait() == 0
        found.append(written())
        forget()
    assert "recipe.yaml" in found[0] and found[0] == found[1] == found[2]


@pytest.mark.slow
def test_twenty_kills_change_no_byte(search: Path) -> None:
    """Each at a random moment, with 1, 2 and 4 jobs in turn; a search that ends before its kill is begun anew."""
    whole = dict[int, float]()
    for jobs in JOBS:
        process, begun = started(jobs), time.monotonic()
        assert process.wait() == 0
        whole[jobs], expected = time.monotonic() - begun, written()
        forget()
    draw, kills = random.Random(0), 0
    while kills < KILLS:
        jobs = JOBS[kills % len(JOBS)]
        process = started(jobs)
        moment = draw.uniform(0, whole[jobs])
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            workers = psutil.Process(process.pid).children(recursive=True)
            process.kill()
        if process.wait() == -signal.SIGKILL:
            kills += 1
            print(f"kill {kills}: {jobs} jobs after {moment:.1f} s, with {len(workers)} processes", flush=True)
            assert psutil.wait_procs(workers, timeout=PATIENCE)[1] == [], "no worker outlives its search"
        else:
            assert process.returncode == 0 and written() == expected
            forget()
    assert started(2).wait() == 0 and written() == expected
