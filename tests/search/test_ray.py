"""Workers on a Ray cluster, which a process of its own starts: they change nothing, and tell what is wrong."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from l2s.core.errors import ConfigError, EngineError
from l2s.generation.settings import DecodingParams
from l2s.search.live.ray_workers import ray_workers
from l2s.search.live.trialist import LiveTrialist
from l2s.search.live.workers import SpreadTrialist
from l2s.search.space import Candidate
from tests.search.models import arithmetic, family
from tests.search.test_live import PROBLEMS, SHARES, settings

CLUSTER = """
import ray
ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
print(ray.get_runtime_context().gcs_address, flush=True)
input()
"""
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    pytest.importorskip("ray")
    environment = os.environ | {"RAY_AUTH_MODE": "disabled"}  # a token is for those that the cluster starts, as stages
    command = [sys.executable, "-c", CLUSTER]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    started = psutil.Process(process.pid)
    yield process.stdout.readline().strip()
    children = started.children(recursive=True)
    process.communicate("\n", timeout=60)
    assert psutil.wait_procs(children, timeout=60)[1] == []


def test_workers_on_a_cluster_change_nothing(address: str, tmp_path: Path) -> None:
    """More of them than it has cores: a stage that waits for its workers holds one."""
    models = family(tmp_path, True)
    asked = [(Candidate(arithmetic(*shares)), PROBLEMS[:10]) for shares in SHARES]
    with LiveTrialist(settings(tmp_path, models, store=tmp_path / "one.sqlite")) as alone:
        expected, slow = alone.answer(asked), alone.baseline(PROBLEMS[:10])
    live = settings(tmp_path, models)
    with LiveTrialist(live) as here, ray_workers(live, 2, address) as workers:
        trialist = SpreadTrialist(here, workers)
        assert trialist.answer(asked) == expected and trialist.baseline(PROBLEMS[:10]) == slow
        with pytest.raises(ConfigError, match=r"^ta.control: found 'c', expected a valid dictionary"):
            trialist.answer([(Candidate(arithmetic(*SHARES[0]), "c"), PROBLEMS)])


def test_a_cluster_with_too_few_gpus_is_told_of(address: str, tmp_path: Path) -> None:
    live = replace(settings(tmp_path, family(tmp_path, True)), decoding=DecodingParams(device="cuda"))
    sentence = "an engine for each of 2 jobs takes 2 GPUs, and the Ray cluster has 0"
    with pytest.raises(EngineError, match=sentence), ray_workers(live, 2, address):
        pass
