"""Runs with sampling of their own: beside the run of the same model, and in no other table."""

from typing import Any

import pytest

from l2s.analysis.analyse import Report
from l2s.analysis.inputs.facts import RunFacts
from l2s.analysis.output.summary import LISTS, headline_numbers, summary_of
from l2s.analysis.output.tables import markdown_table
from l2s.analysis.output.terminal import sampled_table
from l2s.analysis.statistics.paired import tango
from l2s.core.errors import ConfigError, RecordError
from tests.analysis.test_rivals import FACTS, LENGTHS, report_of, verdicts

Row = dict[str, Any]
WARM = {"temperature": 1.0, "top_p": 1.0, "top_k": 0}
ASIDE = {"slow-warm": "slow", "average-warm": "average"}
BESIDE = {run: RunFacts(beside=beside, sampling=dict(WARM)) for run, beside in ASIDE.items()}
MADE = FACTS | BESIDE
WRONG = {"slow-warm": 30, "average-warm": 10}
"""Of 200 problems, the first ones."""


def warm(run: str, samples: int = 1) -> list[Row]:
    """Answers of ``run``, 20 tokens longer; each wrong problem is so in its first sample."""
    plain = [row for row in verdicts(LENGTHS) if row["run"] == ASIDE[run]]
    return [
        row | {"run": run, "sample": sample, "tokens": row["tokens"] + 20, "correct": right,
               "status": "correct" if right else "incorrect"}
        for row in plain
        for sample in range(samples)
        for right in [not (int(row["id"]) < WRONG[run] and sample == 0)]
    ]  # fmt: skip


def analysed(rows: list[Row], facts: dict[str, RunFacts] | None = None, **more: Any) -> Report:
    return report_of(rows, MADE if facts is None else facts, **more)


@pytest.fixture(scope="module")
def report() -> Report:
    return analysed([*verdicts(LENGTHS), *warm("slow-warm"), *warm("average-warm")])


def own(report: Report, run: str) -> Row:
    (found,) = [row for row in report.sampled if (row["run"], row["benchmark"]) == (run, "test")]
    return found


def test_no_other_table_knows_of_them(report: Report) -> None:
    without = analysed(verdicts(LENGTHS))
    assert without.sampled == [] and len(report.sampled) == 4
    for name in LISTS:
        if name != "sampled":
            assert getattr(report, name) == getattr(without, name), name
    assert (report.chosen, report.front, report.benchmarks) == (without.chosen, without.front, without.benchmarks)
    assert report.problems.equals(without.problems)
    assert headline_numbers(summary_of(report)) == headline_numbers(summary_of(without))


def test_one_that_is_shorter_and_as_right_as_all_is_still_not_chosen() -> None:
    """As a run like the others it would win, and stand on every front."""
    rows = [row | {"tokens": 5} for row in warm("average-warm") if int(row["id"]) >= WRONG["average-warm"]]
    best = [*rows, *(row | {"run": "average-warm", "tokens": 5} for row in verdicts({"average": 42})
                     if int(row["id"]) < WRONG["average-warm"])]  # fmt: skip
    found = analysed([*verdicts(LENGTHS), *best])
    assert found.chosen.run == "lev-short" and "average-warm" not in found.front["test"]
    assert not any("average-warm" in {row.get("run"), row.get("dominated_by")} for row in found.pareto)
    assert own(found, "average-warm")["accuracy"] == 1.0 and own(found, "average-warm")["tokens"] == 5.0


def test_both_accuracies_and_lengths_paired(report: Report) -> None:
    row = own(report, "average-warm")
    assert (row["beside"], row["n"], row["problems"], row["temperature"]) == ("average", 200, 200, 1.0)
    assert (row["accuracy"], row["accuracy_beside"]) == (0.95, 1.0)
    assert row["accuracy_low"] < 0.95 < row["accuracy_high"] and row["accuracy_beside_low"] < 1.0
    assert (row["tokens_beside"], row["tokens"]) == (44.0, 64.0) and row["ratio"] == pytest.approx(64 / 44)
    value, low, high = tango(0, 10, 200, 0.95)
    assert (row["difference"], row["difference_low"], row["difference_high"]) == (value, low, high)
    assert row["p_value"] == pytest.approx(2 * 0.5**10)


def test_against_the_slow_model_sampled_likewise(report: Report) -> None:
    """It loses 10 of the 30 that slow loses: 20 won, none lost."""
    row, slow = own(report, "average-warm"), own(report, "slow-warm")
    assert row["difference_sampled"] == pytest.approx(0.1) and row["verdict"] == "better"
    assert row["ratio_sampled"] == pytest.approx(64 / 132)
    assert slow["verdict"] == "baseline" and slow["difference_sampled"] is None
    other = MADE | {"average-warm": RunFacts(beside="average", sampling=WARM | {"temperature": 0.6})}
    apart = own(analysed([*verdicts(LENGTHS), *warm("slow-warm"), *warm("average-warm")], other), "average-warm")
    assert (apart["difference_sampled"], apart["verdict"]) == (None, None)
    assert apart["difference"] == row["difference"]


def test_of_several_samples_a_problem_counts_once() -> None:
    found = analysed([*verdicts(LENGTHS), *warm("slow-warm", 4), *warm("average-warm", 2)])
    row = own(found, "average-warm")
    assert (row["n"], row["problems"], row["accuracy"]) == (400, 200, 0.975)
    assert row["difference"] == pytest.approx(-0.025) and row["difference_low"] < -0.025 < row["difference_high"]
    assert row["difference_sampled"] == pytest.approx(-0.025 + 30 / 800)
    assert row["ratio"] == pytest.approx(64 / 44) and row["ratio_sampled"] == pytest.approx(64 / 132)
    assert {row["run"] for row in found.samples} == set(ASIDE), "pass@k and maj@k are of samples"


@pytest.mark.parametrize(
    ("facts", "more", "words"),
    [
        ({"average-warm": RunFacts(beside="averge")}, {}, r"average-warm: beside: 'averge' is no run .*'average'"),
        ({"average-warm": RunFacts(beside="slow-warm")}, {}, "'slow-warm' is no run that stands by itself"),
        ({}, {"slow": "slow-warm"}, "analysis: 'slow-warm' is shown beside slow alone; name that one"),
        ({}, {"quick": "slow-warm"}, "'slow-warm' is shown beside slow alone"),
        ({}, {"candidates": ["average-warm"]}, "'average-warm' is shown beside average alone"),
        ({}, {"baselines": {"average-warm": "slow"}}, "'average-warm' is shown beside average alone"),
    ],
)
def test_roles_that_such_runs_cannot_have(facts: dict[str, RunFacts], more: Row, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        analysed([*verdicts(LENGTHS), *warm("slow-warm"), *warm("average-warm")], MADE | facts, **more)


def test_other_problems_are_refused_or_shared() -> None:
    rows = [*verdicts(LENGTHS), *(row for row in warm("average-warm") if row["id"] != "7")]
    with pytest.raises(
        RecordError, match=r"runs average-warm and average did not answer the same problems of test \(1 "
    ):
        analysed([row for row in rows if row["benchmark"] == "test" or row["run"] in LENGTHS])
    assert own(analysed(rows, pairing="shared"), "average-warm")["difference"] == pytest.approx(-9 / 199)


def test_they_stand_under_the_table(report: Report) -> None:
    summary = summary_of(report)
    text = markdown_table(summary)
    assert "| average-warm | 1 | 100.0 [98.1, 100.0] | 95.0 [" in text and "| Model, sampled |" in text
    assert "| average-warm | 200" not in text, "it is no row of the main table"
    table = sampled_table(summary, "test")
    assert table is not None and table.row_count == 2
    plain = summary_of(analysed(verdicts(LENGTHS)))
    assert sampled_table(plain, "test") is None and "sampled" not in markdown_table(plain)
