"""Controls that ask something first: cothink's outline by another model, TALE's estimate by the model itself."""

from pathlib import Path
from typing import Any

import pytest
import torch

from l2s.core.errors import CheckpointError
from l2s.core.row import Row
from l2s.family.model import fresh_model
from l2s.family.settings import FamilySettings
from l2s.family.tokenizer import build_tokenizer
from l2s.generation.controls.asking import FirstQuestion
from l2s.generation.controls.kinds.cothink import OUTLINE
from l2s.generation.controls.kinds.prompt import NO_NUMBER
from l2s.generation.controls.union import parse_control
from l2s.generation.generate import Counts
from l2s.generation.settings import PromptParams
from tests.generation.asking import ask, coins

CLOSING = "</think>"


@pytest.fixture(scope="module")
def planner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "planner"
    model = fresh_model(FamilySettings(hidden_size=64, layers=1, heads=2, key_value_heads=1, seed=3))
    with torch.no_grad():
        for weight in model.model.layers.parameters():
            weight.mul_(30)  # or it says the last token again and again, a line break
    model.save_pretrained(folder)
    build_tokenizer().save_pretrained(folder)
    return folder


def first_of(block: dict[str, Any]) -> FirstQuestion:
    first = parse_control(block, "control").first_question()
    assert first is not None
    return first


TALE = {"kind": "prompt", "style": "token-budget", "estimate": True, "tokens": 77}


def run(
    model: Path, folder: Path, block: dict[str, Any], count: int = 3, max_tokens: int = 20, **sampling: Any
) -> tuple[Counts, list[Row]]:
    return ask(model, folder, coins(count), block, PromptParams(prefill="<think>"), max_tokens=max_tokens, **sampling)


def cothink(planner: Path, tmp_path: Path, **found: Any) -> dict[str, Any]:
    link = tmp_path / "planner"
    if not link.exists():
        link.symlink_to(planner)
    return {"kind": "cothink", "outliner": "planner", "outline_tokens": 9, **found}


def test_both_models_tokens_are_counted(model: Path, planner: Path, tmp_path: Path) -> None:
    counts, rows = run(model, tmp_path, cothink(planner, tmp_path))
    assert counts == (0, 6)
    for row in rows:
        assert 1 <= row["first_tokens"] <= 9
        assert row["tokens"] == row["first_tokens"] + row["response_tokens"]
        assert (row["model"], row["prompt"].count("<think>")) == ("tiny", 1), "the outline's question is not prefilled"


def test_the_outline_is_the_planners_answer_and_stands_in_the_prompt(
    model: Path, planner: Path, tmp_path: Path
) -> None:
    block = cothink(planner, tmp_path)
    _, rows = run(model, tmp_path, block)
    (tmp_path / "alone").mkdir()
    questions = [OUTLINE.replace("{problem}", row["problem"]) for row in rows]
    _, outlines = ask(planner, tmp_path / "alone", questions, max_tokens=9)
    for row, outline in zip(rows, outlines, strict=True):
        assert (row["first_answer"], row["first_tokens"]) == (outline["response"], outline["tokens"])
        plan = outline["response"].strip()
        assert (f"A plan for solving it:\n{plan}\n\nFollow" if plan else "?<|im_end|>") in row["prompt"]
    assert any(row["first_answer"].strip() for row in rows)


def test_outlines_and_answers_are_generated_once(model: Path, planner: Path, tmp_path: Path) -> None:
    block = cothink(planner, tmp_path)
    _, rows = run(model, tmp_path, block)
    assert run(model, tmp_path, block) == (Counts(6, 0), rows)
    assert run(model, tmp_path, block, count=4)[0] == (6, 2)
    assert run(model, tmp_path, block, max_tokens=12)[0] == (3, 3), "the outlines are the same"
    budget = cothink(planner, tmp_path, max_think=4, max_answer=3)
    counts, cut = run(model, tmp_path, budget)
    assert counts == (3, 3) and all(row["think_tokens"] <= 4 for row in cut)
    assert any(row["limit"] in ("max_think", "max_answer") for row in cut)


def test_samples_have_outlines_of_their_own(model: Path, planner: Path, tmp_path: Path) -> None:
    block = cothink(planner, tmp_path)
    _, two = run(model, tmp_path, block, temperature=1.0, samples=2)
    counts, three = run(model, tmp_path, block, temperature=1.0, samples=3)
    assert counts == (12, 6) and [row for row in three if row["sample"] < 2] == two
    assert len({row["first_answer"] for row in three}) > 5


def test_an_outliner_that_is_not_there_is_one_sentence(model: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="nowhere"):
        run(model, tmp_path, {"kind": "cothink", "outliner": "nowhere"})
    assert not (tmp_path / "out.jsonl").exists()


def test_the_estimate_is_charged_and_what_it_says_is_stated(model: Path, tmp_path: Path) -> None:
    counts, rows = run(model, tmp_path, TALE)
    assert counts == (0, 6)
    for row in rows:
        assert row["tokens"] == row["first_tokens"] + row["response_tokens"] and row["first_tokens"] > 0
        assert "use less than 77 tokens" in row["prompt"], "an untrained model gives no number"


@pytest.mark.parametrize(
    ("said", "stated"),
    [
        ("[[60]]", 60), ("I guess [[ 12 ]], no [[40]].", 40), ("[[9]]</think> so [[30]]", 30), ("60", 77),
        ("[[0]]", 77), ("[[9]]</think> none", 77), ("", 77),
    ],
)  # fmt: skip
def test_estimates_are_read_behind_thinking(said: str, stated: int) -> None:
    asked = f"Let's think step by step and use less than {stated} tokens:"
    assert first_of(TALE).put("1+1?", said, CLOSING) == f"1+1?\n{asked}"


def test_without_any_number_none_is_stated() -> None:
    block = {"kind": "prompt", "style": "token-budget", "estimate": True}
    assert first_of(block).put("1+1?", "no idea", CLOSING) == f"1+1?\n{NO_NUMBER}"


def test_braces_in_problem_and_outline_are_left_alone() -> None:
    block = {"kind": "cothink", "outliner": "x"}
    text = first_of(block).put("a {outline} b", " {problem} c ", CLOSING)
    assert text.startswith("a {outline} b\n\nA plan for solving it:\n{problem} c\n\n")
    assert first_of(block).put("q", " \n", CLOSING) == "q", "no outline, no mention of one"
    assert first_of(block).put("q", "thoughts</think> one", CLOSING).count("one") == 1
    assert first_of(block).ask("q{problem}") == OUTLINE.replace("{problem}", "q{problem}")
