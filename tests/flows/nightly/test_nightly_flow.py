"""The night in Prefect: a failed flow run, and a served deployment that runs on demand as it would at night."""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from flows.pipeline.server import served
from l2s.nightly.night import night_names
from tests.flows.nightly.nightly_project import MODELS, make_accepted, make_project, make_worse, night
from tests.flows.running import L2S, ROOT, nobody_left, processes_in, without_prefect

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (MODELS / "quick/config.json").is_file(), reason="the embedded models are not checked out"),
]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_HOME", str(tmp_path_factory.mktemp("prefect")))
        patch.setenv("DO_NOT_TRACK", "1")
        patch.setenv("PYTHONPATH", str(ROOT))
        with served() as address:
            yield f"{address}/api"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One night, accepted; then worse weights under the same name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PREFECT_API_URL", raising=False)  # this night is no business of Prefect's
        make_accepted(tmp_path)
    make_worse(tmp_path)
    return tmp_path


def post(api: str, path: str, body: dict[str, Any]) -> Any:
    """What the server answers to somebody who may ask it: not a page, but a client that fetched a token."""
    client = "tests"
    token = httpx.get(f"{api}/csrf-token", params={"client": client}, timeout=30).json()["token"]
    headers = {"Prefect-Csrf-Token": token, "Prefect-Csrf-Client": client}
    return httpx.post(f"{api}/{path}", json=body, headers=headers, timeout=30).raise_for_status().json()


def wait(api: str, run: str, patience: float = 180) -> dict[str, Any]:
    ends = time.monotonic() + patience
    while time.monotonic() < ends:
        state: dict[str, Any] = httpx.get(f"{api}/flow_runs/{run}", timeout=30).json()["state"]
        if state["type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED"):
            return state
        time.sleep(0.5)
    raise AssertionError(f"the flow run did not end within {patience:g} s")


def test_a_regression_is_a_failed_flow_run_and_exit_code_1(api: str, project: Path) -> None:
    done = subprocess.run([*L2S, "nightly", "--once"], cwd=project, capture_output=True, text=True)
    assert done.returncode == 1 and "weights good" in done.stdout, done.stderr
    [run] = post(api, "flow_runs/filter", {"sort": "START_TIME_DESC", "limit": 1})
    assert run["state"]["type"] == "FAILED" and "weights good" in run["state"]["message"]
    assert run["name"].startswith("night of 20")
    tasks = post(api, "task_runs/filter", {"flow_runs": {"id": {"any_": [run["id"]]}}})
    assert {task["name"] for task in tasks} == {"nightly@quick", "nightly@good"}
    artifacts = post(api, "artifacts/filter", {})
    assert {"l2s-nightly", "l2s-nightly-outcome"} <= {artifact["key"] for artifact in artifacts}


def test_bad_input_is_one_sentence_there_too(api: str, project: Path) -> None:
    shutil.rmtree(project / "data/models/good")
    done = subprocess.run([*L2S, "nightly", "--once"], cwd=project, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith("error: data/models/good: missing"), done.stderr
    assert "Traceback" not in done.stderr


def test_a_schedule_that_is_none_is_refused(api: str, project: Path) -> None:
    done = subprocess.run([*L2S, "nightly", "--cron", "every day"], cwd=project, capture_output=True, text=True)
    assert done.returncode == 2 and "--cron 'every day': not a schedule; expected five fields" in done.stderr


def test_the_served_deployment_runs(api: str, project: Path) -> None:
    served_flow = subprocess.Popen([*L2S, "nightly", "--cron", "30 3 * * 1"], cwd=project, stderr=subprocess.PIPE)
    try:
        address, found = f"{api}/deployments/name/l2s-nightly/nightly", None
        for _ in range(240):
            answer = httpx.get(address, timeout=30)
            if answer.is_success:
                found = answer.json()
                break
            assert served_flow.poll() is None, served_flow.stderr.read() if served_flow.stderr else ""
            time.sleep(0.5)
        assert found is not None
        assert [schedule["schedule"]["cron"] for schedule in found["schedules"]] == ["30 3 * * 1"]
        body = {"state": {"type": "SCHEDULED"}}
        run = post(api, f"deployments/{found['id']}/create_flow_run", body)["id"]
        state = wait(api, run)
        assert state["type"] == "FAILED" and "weights good" in state["message"], state
        assert night(project, night_names(project / "data/nightly")[-1])["outcome"] == "regression"
    finally:
        served_flow.send_signal(signal.SIGINT)
        served_flow.wait(60)


def serve_here(folder: Path, home: Path) -> subprocess.Popen[str]:
    """``l2s nightly`` every minute, with nothing of Prefect's there before: no address, no home, no cache."""
    environment = without_prefect(HOME=str(home), XDG_CACHE_HOME=str(home / "cache"))
    command = [*L2S, "nightly", "--cron", "* * * * *"]
    return subprocess.Popen(
        command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def wait_for_nights(folder: Path, count: int, serving: subprocess.Popen[str], patience: float = 600) -> list[str]:
    ends = time.monotonic() + patience
    while time.monotonic() < ends and serving.poll() is None:
        if len(names := night_names(folder / "data/nightly")) >= count:
            return names
        time.sleep(0.5)
    said = serving.communicate()[1] if serving.poll() is not None else ""
    raise AssertionError(f"no {count} nights within {patience:g} s; ended with {serving.poll()}: {said}")


def test_nights_served_on_a_fresh_folder_come_by_themselves(tmp_path: Path) -> None:
    """The schedule, the server, the process that polls it: nothing is started by hand; and again after a restart."""
    folder, home = tmp_path / "project", tmp_path / "home"
    for place in (folder, home):
        place.mkdir()
    make_project(folder, problems=4)
    for nights in (2, 3):
        serving = serve_here(folder, home)
        try:
            names = wait_for_nights(folder, nights, serving)
            servers = [line for line in processes_in(folder) if "uvicorn" in line or "server" in line]
            assert len(servers) == 1, servers
        finally:
            serving.send_signal(signal.SIGINT)
            said = serving.communicate(timeout=120)[1]
        assert "serving l2s-nightly/nightly at '* * * * *'" in said and "Traceback" not in said, said
    assert [night(folder, name)["outcome"] for name in names[:2]] == ["first", "first"]
    nobody_left(folder)


def test_the_deployment_of_a_work_pool_names_the_flow_and_its_schedule() -> None:
    [found] = [
        one for one in yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"] if one["name"] == "nightly"
    ]
    path, _, name = found["entrypoint"].partition(":")
    assert (ROOT / path).is_file() and f"def {name}(" in (ROOT / path).read_text()
    assert [schedule["cron"] for schedule in found["schedules"]] == ["0 2 * * *"]
