"""``l2s preset NAME --search``: ranges in which what the papers print lies."""

from pathlib import Path

import pytest
import yaml

from l2s.config import Config
from l2s.core.errors import ConfigError
from l2s.presets.searches import RANGES, preset_with_searches
from l2s.search.space import space_of
from tests.conftest import L2s

STUDY = ("qwen2.5-1.5b", "qwen2.5-7b", "qwen2.5-14b", "qwen2.5-32b", "qwen3-8b")
"""Presets whose recipes have numbers as papers print them, see test_presets.py."""


def read(name: str, tmp_path: Path) -> Config:
    (tmp_path / "params.yaml").write_text(preset_with_searches(name))
    return Config.read(tmp_path / "params.yaml")


@pytest.mark.parametrize("name", STUDY)
def test_what_the_study_prints_lies_within_and_is_tried_first(name: str, tmp_path: Path) -> None:
    config = read(name, tmp_path)
    assert "ties" in {search.recipe["merge_method"] for search in config.searches.values()}
    for search in config.searches.values():
        space = space_of(search)
        values = space.values_of(config.recipes[search.start[0]])
        assert values is not None and space.values_of(space.candidate(values).recipe) == values
        assert {key.rpartition(".")[2] for key in values} == RANGES[search.recipe["merge_method"]].keys()
        assert all(one.low <= values[one.name] <= one.high for one in space.dimensions)  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["tiny", *STUDY])
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
