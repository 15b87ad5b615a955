"""Training in the summary: costs in rows, levels of length tested, three ways on one front, one choice among all."""

from typing import Any

import pytest

from l2s.analysis.analyse import Report
from l2s.analysis.inputs.facts import RunFacts
from l2s.analysis.settings import AnalysisParams
from tests.analysis import simulate

COST: dict[str, Any] = {"tokens_sampled": 9000, "tokens_generated": 0, "tokens_trained": 4000}
LENGTHS = {"slow": 110, "average": 42, "slow-budget-96": 60, "sft": 36, "lev-short": 30, "lev-medium": 70,
           "lev-long": 100}  # fmt: skip
WRONG = {"slow-budget-96": 80, "sft": 60, "lev-long": 70}
"""Of 200 problems, the last ones."""
FACTS = {
    "average": RunFacts(method="linear"),
    "slow-budget-96": RunFacts(control_kind="budget", control={"max_think": 96}),
    "sft": RunFacts(training="sft", hardware="one core", control_kind="none", **COST),
} | {
    f"lev-{level}": RunFacts(training="grpo", length_level=level, control_kind="none", **COST)
    for level in ("short", "medium", "long")
}


def verdicts(lengths: dict[str, int]) -> list[dict[str, Any]]:
    """200 problems a benchmark; a run is wrong in its last ones, with answers that are 10 tokens longer."""
    return [
        {"run": run, "model": "lev" if run.startswith("lev") else "slow" if "budget" in run else run,
         "benchmark": benchmark, "id": str(number), "sample": 0, "gold": "7", "prompt": "3+4?", "response": "7",
         "tokens": tokens + number % 5 + (0 if right else 10), "finish": "stop", "closed": True, "answer": "7",
         "correct": right, "status": "correct" if right else "incorrect", "grader": "l2s", "think_tokens": 0,
         "response_tokens": 1, "seed": 0, "engine": "none", "level": 1}
        for benchmark in ("validation", "test")
        for run, tokens in lengths.items()
        for number in range(200)
        for right in [number < 200 - WRONG.get(run, 0)]
    ]  # fmt: skip


def analysed(lengths: dict[str, int] = LENGTHS, facts: dict[str, RunFacts] = FACTS) -> Report:
    return report_of(verdicts(lengths), facts)


def report_of(rows: list[dict[str, Any]], facts: dict[str, RunFacts], **more: Any) -> Report:
    """What is found where all but slow and its budget are candidates."""
    runs = {row["run"]: None for row in rows if row["run"] in LENGTHS}
    candidates = [run for run in runs if run != "slow" and "budget" not in run]
    settings = {"slow": "slow", "validation": "validation", "candidates": candidates, "bootstrap": 200, **more}
    return simulate.analysed(rows, AnalysisParams.model_validate(settings), facts)


@pytest.fixture(scope="module")
def report() -> Report:
    return analysed()


def test_rows_of_trained_models_tell_what_training_cost(report: Report) -> None:
    rows = {row["run"]: row for row in report.rows if row["benchmark"] == "test"}
    assert {name: rows["sft"][name] for name in COST} == COST
    assert (rows["sft"]["training"], rows["sft"]["hardware"]) == ("sft", "one core")
    assert "training" not in rows["average"]
    assert (rows["sft"]["tokens_right"], rows["sft"]["tokens_wrong"]) == (38.0, 48.0)  # a mean of 0 to 4 on top


def test_a_level_in_a_run_s_name_is_no_length_control(report: Report) -> None:
    roles = {run["run"]: run["role"] for run in report.runs}
    assert roles == {"slow": "slow", "average": "merge", "slow-budget-96": "control", "sft": "trained",
                     "lev-short": "chosen", "lev-medium": "trained", "lev-long": "trained"}  # fmt: skip
    assert {row["control"] for row in report.rows if row["model"] == "lev"} == {"none"}
    assert {row["kind"] for row in report.controls} == {"none", "budget"}
    assert {row["model"] for row in report.controls} == {"slow"}


def test_the_chosen_run_is_one_of_merges_and_trainings_and_each_way_has_its_best(report: Report) -> None:
    assert report.chosen.run == "lev-short" and "models at parity" in report.chosen.reason
    best = {row["way"]: row["run"] for row in report.rivals if row["best"]}
    assert best == {"merge": "average", "control": "slow-budget-96", "trained": "lev-short"}


def test_the_front_is_over_merges_controls_and_trainings(report: Report) -> None:
    assert [row["run"] for row in report.rivals if row["on_front"]] == ["lev-short"]  # as right as any, and shortest
    assert {row["benchmark"] for row in report.rivals} == {"test"}
    assert "slow" not in {row["run"] for row in report.rivals}
    without = analysed({run: tokens for run, tokens in LENGTHS.items() if not run.startswith("lev")})
    assert [row["run"] for row in without.rivals if row["on_front"]] == ["average", "sft"]


def test_levels_are_tested_one_against_the_next(report: Report) -> None:
    rows = [row for row in report.asked if row["benchmark"] == "test"]
    assert [(row["length_level"], row["distinct"], row["ordered"]) for row in rows] == [
        ("short", None, True), ("medium", True, True), ("long", True, True),
    ]  # fmt: skip
    assert rows[1]["ratio_to_shorter"] == pytest.approx(72 / 32) and rows[0]["ratio_to_shorter"] is None
    assert rows[1]["p_step"] == pytest.approx(2 * 2 * 0.5**200)  # every problem longer; two steps by Holm
    assert [row["verdict"] for row in rows] == ["parity", "parity", "worse"]


@pytest.mark.parametrize(("medium", "distinct"), [(30, [False, True]), (110, [True, False])])
def test_equal_or_exchanged_levels_are_not_in_order(medium: int, distinct: list[bool]) -> None:
    rows = [row for row in analysed(LENGTHS | {"lev-medium": medium}).asked if row["benchmark"] == "test"]
    assert [row["distinct"] for row in rows[1:]] == distinct and not any(row["ordered"] for row in rows)


def test_one_level_alone_or_one_under_a_control_is_no_curve() -> None:
    held = FACTS["lev-long"].model_copy(update={"control_kind": "budget"})
    lengths = {run: tokens for run, tokens in LENGTHS.items() if run != "lev-medium"}
    assert analysed(lengths, FACTS | {"lev-long": held}).asked == []


def test_without_a_training_there_is_nothing_of_it() -> None:
    lengths = {run: LENGTHS[run] for run in ("slow", "average", "slow-budget-96")}
    found = analysed(lengths)
    assert (found.rivals, found.asked) == ([], []) and "recipes at parity" in found.chosen.reason
    assert all("training" not in row for row in found.rows)
