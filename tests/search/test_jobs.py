"""However many processes answer, and whenever a search is killed, it ends with the same bytes."""

import multiprocessing
import random
import shutil
import signal
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil
import pytest
import yaml

import l2s
from l2s.benchmarks import BenchmarkParams, write_problems
from tasks.stage import MODELS
from tests.search.models import FAMILY, NAMES, arithmetic

KILLS, JOBS = 20, (1, 2, 4)
PATIENCE = 600
"""Seconds; a worker that is still importing when its search is killed ends when it has: on a busy machine, late."""
LIBRARIES = ["l2s.api", "l2s.search.run", "optuna", *MODELS]
"""What a search imports: once, so that kills come at moments of its work."""


@pytest.fixture
def search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a search of six trials that is over in seconds."""
    pytest.importorskip("optuna")
    monkeypatch.chdir(tmp_path)
    params = BenchmarkParams.parse({"source": "arithmetic", "split": "search", "per_level": 8}, "problems")
    write_problems("mine", params, Path("problems.jsonl"))
    recipe = arithmetic(*({"name": name, "low": 0.1, "high": 0.7} for name in "qs"))
    found = {
        "models": {name: str(FAMILY / name) for name in NAMES}, "problems": "problems.jsonl", "recipe": recipe,
        "margin": 0.3, "batch": 4, "block": 10, "budget": {"trials": 6, "problems": 120},
        "decoding": {"engine": "transformers", "sampling": {"max_tokens": 300}},
    }  # fmt: skip
    Path("search.yaml").write_text(yaml.safe_dump(found))
    return tmp_path


def started(jobs: int) -> BaseProcess:
    """A search that runs."""
    folder, context = Path.cwd(), multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LIBRARIES)
    more = {"jobs": jobs, "store": folder / "store.sqlite", "work": folder / "work"}
    process = context.Process(target=l2s.search_recipe, args=(folder / "search.yaml", folder / "out"), kwargs=more)
    process.start()
    return process


def ended(process: BaseProcess, seconds: float | None = None) -> int | None:
    """How it ended; None: it has not, by then."""
    process.join(seconds)
    return process.exitcode


def written() -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(Path("out").iterdir())}


def forget() -> None:
    for path in ("out", "work"):
        shutil.rmtree(path, ignore_errors=True)
    for file in Path().glob("store.sqlite*"):
        file.unlink()


@pytest.mark.long
def test_the_number_of_jobs_changes_no_byte(search: Path) -> None:
    """One and two of them; four, whose processes import for a minute, are in the slow test below."""
    found = []
    for jobs in (1, 2):
        assert ended(started(jobs)) == 0
        found.append(written())
        forget()
    assert "recipe.yaml" in found[0] and found[0] == found[1]


@pytest.mark.slow
def test_twenty_kills_change_no_byte(search: Path) -> None:
    """Each at a random moment, with 1, 2 and 4 jobs in turn; a search that ends before its kill is begun anew."""
    begun = time.monotonic()
    assert ended(started(1)) == 0
    whole, expected = time.monotonic() - begun, written()
    forget()
    draw, kills = random.Random(0), 0
    while kills < KILLS:
        jobs = JOBS[kills % len(JOBS)]
        process, moment = started(jobs), draw.uniform(0, whole)
        if ended(process, moment) is None:
            workers = psutil.Process(process.pid).children(recursive=True)
            process.kill()
        if ended(process) == -signal.SIGKILL:
            kills += 1
            print(f"kill {kills}: {jobs} jobs after {moment:.1f} s, with {len(workers)} processes", flush=True)
            assert psutil.wait_procs(workers, timeout=PATIENCE)[1] == [], "no worker outlives its search"
        else:
            assert process.exitcode == 0 and written() == expected
            forget()
    assert ended(started(2)) == 0 and written() == expected
