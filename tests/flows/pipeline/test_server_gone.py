"""Prefect's server is not there, or dies: one sentence, exit code 2, and what was done is kept."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows.pipeline.server import answers, needed
from l2s.core.errors import EngineError, L2SError
from tests.flows.conftest import repro
from tests.flows.pipeline.test_stopping import write_stages
from tests.flows.running import processes_in, without_prefect

DEAD = "http://127.0.0.1:9/api"
SCRIPT = """
import sys
from rich.console import Console
from flows.cli import app as cli
from flows.pipeline import run as pipeline
sys.argv = ["l2s"]
cli.app_for = lambda words: lambda: pipeline.run_pipeline([], "threads", 2, Console(stderr=True))
cli.entry()
"""


def start(toy: Path, **more: str) -> "subprocess.Popen[str]":
    command, pipe = [sys.executable, "-c", SCRIPT], subprocess.PIPE
    return subprocess.Popen(command, cwd=toy, env=without_prefect(**more), stdout=pipe, stderr=pipe, text=True)


def test_an_address_where_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "__defaults__", (0,))  # it would be asked for five seconds
    assert not answers(DEAD, seconds=0) and not answers("no address", seconds=0)
    with (
        pytest.raises(EngineError, match=r"PREFECT_API_URL: no Prefect server answers at .*:9/api; start it, or unset"),
        needed(DEAD),
    ):
        raise AssertionError("not reached")


def test_an_error_of_something_else_stays_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with pytest.raises(ZeroDivisionError), needed(None):
        print(1 / 0)
    monkeypatch.setenv("PREFECT_API_URL", DEAD)
    with pytest.raises(L2SError, match="of ours"), needed(None):
        raise L2SError("of ours")
    with pytest.raises(EngineError, match="is gone; what was done is kept"), needed(None):
        print(1 / 0)


@pytest.mark.long
def test_a_run_with_a_dead_address_is_one_sentence(toy: Path) -> None:
    _, err = (run := start(toy, PREFECT_API_URL=DEAD)).communicate(timeout=120)
    assert run.returncode == 2 and err.splitlines()[-1].startswith("error: PREFECT_API_URL: no Prefect server answers")
    assert "Traceback" not in err and len(err.splitlines()) == 2 and processes_in(toy) == []


@pytest.mark.slow
def test_a_server_that_dies_in_the_middle(toy: Path) -> None:
    write_stages(toy, first="echo 1 > first.txt", long="sh -c 'echo > begun; sleep 6; echo 2 > long.txt'")
    run = start(toy)
    while not (toy / "begun").exists() or not (toy / "first.txt").exists():
        assert run.poll() is None, run.communicate()
        time.sleep(0.1)
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    [server] = [child for child in children if b"prefect" in Path(f"/proc/{child}/cmdline").read_bytes()]
    os.kill(int(server), signal.SIGKILL)
    _, err = run.communicate(timeout=400)
    assert run.returncode == 2 and "Traceback" not in err, err
    assert "is gone; what was done is kept, and the next run continues from there" in err
    assert processes_in(toy) == []
    assert (toy / "long.txt").read_text() == "2\n" and repro(toy) == [], "what was done is recorded"
