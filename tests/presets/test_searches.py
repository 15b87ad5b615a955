"""``l2s preset NAME --search``: ranges in which what the papers print lies."""

from pathlib import Path

import pytest
import yaml

from l2s.config import Config
from l2s.core.errors import ConfigError
from l2s.presets.searches import preset_with_searches
from l2s.search.space import space_of
from tests.conftest import L2s

PRINTED = {
    "qwen2.5-1.5b": [
        ("task_arithmetic", {"weight": 0.7}),
        ("ties", {"density": 0.2, "lambda": 1.0}),
        ("dare_linear", {"density": 0.7, "lambda": 0.5}),
        ("aim", {"density": 0.2, "lambda": 1.0, "omega": 0.4}),
        ("sens", {"lambda": 0.4, "temperature": 3}),
    ],
    "qwen2.5-7b": [
        ("task_arithmetic", {"weight": 0.7}),
        ("ties", {"density": 0.2, "lambda": 1.0}),
        ("dare_linear", {"density": 0.7, "lambda": 0.5}),
        ("aim", {"density": 0.2, "lambda": 1.0, "omega": 0.4}),
        ("sens", {"lambda": 0.7, "temperature": 2}),
    ],
    "qwen2.5-14b": [
        ("task_arithmetic", {"weight": 0.7}),
        ("ties", {"density": 0.8, "lambda": 0.5}),
        ("dare_linear", {"density": 0.6, "lambda": 0.5}),
        ("aim", {"density": 0.8, "lambda": 0.5, "omega": 0.4}),
        ("sens", {"lambda": 0.8, "temperature": 6}),
    ],
    "qwen2.5-32b": [("task_arithmetic", {"weight": 0.7}), ("ties", {"density": 0.75, "lambda": 0.55})],
    "qwen3-8b": [("ties", {"density": 0.3, "lambda": 0.7})],
}
"""The study's coefficients (arXiv:2503.20641, appendix): shares kept, where it prints shares that are dropped."""


def read(name: str, tmp_path: Path) -> Config:
    (tmp_path / "params.yaml").write_text(preset_with_searches(name))
    return Config.read(tmp_path / "params.yaml")


@pytest.mark.parametrize(
    ("name", "method", "printed"), [(name, *one) for name, all_ in PRINTED.items() for one in all_]
)
def test_what_the_study_prints_lies_within(name: str, method: str, printed: dict[str, float], tmp_path: Path) -> None:
    config = read(name, tmp_path)
    (search,) = [one for one in config.searches.values() if one.recipe["merge_method"] == method]
    space = space_of(search)
    values = {}
    for one in space.dimensions:
        key = one.name.rpartition(".")[2]
        assert one.low <= printed[key] <= one.high  # type: ignore[union-attr]
        values[one.name] = printed[key]
    assert len(values) == len(printed), "every number that is printed may vary"
    tried_first = config.recipes[search.start[0]]
    assert space.values_of(tried_first) == values == space.values_of(space.candidate(values).recipe)


@pytest.mark.parametrize("name", ["tiny", *PRINTED])
def test_every_find_is_measured_and_the_text_keeps_its_comments(name: str, tmp_path: Path) -> None:
    config = read(name, tmp_path)
    models = {run.model for run in config.runs.values()}
    assert {f"merged/{search}" for search in config.searches} <= models
    (benchmark,) = {search.benchmark for search in config.searches.values()}
    assert benchmark not in config.measured() and config.analysis.validation in config.measured()
    text = preset_with_searches(name)
    assert text.count("\nsearches:") == 1 and text.startswith("# Preset")
    assert yaml.safe_load(text)["searches"].keys() == config.searches.keys()


def test_a_preset_without_coefficients_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"preset dpo has no recipe whose numbers could be searched for; take qwen2"):
        preset_with_searches("dpo")


def test_the_command_writes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, l2s: L2s) -> None:
    monkeypatch.chdir(tmp_path)
    assert l2s("preset", "qwen2.5-7b", "--search")[0] == 0
    assert Path("params.yaml").read_text() == preset_with_searches("qwen2.5-7b")
