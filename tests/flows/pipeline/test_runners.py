"""The toy project on every runner, and by workers of a work pool: the same bytes as plain dvc repro."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from flows.pipeline.runners import check_runner, task_runner
from l2s.core.errors import ConfigError
from l2s.core.extras import MissingExtra, naming_extras
from tests.flows.conftest import repro
from tests.flows.running import ROOT, finish, here, start

EXTRAS = {"dask": "prefect_dask", "ray": "prefect_ray"}
MADE = ("made-one.txt", "made-two.txt", "joined.txt", "other.txt")


def run(toy: Path, runner: str) -> str:
    return finish(start(toy, runner)).splitlines()[-1]


def made(toy: Path) -> dict[str, bytes]:
    return {name: (toy / name).read_bytes() for name in MADE}


def made_by_dvc(toy: Path) -> dict[str, bytes]:
    """What plain dvc repro makes; the project is then as before."""
    repro(toy)
    found = made(toy)
    for name in (*MADE, "dvc.lock", "log.txt"):
        (toy / name).unlink()
    subprocess.run(["rm", "-rf", ".dvc/cache", ".dvc/tmp"], cwd=toy, check=True)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("runner", ["processes", "dask", "ray"])
def test_a_runner_makes_the_same_bytes(toy: Path, runner: str) -> None:
    if runner in EXTRAS and importlib.util.find_spec(EXTRAS[runner]) is None:
        pytest.skip(f"the extra '{runner}' is not installed")
    expected = made_by_dvc(toy)
    assert run(toy, runner) == "ran"
    assert made(toy) == expected
    assert sorted((toy / "log.txt").read_text().split()) == ["joined", "made", "made", "other"]
    assert run(toy, runner) == "nothing" and repro(toy) == []


@pytest.mark.slow
def test_a_failing_stage_is_named_by_processes_too(toy: Path) -> None:
    (toy / "dvc.yaml").write_text(
        (toy / "dvc.yaml").read_text().replace("cat made-*.txt >", "exit 2; cat made-*.txt >")
    )
    assert run(toy, "processes").startswith("failed: join")


def test_wrong_runners_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="runner 'tread' is not known; did you mean 'threads'"):
        check_runner("tread", None)
    with pytest.raises(ConfigError, match="runner 'threads' takes none"):
        check_runner("threads", "tcp://somewhere")
    for runner, module in EXTRAS.items():
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(MissingExtra, match=rf"pip install 'l2s\[{runner}\]'"), naming_extras("l2s run"):
            task_runner(runner, 1, None)


POOL = """
import os, subprocess, sys, time
from pathlib import Path
from flows.pipeline.run import prepared_environment
from flows.pipeline.server import served
root, toy = sys.argv[1:]
with prepared_environment(), served():
    from prefect import flow
    from prefect.deployments import run_deployment
    here = [sys.executable, "-m", "prefect"]
    subprocess.run([*here, "work-pool", "create", "l2s", "--type", "process"], check=True, stdout=sys.stderr)
    deployed = flow.from_source(root, "flows/pipeline/deployed.py:pipeline")
    deployed.deploy("pipeline", work_pool_name="l2s", print_next_steps=False)
    start = [*here, "worker", "start", "--pool", "l2s", "--limit", "1", "--name"]
    workers = [subprocess.Popen([*start, name], stdout=sys.stderr) for name in ("first", "second")]
    try:
        name = "l2s-pipeline/pipeline"
        runs = [
            run_deployment(name, parameters={"targets": [target], "folder": toy, "jobs": 1}, timeout=0)
            for target in ("make@one", "make@two")
        ]
        from prefect.client.orchestration import get_client
        with get_client(sync_client=True) as client:
            while any(not client.read_flow_run(run.id).state.is_final() for run in runs):
                time.sleep(0.5)
            ends = [client.read_flow_run(run.id) for run in runs]
            rest = run_deployment(name, parameters={"folder": toy, "jobs": 1}, timeout=240)
        at_once = max(end.start_time for end in ends) < min(end.end_time for end in ends)  # each worker takes one
        print([end.state.name for end in [*ends, rest]], at_once)
    finally:
        for worker in workers:
            worker.terminate()
            worker.wait()
"""


@pytest.mark.slow
def test_two_workers_of_a_pool_make_the_same_bytes(toy: Path) -> None:
    expected = made_by_dvc(toy)
    environment = here(PREFECT_WORKER_QUERY_SECONDS="1")
    command = [sys.executable, "-c", POOL, str(ROOT), str(toy)]
    done = subprocess.run(command, cwd=toy, capture_output=True, text=True, env=environment, timeout=500)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "['Completed', 'Completed', 'Completed'] True", done.stderr
    assert made(toy) == expected and repro(toy) == []
