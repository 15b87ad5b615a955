"""What params.yaml says of searches beside their ranges: what cannot be is one sentence, before anything runs."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from l2s.config import Config
from l2s.core.errors import ConfigError
from tests.search.models import ranged

FAMILY = {"source": "family"}
PARAMS: dict[str, Any] = {
    "models": {"base": FAMILY, "quick": FAMILY, "slow": FAMILY},
    "benchmarks": {
        "choose": {"source": "arithmetic", "split": "validation"},
        "report": {"source": "arithmetic", "split": "test"},
        "look": {"source": "arithmetic", "split": "search", "per_level": 80},
    },
    "recipes": {"average": {"merge_method": "linear", "models": [{"model": "quick"}, {"model": "slow"}]}},
    "searches": {
        "line": {"recipe": ranged(0, 1), "benchmark": "look", "slow": "slow", "start": ["average", "closed-form"]}
    },
    "controls": {"none": {"kind": "none"}},
    "runs": {
        "slow": {"model": "models/slow", "control": "none"},
        "average": {"model": "merged/average", "control": "none"},
        "line": {"model": "merged/line", "control": "none"},
    },
    "analysis": {"slow": "slow", "validation": "choose"},
}


def read(tmp_path: Path, *changes: tuple[str, Any]) -> Config:
    """The file with values put at dotted places; None: the key goes."""
    params = copy.deepcopy(PARAMS)
    for place, value in changes:
        *path, key = place.split(".")
        block = params
        for part in path:
            block = block.setdefault(part, {})
        if value is None:
            del block[key]
        else:
            block[key] = value
    file = tmp_path / "params.yaml"
    file.write_text(yaml.safe_dump(params, sort_keys=False))
    return Config.read(file)


def test_a_search_s_benchmark_is_its_own(tmp_path: Path) -> None:
    config = read(tmp_path)
    assert config.measured() == ["choose", "report"]
    assert config.candidates() == ["average", "line"]
    assert list(read(tmp_path, ("searches", None), ("runs.line", None)).measured()) == ["choose", "report", "look"]


@pytest.mark.parametrize("content", [b"\xff\xfe\n", b"\x1f\x8b damaged"])
def test_settings_are_read_whatever_a_file_of_problems_holds(tmp_path: Path, content: bytes) -> None:
    """Every command reads them; the stage that draws the problems says what is wrong."""
    (tmp_path / "mine.jsonl").write_bytes(content)
    config = read(tmp_path, ("benchmarks.look", {"source": "jsonl", "path": str(tmp_path / "mine.jsonl")}))
    assert list(config.searches) == ["line"]


LINE = "searches.line"
SOURCE = "benchmarks.look.source"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ([(f"{LINE}.benchmark", "lok")], "searches.line.benchmark: 'lok' is no benchmark; did you mean 'look'?"),
        ([(f"{LINE}.benchmark", ["look", "lok"])], "searches.line.benchmark: 'lok' is no benchmark"),
        ([(f"{LINE}.benchmark", "choose")], "'choose' is analysis.validation, on which the search's winner is to be"),
        ([(f"{LINE}.benchmark", "report")], "'report' is the embedded arithmetic's test split"),
        (
            [("analysis.test", ["look", "report"])],
            "searches.line.benchmark: 'look' is in analysis.test, on which the search's winner is to be reported",
        ),
        ([("benchmarks.report", None)], "'look' leaves no benchmark to report on"),
        ([("benchmarks.look", {"source": "math500"})], "'look' is MATH500, a published test set, which must stay one"),
        ([("benchmarks.look", {"source": "gsm8k"})], "a published test set, which must stay one; take split: train"),
        ([(f"{LINE}.slow", "slwo")], "searches.line.slow: 'slwo' is no run; did you mean 'slow'?"),
        (
            [
                (f"{LINE}.slow", "warm"),
                ("runs.warm", {"model": "models/slow", "control": "none", "sampling": {"seed": 1}}),
            ],
            "searches.line.slow: the run 'warm' has sampling of its own, and trials answer as decoding says",
        ),
        ([(f"{LINE}.slow", "line")], "searches.line.slow: the run 'line' has the model that this search finds"),
        ([(f"{LINE}.start", ["avrage"])], "searches.line.start: 'avrage' is no recipe; did you mean 'average'?"),
        ([("recipes.line", PARAMS["recipes"]["average"])], "searches.line: a recipe is called so too"),
        ([("runs.line.model", "merged/lin")], "runs.line.model: 'merged/lin' is no model, recipe or training"),
        ([(f"{LINE}.control", "eot")], "searches.line.control: 'eot' is not under controls"),
        ([("models.base", None)], "searches.line.recipe: 'base' is not among the models"),
        (
            [("benchmarks.look.per_level", 6)],
            "line.margin: 30 problems can certify a margin of 11.4 points at best, and 2 points take at least 189",
        ),
        ([("benchmarks.look.limit", 30)], "30 problems can certify a margin of 11.4 points at best"),
        ([("benchmarks.look.per_level", 40)], "200 problems can certify a margin of"),
        ([(f"{LINE}.budget", {"problems": 100})], "budget.problems: 100 problems can certify a margin of"),
        ([(f"{LINE}.budget", {"trials": 0})], "searches.line.budget.trials: found 0, expected greater than or equal"),
        ([(f"{LINE}.goal", "front"), (f"{LINE}.sampler", "cma-es")], "sampler cma-es takes one goal"),
        ([("searches.a", {})], "searches.a.recipe: required, but missing"),
        ([("searches", {})], "runs.line.model: 'merged/line' is no model"),
    ],
)
def test_what_cannot_be_is_one_sentence(tmp_path: Path, changes: list[tuple[str, Any]], sentence: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(tmp_path, *changes)
    assert sentence in str(error.value)
    assert str(error.value).count(sentence) == 1


def test_searches_that_wait_for_one_another_are_refused(tmp_path: Path) -> None:
    other = PARAMS["searches"]["line"] | {"slow": "line"}
    assert read(tmp_path, ("searches.other", other)).searches["other"].slow == "line", "one after the other is right"
    with pytest.raises(
        ConfigError, match=r"searches\.line\.slow: the run 'other' has the model that this search finds"
    ):
        read(
            tmp_path,
            ("searches.other", other),
            ("runs.other", {"model": "merged/other", "control": "none"}),
            (f"{LINE}.slow", "other"),
        )


def test_an_empty_block_says_what_to_write(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(PARAMS | {"searches": None}))
    with pytest.raises(ConfigError, match=r"searches: empty; expected at least `searches: \{\}`"):
        Config.read(tmp_path / "params.yaml")
