"""A stage that the flow runs is told the flow run's id, for its record."""

import uuid
from pathlib import Path

import pytest

from tasks.running.recording import PREFECT_RUN, prefect_run
from tests.flows.test_pipeline import run


def test_the_environment_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PREFECT_RUN, raising=False)
    assert prefect_run() is None
    monkeypatch.setenv(PREFECT_RUN, "an-id")
    assert prefect_run() == "an-id"


@pytest.mark.slow
def test_the_flow_tells_its_stages(toy: Path) -> None:
    before = (toy / "dvc.yaml").read_text()
    (toy / "dvc.yaml").write_text(before.replace("echo other > other.txt", f"echo ${PREFECT_RUN} > other.txt"))
    assert run(toy)[0] == "ran"
    assert uuid.UUID((toy / "other.txt").read_text().strip())
