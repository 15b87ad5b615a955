"""Fractured sampling: where a trace is cut, what follows, and what the plan costs."""

import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from l2s.core.errors import ConfigError
from l2s.core.row import Row
from l2s.family.tokenizer import build_tokenizer
from l2s.generation.controls.control import Control
from l2s.generation.controls.delimiters import Delimiters
from l2s.generation.controls.kinds.fractured import Cut, cuts
from l2s.generation.controls.union import parse_control
from l2s.generation.generate import Counts
from l2s.generation.settings import PromptParams
from l2s.generation.store.store import Stored
from tests.generation.asking import ask, coins

OPEN, CLOSE, STOP = 1, 2, 3
MARKS = Delimiters((OPEN,), (CLOSE,), (CLOSE, 40, 41), before_close=(42,))
FORCED = [42, CLOSE, 40, 41]


def control(**found: object) -> Control:
    return parse_control({"kind": "fractured", **found}, "control")


def trace(ids: list[int], think: int, finish: str, closed: bool) -> Stored:
    return Stored(ids, finish, closed, think, len(ids))


def test_a_closed_trace_goes_on_from_its_own_close() -> None:
    ids = [OPEN, *range(10, 17), CLOSE]
    found = cuts(trace(ids, 7, "control", True), False, control(depths=3), MARKS)
    assert found == [
        Cut([OPEN, 10, 11], FORCED, 2, 3), Cut([OPEN, 10, 11, 12, 13], FORCED, 4, 2), Cut(ids, [], 7, 4),
    ]  # fmt: skip


def test_a_trace_in_an_opened_prompt_has_no_opening() -> None:
    found = cuts(trace([10, 11, CLOSE], 2, "control", True), True, control(depths=2), MARKS)
    assert found == [Cut([10], FORCED, 1, 1), Cut([10, 11, CLOSE], [], 2, 2)]


@pytest.mark.parametrize(("ids", "finish"), [([OPEN, 10, 11, 12], "length"), ([OPEN, 10, 11, 12, STOP], "stop")])
def test_a_trace_that_never_closed_is_closed_at_its_end(ids: list[int], finish: str) -> None:
    found = cuts(trace(ids, 3, finish, False), False, control(depths=1), MARKS)
    assert found == [Cut([OPEN, 10, 11, 12], FORCED, 3, len(ids))]


def test_a_trace_without_thinking_is_left_as_it_is_or_is_thinking_as_a_whole() -> None:
    answer = trace([10, 11, 12, STOP], 0, "stop", True)
    left = cuts(answer, False, control(depths=2), MARKS)
    assert left == [Cut(answer.ids, [], 0, 4, over=True), Cut(answer.ids, [], 0, 0, over=True)]
    whole = cuts(trace([10, 11, 12, STOP], 3, "stop", True), False, control(depths=2, thinking_scope="response"), MARKS)
    assert whole == [Cut([10], [40, 41], 1, 1), Cut(answer.ids, [], 3, 3, over=True)]


def test_depths_are_floors_and_fresh_tokens_add_up() -> None:
    rng = random.Random(0)
    for _ in range(100):
        length, depths = rng.randint(0, 40), rng.randint(1, 12)
        ids = [OPEN, *[10] * length, CLOSE]
        found = cuts(trace(ids, length, "control", True), False, control(depths=depths), MARKS)
        assert [cut.think_tokens for cut in found] == [i * length // depths for i in range(1, depths + 1)]
        assert sum(cut.fresh for cut in found) == len(ids) and all(cut.fresh >= 0 for cut in found)


def ids_of(text: str) -> list[int]:
    return list(build_tokenizer()(text)["input_ids"])


def run(model: Path, folder: Path, block: dict[str, Any], **sampling: Any) -> tuple[Counts, list[Row]]:
    how = {"max_tokens": 30, "temperature": 0.9, "samples": 2, **sampling}
    return ask(model, folder, coins(3), {"kind": "fractured", **block}, PromptParams(prefill="<think>"), **how)


def test_the_plan_has_a_row_for_every_solution_and_its_cost_adds_up(model: Path, tmp_path: Path) -> None:
    block = dict(depths=3, solutions=2, max_answer=7)
    counts, rows = run(model, tmp_path, block)
    axes = [(row["id"], row["trace"], row["depth"], row["solution"]) for row in rows]
    assert axes == [(str(n), t, d, s) for n in range(3) for t in range(2) for d in (1, 2, 3) for s in range(2)]
    assert [row["sample"] for row in rows[:12]] == list(range(12))
    assert counts == (0, 6 + 36)
    for row in rows:
        assert row["tokens"] == row["response_tokens"] and row["closed"] and row["limit"] in (None, "max_answer")
    spent = sqlite3.connect(tmp_path / "store.sqlite").execute("SELECT tokens, finish FROM responses").fetchall()
    own_close = [finish for _, finish in spent].count("control")  # of traces; solutions are drawn without a control
    forced = len(ids_of("</think>")) + len(ids_of("\n\n"))
    generated = sum(tokens for tokens, _ in spent)
    assert sum(row["plan_tokens"] for row in rows) == generated + forced * (36 - 2 * own_close)
    assert len({row["response"] for row in rows if row["id"] == "0"}) > 6, "solutions differ"
    again, same = run(model, tmp_path, block)
    assert again == (42, 0) and same == rows
    assert run(model, tmp_path, dict(depths=3, solutions=3, max_answer=7))[0] == (6 + 36, 18), "one more each"
    deeper, finer = run(model, tmp_path, dict(depths=6, solutions=2, max_answer=7))
    assert deeper == (6 + 36, 36), "every second depth is stored"
    assert [r["response"] for r in finer if r["depth"] % 2 == 0] == [row["response"] for row in rows]


def test_a_prefix_is_the_traces_own(model: Path, tmp_path: Path) -> None:
    _, rows = run(model, tmp_path, dict(depths=2, solutions=1, max_answer=5))
    _, traced = run(model, tmp_path, dict(depths=1, solutions=1, max_answer=5))
    for row in rows:
        whole = next(one for one in traced if (one["id"], one["trace"]) == (row["id"], row["trace"]))
        assert whole["response"].startswith(row["response"].partition("</think>")[0])


def test_several_greedy_solutions_are_refused(model: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="at temperature 0 all of 1 traces and 4 solutions are the same"):
        run(model, tmp_path, dict(), temperature=0.0, samples=1)
    _, rows = run(model, tmp_path, dict(depths=2, solutions=1, max_answer=5), temperature=0.0, samples=1)
    assert len(rows) == 6
