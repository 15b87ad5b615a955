"""Stages search and found, and a run of what is found: in a small project, by the stages' own functions."""

import json
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from l2s.checkpoints import Checkpoint
from l2s.config import Config
from l2s.core.errors import ConfigError
from l2s.records import read_rows
from tasks.running.declared import declared, stage_names
from tests.lineage.projects import begin, do, inputs_of, write
from tests.search.models import ranged

pytestmark = pytest.mark.long
PARAMS: dict[str, Any] = {
    "family": {},
    "models": {name: {"source": "path", "path": f"given/{name}"} for name in ("base", "quick", "slow")},
    "benchmarks": {
        "choose": {"source": "arithmetic", "split": "validation", "per_level": 1},
        "report": {"source": "arithmetic", "split": "test", "per_level": 1},
        "look": {"source": "arithmetic", "split": "search", "per_level": 4},
    },
    "recipes": {
        "average": {
            "merge_method": "linear",
            "models": [{"model": name, "parameters": {"weight": 0.5}} for name in ("quick", "slow")],
            "dtype": "bfloat16",
        }
    },
    "searches": {
        "line": {
            "recipe": ranged(), "benchmark": "look", "slow": "slow", "start": ["average", "closed-form"],
            "margin": 0.3, "budget": {"trials": 3, "problems": 60}, "batch": 3, "block": 10,
        }
    },
    "controls": {"none": {"kind": "none"}},
    "grading": {"grader": "l2s"},
    "runs": {
        "slow": {"model": "models/slow", "control": "none"},
        "line": {"model": "merged/line", "control": "none"},
    },
    "decoding": {"engine": "transformers", "prompt": {"style": "chat"}, "sampling": {"max_tokens": 300}},
    "analysis": {"slow": "slow", "validation": "choose"},
}  # fmt: skip
DONE = ("family", "problems@choose", "problems@report", "problems@look", "generate@slow", "search@line", "found@line",
        "generate@line", "verify@slow", "verify@line", "analyse", "report")  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("optuna")
    folder = begin(tmp_path_factory.mktemp("searching"), PARAMS)
    with chdir(folder):
        do(*DONE)
    return folder


@pytest.fixture
def project(finished: Path) -> Iterator[Path]:
    with chdir(finished):
        write(PARAMS)
        yield finished


def test_what_is_found_is_a_merge_like_every_other(project: Path) -> None:
    summary = json.loads(Path("data/searches/line/search.json").read_text())
    assert summary["found"] and summary["settings"]["benchmark"] == "look"
    recipe = yaml.safe_load(Path("data/searches/line/recipe.yaml").read_text())
    assert recipe == summary["winner"]["recipe"] and recipe["merge_method"] == "task_arithmetic"
    assert Checkpoint(Path("data/merged/line")).weights_digest == summary["winner"]["weights"], (
        "the trial's weights, to the bit"
    )
    manifest = json.loads(Path("data/merged/line/l2s_manifest.json").read_text())
    assert set(manifest["inputs"]) == {"base", "quick", "slow"}


def test_what_was_read_of_a_search_stands_in_the_records(project: Path) -> None:
    """The analysis is done again from its record's inputs alone: without the recipe it knew no coefficients."""
    for stage in ("analyse", "report"):
        read = {f"data/searches/line/{name}" for name in ("recipe.yaml", "search.json", "trials.csv")}
        assert read <= inputs_of(stage), stage


def test_what_the_search_took_is_told_of_its_run(project: Path) -> None:
    spent = json.loads(Path("data/searches/line/search.json").read_text())["spent"]["tokens"]
    runs = json.loads(Path("data/summary/summary.json").read_text())["runs"]
    assert {run["run"]: run["tokens_generated"] for run in runs} == {"slow": None, "line": spent}


def test_the_user_s_recipes_are_tried_first(project: Path) -> None:
    trials = pl.read_csv("data/searches/line/trials.csv").to_dicts()
    assert [row["start"] for row in trials] == [True, True, False]
    assert trials[0]["value.s"] == 0.5, "an average is half of both task vectors"


def test_runs_do_not_answer_the_search_s_problems(project: Path) -> None:
    for run in ("slow", "line"):
        assert {row["benchmark"] for row in read_rows(Path(f"data/responses/{run}.jsonl"))} == {"choose", "report"}
    summary = json.loads(Path("data/summary/summary.json").read_text())
    assert {row["benchmark"] for row in summary["rows"]} == {"choose", "report"}
    (method,) = {one["method"] for one in summary["runs"] if one["run"] == "line"}
    assert method == "task_arithmetic", "the analysis knows the recipe that was found"
    page = Path("data/report/index.html").read_text()
    assert '<section id="searches">' in page and "<h3>line</h3>" in page


def test_records_tell_what_was_read(project: Path) -> None:
    models = {f"data/models/{name}" for name in ("base", "quick", "slow")}
    benchmarks = {f"data/benchmarks/{name}.jsonl" for name in ("choose", "report", "look")}
    assert inputs_of("search/line") == models | benchmarks | {"data/responses/slow.jsonl"}
    assert inputs_of("found/line") == models | {"data/searches/line/recipe.yaml"}
    assert "data/benchmarks/look.jsonl" not in inputs_of("generate/line")


def test_dvc_yaml_declares_them(project: Path) -> None:
    assert {"search@line", "found@line"} <= set(stage_names())
    found = declared("search", "line")
    assert {"searches.line", "recipes", "controls", "runs.slow", "decoding", "grading"} == set(found.parameters)
    assert set(map(str, found.outputs)) == {"data/searches/line", "data/lineage/search/line.json"}
    assert Path("data/searches/line/recipe.yaml") in declared("found", "line").dependencies


def test_a_second_search_asks_the_journal_and_writes_the_same_bytes(project: Path) -> None:
    before = {file.name: file.read_bytes() for file in Path("data/searches/line").iterdir()}
    journal = Path(".l2s/searches/line.jsonl")
    size = journal.stat().st_size
    do("search@line")
    assert {file.name: file.read_bytes() for file in Path("data/searches/line").iterdir()} == before
    assert journal.stat().st_size == size


def test_ranges_without_parity_fail_with_how_near_it_came(project: Path) -> None:
    worse = PARAMS["searches"]["line"] | {"recipe": ranged(-0.6, -0.5), "start": [], "budget": {"trials": 1}}
    write(PARAMS | {"searches": {"worse": worse}, "runs": {"slow": PARAMS["runs"]["slow"]}})
    with pytest.raises(ConfigError, match=r"searches\.worse: nothing at parity within 30 points was found in 1 trial"):
        do("search@worse")
    assert not Path("data/searches/worse/recipe.yaml").exists()
    assert json.loads(Path("data/searches/worse/search.json").read_text())["best_bound"]["problems"] > 0


def test_problems_that_another_benchmark_asks_are_refused(project: Path) -> None:
    same = {"source": "jsonl", "path": "data/benchmarks/look.jsonl"}
    write({**PARAMS, "benchmarks": {**PARAMS["benchmarks"], "copy": same}})
    assert Config.read().measured() == ["choose", "report", "copy"]
    do("problems@copy")
    with pytest.raises(ConfigError, match=r"20 of 20 searching problems are asked by benchmarks: .* of copy"):
        do("search@line")
