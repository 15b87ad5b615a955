"""Columns recounted from the rows: waste, outcome efficiency, averages over benchmarks, findings of several runs."""

import numpy as np
import pytest

from l2s.analysis.findings.takeaways import judge_runs
from l2s.analysis.inputs.facts import RunFacts
from l2s.analysis.results.overall import mean_of_intervals
from l2s.analysis.settings import AnalysisParams
from l2s.analysis.statistics.accuracy import Interval
from tests.analysis.simulate import analysed, verdict_rows

SETTINGS = AnalysisParams(slow="slow", bootstrap=400)


def report(rows, facts=None):  # type: ignore[no-untyped-def]
    return analysed(rows, SETTINGS, facts)


def test_tokens_until_the_answer_and_after_it() -> None:
    """Half of 100 characters, 40 tokens each; one right answer that is nowhere stated; one wrong one."""
    rows = verdict_rows({"slow": 1.0}, {"test": 4})
    texts = ["x=7".rjust(50, "-").ljust(100, "-"), "x=7".rjust(50, "-").ljust(100, "-"), "seven".ljust(100, "-"), "x=8"]
    for row, text in zip(rows, texts, strict=True):
        right = text != "x=8"
        row |= {"response": text, "answer": "7" if right else "8", "correct": right, "finish": "stop"}
        row |= {"status": "correct" if right else "incorrect", "tokens": 50, "response_tokens": 40}
    found = report(rows)
    row = found.rows[0]
    assert row["to_answer"] == pytest.approx((20 + 20 + 40) / 3)
    assert row["after_answer"] == pytest.approx((20 + 20 + 0) / 3)
    assert row["after_answer_share"] == pytest.approx(40 / 120)
    assert found.efficiency[0]["outcome_efficiency"] == pytest.approx((0.5 + 0.5 + 1 + 0) / 4)


def test_right_and_wrong_answers_lengths() -> None:
    rows = verdict_rows({"slow": 0.5}, {"test": 60})
    row = report(rows).rows[0]
    for name, right in (("tokens_right", True), ("tokens_wrong", False)):
        lengths = [r["tokens"] for r in rows if r["correct"] is right]
        half = 2.0 * np.std(lengths, ddof=1) / len(lengths) ** 0.5
        assert row[name] == pytest.approx(np.mean(lengths))
        assert row[f"{name}_high"] - row[name] == pytest.approx(half, rel=0.05)


def test_a_mean_of_independent_estimates() -> None:
    """Half-widths 0.03 and 0.04 add to 0.05 in squares, over two."""
    found = mean_of_intervals([Interval(0.5, 0.47, 0.53), Interval(0.7, 0.66, 0.74)])
    assert found == pytest.approx((0.6, 0.575, 0.625))


def test_every_reduction_has_the_interval_of_its_own_definition() -> None:
    """Where the slow run is cut on some problems, the reduction over finished ones is another number."""
    rows = verdict_rows({"slow": 0.9, "merge": 0.9}, {"a": 120, "b": 40}, seed=5)
    for row in rows:
        if row["run"] == "slow" and int(row["id"]) % 5 == 0:
            row |= {"finish": "length", "tokens": 2000, "correct": False, "status": "truncated", "answer": None}
    found = next(row for row in report(rows).overall if row["run"] == "merge")
    names = [f"reduction_{name}" for name in ("mean_of_benchmarks", "total_tokens", "both_finished")]
    for name in names:
        assert found[f"{name}_low"] < found[name] < found[f"{name}_high"]
    assert found[f"{names[2]}_high"] < found[f"{names[1]}_low"], "cut answers made the slow run longer than it is"


def judged(rows, name):  # type: ignore[no-untyped-def]
    facts = {row["run"]: RunFacts(method="ties") for row in rows}
    found = judge_runs([], rows, [], [], [], facts, ["test"], SETTINGS)
    return next(one["status"] for one in found if one["id"] == name)


def overall(run: str, verdict: str, low: float, high: float) -> dict:  # type: ignore[type-arg]
    name = "reduction_mean_of_benchmarks"
    difference = {"difference": 0.0, "difference_low": -0.01, "difference_high": 0.01}
    reduction = {name: (low + high) / 2, f"{name}_low": low, f"{name}_high": high}
    return {"run": run, "verdict": verdict, **reduction, **difference}


def test_one_recipe_that_halves_the_length_at_parity_is_enough_and_all_must_fail_to_contradict() -> None:
    good, longer = overall("a", "parity", 0.45, 0.55), overall("b", "parity", 0.1, 0.2)
    worse, open_ = overall("c", "worse", 0.6, 0.7), overall("d", "undecided", 0.45, 0.55)
    status = {
        "supported": ([good], [good, longer, worse]),
        "contradicted": ([longer], [worse], [longer, worse]),
        "undecided": ([open_], [open_, worse], [overall("e", "parity", 0.35, 0.45)], []),
    }
    for expected, cases in status.items():
        for rows in cases:
            assert judged(rows, "half-at-parity-ties") == expected, (expected, rows)
