"""A training in a file of its own."""

from pathlib import Path

import pytest

from l2s.core.errors import ConfigError
from l2s.training.file import read_training

REWARD = {"kind": "tldr", "length_scale": 300}


def test_a_path_in_the_place_of_problems_is_a_file_of_them() -> None:
    block = {"method": "grpo", "model": "models/slow", "reward": REWARD, "problems": "mine.jsonl", "steps": 3}
    found = read_training(block | {"validation": {"problems": "../check.jsonl"}}, "t.yaml", Path("there"))
    said = {"problems": {"source": "file", "path": "mine.jsonl"}}
    said |= {"validation": {"problems": {"source": "file", "path": "../check.jsonl"}}}
    assert found == read_training(block | said, "t.yaml", Path("there"))
    with pytest.raises(ConfigError, match=r"t.yaml: problems: found 3, expected"):
        read_training(block | {"problems": 3}, "t.yaml", Path("there"))


def test_develop_is_a_file_too() -> None:
    data = {"kind": "reweight", "short": "a.jsonl", "long": "b.jsonl", "every": 2, "develop": "dev.jsonl"}
    found = read_training({"method": "sft", "model": "m", "data": data}, "t.yaml", Path("there"))
    assert found.data.develop.path == Path("there/dev.jsonl")  # type: ignore[attr-defined]
