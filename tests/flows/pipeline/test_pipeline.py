"""The flow over a toy DVC project, with a real Prefect API of its own."""

import sqlite3
import subprocess
import uuid
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from tasks.running.recording import PREFECT_RUN, prefect_run
from tests.flows.conftest import repro
from tests.flows.running import finish, start


def run(toy: Path) -> tuple[str, list[str]]:
    """Run the flow in a process of its own; what it printed, and which commands ran."""
    (toy / "log.txt").write_text("")
    return finish(start(toy)), (toy / "log.txt").read_text().split()


def shown(toy: Path) -> dict[tuple[str, str], str]:
    """Task and task run to state, of the last run, as Prefect keeps them."""
    asked = """SELECT task_run.name, task_run.task_key, task_run.state_name FROM task_run JOIN flow_run
        ON flow_run.id = flow_run_id WHERE flow_run_id = (SELECT id FROM flow_run ORDER BY created DESC LIMIT 1)"""
    with closing(sqlite3.connect(toy / ".l2s/prefect/prefect.db")) as database:
        rows = database.execute(asked).fetchall()
    return {(key.partition("-")[0], name): state for name, key, state in rows}


@pytest.mark.slow
def test_the_flow_and_dvc_do_the_same_work(toy: Path) -> None:
    said, ran = run(toy)
    assert said == "ran" and sorted(ran) == ["joined", "made", "made", "other"]
    lock = yaml.safe_load((toy / "dvc.lock").read_text())
    assert repro(toy) == [], "whichever is run second finds nothing to do"
    assert run(toy) == ("nothing", [])
    for path in ("made-one.txt", "made-two.txt", "joined.txt", "other.txt", "dvc.lock"):
        (toy / path).unlink()
    subprocess.run(["rm", "-rf", ".dvc/cache", ".dvc/tmp"], cwd=toy, check=True)
    assert sorted(repro(toy)) == ["joined", "made", "made", "other"]
    assert yaml.safe_load((toy / "dvc.lock").read_text()) == lock, "but for the order in which stages ended"
    before = (toy / "params.yaml").read_text()
    (toy / "params.yaml").write_text(before.replace("width: 2", "width: 5"))
    assert run(toy) == ("ran", ["made", "joined"])
    assert shown(toy) == {
        ("make", "make@one"): "Cached", ("make", "make@two"): "Completed", ("join", "join"): "Completed",
        ("other", "other"): "Cached",
    }  # fmt: skip
    (toy / "params.yaml").write_text(before)
    assert run(toy) == ("ran", []), "what a parameter that is put back makes comes from DVC's run cache"
    assert repro(toy) == [] and set(shown(toy).values()) == {"Cached"}


@pytest.mark.slow
def test_a_failing_stage_is_named_and_the_rest_still_runs(toy: Path) -> None:
    (toy / "dvc.yaml").write_text(
        (toy / "dvc.yaml").read_text().replace("cat made-*.txt >", "false && cat made-*.txt >")
    )
    (toy / "dvc.yaml").write_text((toy / "dvc.yaml").read_text().replace("; echo joined >> log.txt", ""))
    said, ran = run(toy)
    assert said.startswith("failed: join") and sorted(ran) == ["made", "made", "other"]
    assert said.count("\n") == 0, "one line a cause"


@pytest.mark.slow
def test_stages_that_need_what_failed_are_counted_and_not_told_one_by_one(toy: Path) -> None:
    (toy / "dvc.yaml").write_text("stages:\n  first: {cmd: exit 2, outs: [first.txt]}\n" + "".join(
        f"  n{n}: {{cmd: echo > n{n}.txt, deps: [first.txt], outs: [n{n}.txt]}}\n" for n in range(7)
    ))  # fmt: skip
    said, _ = run(toy)
    assert said.startswith("failed: first: ") and said.splitlines()[1:] == ["7 stages that need what failed: not run"]


def test_a_run_is_named_by_what_it_runs() -> None:
    from flows.pipeline.flow import run_name

    assert run_name(["merge@a{b}", "verify@slow"]) == "merge@a{b}, verify@slow"
    assert run_name(["family", *(f"merge@{n}" for n in range(30)), "report"]) == "family, 30 merge, report"


def test_the_environment_tells_the_flow_run_s_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PREFECT_RUN, raising=False)
    assert prefect_run() is None
    monkeypatch.setenv(PREFECT_RUN, "an-id")
    assert prefect_run() == "an-id"


@pytest.mark.slow
def test_a_stage_is_told_the_flow_run_s_id_for_its_record(toy: Path) -> None:
    before = (toy / "dvc.yaml").read_text()
    (toy / "dvc.yaml").write_text(before.replace("echo other > other.txt", f"echo ${PREFECT_RUN} > other.txt"))
    assert run(toy)[0] == "ran"
    assert uuid.UUID((toy / "other.txt").read_text().strip())
