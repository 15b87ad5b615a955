"""The benchmark of training: its settings are a params.yaml, its stages come in an order that works."""

from pathlib import Path

import yaml

from bench.training import SETTINGS, stages, wanted
from l2s.config import Config


def test_settings_are_a_params_file(tmp_path: Path) -> None:
    params = wanted(yaml.safe_load(SETTINGS.read_text()), 2, None)
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    config = Config.read(tmp_path / "params.yaml")
    assert {"sft", "dpo", "o1_pruner", "grpo", "expert_iteration"} == {one.method for one in config.training.values()}
    assert {one.seed for one in (*config.training.values(), *config.samples.values())} == {2}
    assert config.training["grpo-tldr"].problems.seed == 22  # other problems with another seed


def test_stages_come_after_what_they_read() -> None:
    params = wanted(yaml.safe_load(SETTINGS.read_text()), 0, ["sft-merge", "grpo-levels-short"])
    assert set(params["training"]) == {"sft-merge", "sft-levels", "grpo-levels"}
    assert set(params["samples"]) == {"slow", "merge"}
    found = list(dict.fromkeys(stages(params)))
    for earlier, later in (
        ("family", "merge@merge"), ("merge@merge", "sample@merge"), ("sample@merge", "gather@sft-merge"),
        ("gather@sft-merge", "train@sft-merge"), ("train@sft-levels", "train@grpo-levels"),
        ("train@grpo-levels", "generate@grpo-levels-short"), ("verify@grpo-levels-short", "analyse"),
    ):  # fmt: skip
        assert found.index(earlier) < found.index(later), (earlier, later)
