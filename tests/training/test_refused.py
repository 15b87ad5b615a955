"""What is wrong with a training is one sentence, before anything is trained."""

import json
import re
import shutil
from pathlib import Path

import pytest

from l2s.core.errors import ConfigError, L2SError
from l2s.training.union import parse_training
from tests.training.small import run

SFT = {"method": "sft", "model": "m", "data": {"kind": "shortest", "samples": "s"}}
REWARD = {"kind": "tldr", "length_scale": 300}
GRPO = {"method": "grpo", "model": "m", "reward": REWARD}


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({**SFT, "method": "sff"}, "method 'sff' is unknown; did you mean 'sft'?"),
        ({"model": "m"}, "method is missing; known: dpo, expert_iteration, grpo, o1_pruner, sft"),
        ({**SFT, "epoch": 1}, "'epoch' (did you mean 'epochs'?)"),
        ({**GRPO, "reward": {**REWARD, "kind": "tldrr"}}, "kind 'tldrr' is unknown; did you mean 'tldr'?"),
        ({**GRPO, "reward": {**REWARD, "lambda": 1.5}}, "λ = 1.5 lies outside 0 to 1"),
        ({**GRPO, "reward": {"kind": "tldr_target"}}, "name its samples under 'reference'"),
        ({**SFT, "level_template": "{problem}"}, "expected {level} in it"),
        ({**SFT, "learning_rate": 0}, "greater than 0"),
    ],
)
def test_settings(block: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)) as error:
        parse_training(block, "params.yaml: training.x")
    assert str(error.value).startswith("params.yaml: training.x") and "\n" not in str(error.value)


def refused(said: str, method: str, start: Path, inputs: dict[str, Path], out: Path, **more: object) -> None:
    with pytest.raises(L2SError, match=re.escape(said)) as error:
        run(method, start, inputs, out, **more)
    assert "\n" not in str(error.value)
    assert not out.exists()


def test_a_model_without_tokenizer(start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(start, bare)
    for file in bare.glob("*token*"):
        file.unlink()
    refused("tokenizer", "sft", bare, inputs, tmp_path / "out")


def test_levels_that_are_one_text(start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    levels = {"reward": {**REWARD, "levels": {"short": 0.5, "long": 0.0}}}
    refused("level_template", "grpo", start, inputs, tmp_path / "out", **levels, level_template="{problem} {level}")


def test_contaminated_problems(start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    shared = json.loads(inputs["problems"].read_text().splitlines()[0])
    test = tmp_path / "asked.jsonl"
    test.write_text(json.dumps({**shared, "id": "same", "problem": shared["problem"].upper()}) + "\n")
    refused("are asked by benchmarks", "sft", start, {**inputs, "test": test}, tmp_path / "out")


def test_unknown_samples(start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    data = {"data": {"kind": "shortest", "samples": "owm"}}
    refused("there are no samples 'owm'; did you mean 'own'?", "sft", start, inputs, tmp_path / "out", **data)


def test_a_taken_place(start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(L2SError, match="holds files that are no training of ours"):
        run("sft", start, inputs, tmp_path / "out")
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"
