"""What stages occupy, and which of them must ask before they start."""

from pathlib import Path

import pytest
import yaml

from flows.pipeline.resources import Resources, resources_of
from l2s.config import Config
from tasks.stage import GB

ROOT = Path(__file__).resolve().parents[3]


def config_with(folder: Path, **resources: object) -> Config:
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    for name in ("base", "slow"):
        model = folder / name
        model.mkdir()
        with open(model / "model.safetensors", "wb") as file:
            file.truncate(15 * GB)  # takes no room: a file with a hole
        params["models"][name] = {"source": "path", "path": str(model)}
    params["resources"] = resources
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(params))
    return Config.read(path)


def test_a_merge_occupies_what_it_reads_and_writes(tmp_path: Path) -> None:
    params = config_with(tmp_path, memory=64, needs={"generate": {"gpu": 2}, "generate@base": {"memory": 9, "gpu": 0}})
    stages = ["merge@ta-s40", "merge@lore", "generate@slow", "generate@base", "verify@slow"]
    found = resources_of(params, stages)
    assert found.needs["merge@ta-s40"]["memory"] == 1 + 15 + 15 + 15
    assert found.needs["generate@slow"] == {"cpu": 1, "memory": 16, "gpu": 2}
    assert found.needs["generate@base"] == {"cpu": 1, "memory": 9, "gpu": 0}
    assert found.needs["verify@slow"]["memory"] == 1
    assert found.limits["memory"] == 64 and found.limits["gpu"] == 1 and found.limits["cpu"] >= 1


def test_only_what_could_be_short_is_asked_for() -> None:
    needs = {"big": {"memory": 40}, "vast": {"memory": 90}, "small": {"memory": 1}, "free": {}}
    resources = Resources({"memory": 64, "cpu": 8}, needs)
    assert resources.contended(needs, 2) == {
        "big": {"memory": 40},
        "vast": {"memory": 64},
        "small": {"memory": 1},
        "free": {},
    }
    assert resources.contended(["big", "small"], 2) == {"big": {}, "small": {}}
    assert resources.contended(["big"], 4) == {"big": {}}


@pytest.mark.parametrize(
    "needs, decoding, jobs",
    [
        ({}, {}, 1),
        ({"search": {"gpu": 4}}, {}, 1),
        ({"search": {"cpu": 4}}, {}, 4),
        ({"search": {"cpu": 4}, "search@found": {"cpu": 2}}, {}, 2),
        ({"search": {"memory": 9}}, {}, 1),
        ({"search": {"gpu": 4}}, {"device": "cuda"}, 4),
        ({"search": {"gpu": 4}}, {"device": "cuda", "tensor_parallel_size": 2}, 2),
        ({"search": {"gpu": 0, "cpu": 3}}, {"device": "cuda"}, 1),
    ],
)
def test_a_search_has_a_job_for_each_engine_that_it_may_occupy(
    tmp_path: Path, needs: dict[str, object], decoding: dict[str, object], jobs: int
) -> None:
    from tasks.search import jobs as jobs_of

    found = config_with(tmp_path, needs=needs)
    decoding_of = found.decoding.model_copy(update=decoding)
    assert jobs_of(found.model_copy(update={"decoding": decoding_of}), "found") == jobs
