"""A training as a job for verl: its data, its reward without verl, and what verl cannot do."""

import importlib.util
import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest
import yaml

from l2s.core.errors import ConfigError
from l2s.generation.settings import PromptParams
from l2s.records import read_rows
from l2s.training.export import export_verl
from l2s.training.union import parse_training
from tests.training.small import BLOCKS, FAST

LEVELS = {"reward": {"kind": "tldr", "length_scale": 100, "levels": {"short": 0.5, "long": 0.1}}}


def exported(start: Path, inputs: dict[str, Path], out: Path, method: str = "grpo", **more: Any) -> Path:
    settings = parse_training({"method": method, **FAST, **BLOCKS[method], **more}, "training.small")
    problems, validation = read_rows(inputs["problems"]), read_rows(inputs["validation"])
    export_verl("small", settings, PromptParams(system="Think."), start, problems, validation, {}, out)
    return out


def reward_in(out: Path) -> ModuleType:
    """The module that verl is told to call."""
    spec = importlib.util.spec_from_file_location("exported_reward", out / "reward.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_data(start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    out, problems = exported(start, inputs, tmp_path / "out", **LEVELS), read_rows(inputs["problems"])
    rows = pl.read_parquet(out / "train.parquet").to_dicts()
    assert [row["reward_model"]["ground_truth"] for row in rows] == [row["gold"] for row in problems]
    assert rows[1]["prompt"] == [
        {"role": "system", "content": "Think."},
        {"role": "user", "content": f"{problems[1]['problem']} Reasoning length: long."},
    ]
    assert [row["extra_info"]["level"] for row in rows[:3]] == ["short", "long", "short"]
    assert len(pl.read_parquet(out / "validation.parquet")) == 5


def test_config(start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    out = exported(start, inputs, tmp_path / "out", loss="dr_grpo", scale="none", kl=0.01, importance="sequence")
    found = yaml.safe_load((out / "config.yaml").read_text())
    actor, rollout = found["actor_rollout_ref"]["actor"], found["actor_rollout_ref"]["rollout"]
    assert actor["loss_agg_mode"] == "seq-mean-token-sum-norm" and actor["use_kl_loss"] and rollout["n"] == 4
    assert actor["policy_loss"]["loss_mode"] == "gspo" and not found["algorithm"]["norm_adv_by_std_in_grpo"]
    assert actor["optim"]["betas"] == [0.9, 0.98], "as here; verl's own second one is 0.999"
    assert found["trainer"]["total_training_steps"] == 6 and found["data"]["train_batch_size"] == 2


def test_the_reward_is_ours(start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    out = exported(start, inputs, tmp_path / "out", **LEVELS, max_tokens=60)
    module = reward_in(out)
    right, info = " Wait The answer is \\boxed{7}.", {"level": "short", "reference": None}
    found = module.compute_score("l2s", right, "7", info)
    assert found["acc"] == 1 and found["score"] == pytest.approx(1 - 0.5 * found["length"] / 100)
    assert module.compute_score("l2s", right, "8", info)["score"] == 0
    cut = module.compute_score("l2s", " Wait" * 70 + right, "7", info)
    assert (cut["acc"], cut["score"], cut["length"]) == (0, 0, 60), "what the limit cuts is wrong"


def test_the_reward_is_called_as_verl_calls_it(start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    """By keywords, from several threads, with what the rows hold and two keys more, on text without special tokens."""
    from transformers import AutoTokenizer

    out = exported(start, inputs, tmp_path / "out", reward={"kind": "tldr_target"}, reference="own", max_tokens=60)
    module = reward_in(out)
    tokenizer = AutoTokenizer.from_pretrained(start)
    rows = [row for name in ("train", "validation") for row in pl.read_parquet(out / f"{name}.parquet").to_dicts()]

    def scored(row: dict[str, Any]) -> tuple[dict[str, float], int]:
        text = f"<think> Wait</think> The answer is \\boxed{{{row['reward_model']['ground_truth']}}}."
        ids = [*tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
        return module.compute_score(
            data_source=row["data_source"],
            solution_str=tokenizer.decode(ids, skip_special_tokens=True),
            ground_truth=row["reward_model"]["ground_truth"],
            extra_info=row["extra_info"] | {"num_turns": None, "rollout_reward_scores": {}},
        ), len(ids)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(scored, rows * 4))
    assert len(found) == 4 * len(rows) and all(one["acc"] == 1 for one, _ in found)
    assert all(one["length"] == length for one, length in found), "the stop token counts, and think marks do"
    assert {type(one["score"]) for one, _ in found} == {float} and found[: len(rows)] == found[-len(rows) :]


def test_marks_that_verl_would_leave_out_are_refused(start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(start, model)
    tokens = json.loads((model / "tokenizer.json").read_text())
    for token in tokens["added_tokens"]:
        token["special"] = token["special"] or token["content"] == "</think>"
    (model / "tokenizer.json").write_text(json.dumps(tokens))
    with pytest.raises(ConfigError, match=r"verl cannot take </think> of .*/model: special tokens"):
        exported(model, inputs, tmp_path / "out")


def test_paths_are_whole_for_workers_elsewhere(start: Path, inputs: dict[str, Path], tmp_path: Path) -> None:
    out, tools = exported(start, inputs, tmp_path / "out"), tmp_path / "tools"
    tools.mkdir()
    (tools / "python").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (tools / "python").chmod(0o755)
    told = subprocess.run(
        ["sh", str(out / "run.sh"), "more=1"], env={"PATH": f"{tools}:/usr/bin:/bin"}, capture_output=True, text=True
    ).stdout.splitlines()
    assert told[-1] == "more=1" and f"reward.custom_reward_function.path={out / 'reward.py'}" in told
    assert {f"data.train_files={out}/train.parquet", f"data.val_files={out}/validation.parquet"} <= set(told)


@pytest.mark.parametrize(
    ("method", "more", "said"),
    [
        ("dpo", {}, "method dpo; expected grpo"),
        ("grpo", {"reward": {"kind": "kimi"}}, "reward kimi, which looks at more than one response"),
        ("grpo", {"scale": "batch"}, "scale batch; expected group or none"),
    ],
)
def test_what_verl_cannot_do(
    method: str, more: dict[str, Any], said: str, start: Path, inputs: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=f"training.small: verl cannot take {said}"):
        exported(start, inputs, tmp_path / "out", method, **more)
    assert not (tmp_path / "out").exists()
