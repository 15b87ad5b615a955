"""The whole analysis on simulated verdicts."""

import json
import random
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from l2s.analysis.inputs.reflection import pattern_of
from l2s.analysis.output.columns import TABLES
from l2s.analysis.output.reading import read_summary
from l2s.analysis.output.summary import summary_of, write_summary
from l2s.analysis.results.choose import choose
from l2s.analysis.results.pareto import pareto_front
from l2s.analysis.settings import REFLECTION_WORDS, AnalysisParams
from l2s.core.errors import ConfigError, RecordError
from tests.analysis.simulate import ACCURACY, analysed, verdict_rows

SETTINGS = AnalysisParams(
    slow="slow", quick="quick", validation="validation", candidates=("average", "ta-s70"), bootstrap=200
)


def report(rows=None, settings=SETTINGS):  # type: ignore[no-untyped-def]
    return analysed(rows or verdict_rows(), settings)


@cache
def usual():  # type: ignore[no-untyped-def]
    return report()


def row_of(found, run, benchmark="test"):  # type: ignore[no-untyped-def]
    return next(row for row in found.rows if (row["run"], row["benchmark"]) == (run, benchmark))


def test_counts_are_counts() -> None:
    rows, found = verdict_rows(), usual()
    for run in ACCURACY:
        own = [row for row in rows if row["run"] == run and row["benchmark"] == "test"]
        summary = row_of(found, run)
        assert summary["n"] == len(own) == 200
        assert summary["accuracy"] == pytest.approx(sum(row["correct"] for row in own) / 200)
        assert summary["tokens"] == pytest.approx(sum(row["tokens"] for row in own) / 200)
        assert summary["truncated"] == pytest.approx(sum(row["finish"] == "length" for row in own) / 200)
        finished = [row for row in own if row["finish"] != "length"]
        assert summary["accuracy_finished"] == pytest.approx(sum(row["correct"] for row in finished) / len(finished))


def test_verdicts_and_choice() -> None:
    found = usual()
    assert row_of(found, "slow")["verdict"] == "baseline"
    assert row_of(found, "quick")["verdict"] == row_of(found, "base")["verdict"] == "worse"
    assert found.chosen.run == "average"
    assert {row["run"] for row in found.rows if row["chosen"]} == {"average"}
    assert found.benchmarks == ["test"], "the validation benchmark is no result"
    slow, average = row_of(found, "slow"), row_of(found, "average")
    assert average["reduction"] == pytest.approx(1 - average["tokens"] / slow["tokens"])
    assert average["reduction_low"] < average["reduction"] < average["reduction_high"]


def test_the_choice_does_not_look_at_the_test_benchmark() -> None:
    """Answers to test problems are swapped between the candidates; the choice stays."""
    rows = verdict_rows()
    for row in rows:
        if row["benchmark"] == "test" and row["run"] in ("average", "ta-s70"):
            row["run"] = row["model"] = "ta-s70" if row["run"] == "average" else "average"
    assert report(rows).chosen == usual().chosen


def test_choose() -> None:
    def row(run: str, verdict: str, tokens: float, low: float) -> dict[str, Any]:
        return {"run": run, "verdict": verdict, "tokens": tokens, "difference_low": low}

    long, short, worse = row("long", "parity", 90, -0.01), row("short", "better", 40, 0.01), row("w", "worse", 10, -0.2)
    assert choose([long, worse, short], "v").run == "short"
    assert choose([worse, row("less", "undecided", 99, -0.1)], "v").run == "less"
    assert choose([], "v").run is None
    assert choose([long | {"run": "b"}, long | {"run": "a"}], "v").run == "a"
    assert choose([worse | {"run": "b"}, worse | {"run": "a"}], "v").run == "a"


def test_levels_and_reflections() -> None:
    found = usual()
    tokens = [row["tokens"] for row in found.levels if row["run"] == "slow" and row["benchmark"] == "test"]
    assert len(tokens) == 5 and tokens == sorted(tokens)
    assert row_of(found, "slow")["reflective"] == 1 and row_of(found, "slow")["reflections"] == 2
    assert row_of(found, "quick")["reflective"] == 0, "the prompt says Wait; it is not generated text"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Wait, let me double-check", 2),
        ("the waiter awaits", 0),
        ("HMM. wait", 2),
        ("let me  check", 1),
        ("waiting", 0),
    ],
)
def test_reflection_words_are_whole_words(text: str, count: int) -> None:
    assert pl.Series([text]).str.count_matches(pattern_of(REFLECTION_WORDS)).item() == count


def test_pareto_front() -> None:
    points = {"a": (10, 0.5), "b": (20, 0.4), "c": (30, 0.9), "d": (30, 0.8), "e": (40, 0.9), "f": (5, 0.1)}
    assert pareto_front(points) == ["f", "a", "c"]


def test_same_bytes_whatever_the_order_of_rows_and_back_again(tmp_path: Path) -> None:
    rows = verdict_rows(per_benchmark={"validation": 30, "test": 40}, samples=2)
    shuffled = random.Random(0).sample(rows, len(rows))
    assert shuffled != rows
    for name, order in (("one", rows), ("two", shuffled)):
        write_summary(report(order), tmp_path / name)
    files = sorted(file.name for file in (tmp_path / "one").iterdir())
    tables = [f"{name}.csv" for name in (*TABLES, "problems")]
    assert files == sorted([*tables, "headline.json", "metrics.json", "summary.json", "table.md", "table.tex"])
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    content = read_summary(tmp_path / "one" / "summary.json")
    assert {"rows", "levels", "comparisons", "chosen", "settings"} <= set(content)
    assert {"run", "accuracy_low", "reduction", "chosen", "closed", "ratio_low", "p_holm"} <= set(content["rows"][0])
    metrics = json.loads((tmp_path / "one" / "metrics.json").read_text())
    assert set(metrics["test"]["average"]) == {"accuracy", "tokens", "reduction", "truncated"}


def test_a_comparison_for_each_run_but_the_slow_one() -> None:
    found = usual()
    assert [(c["benchmark"], c["run"]) for c in found.comparisons] == [
        (benchmark, run) for benchmark in ("test", "validation") for run in ("average", "base", "quick", "ta-s70")
    ]
    comparison = next(c for c in found.comparisons if (c["run"], c["benchmark"]) == ("average", "test"))
    rows = {run: [r for r in verdict_rows() if r["run"] == run and r["benchmark"] == "test"] for run in ACCURACY}
    both = list(zip(rows["average"], rows["slow"], strict=True))
    assert comparison["won"] == sum(ours["correct"] and not slow["correct"] for ours, slow in both)
    assert comparison["lost"] == sum(slow["correct"] and not ours["correct"] for ours, slow in both)
    assert comparison["baseline"] == "slow" and comparison["ratio"] == pytest.approx(
        sum(ours["tokens"] for ours, _ in both) / sum(slow["tokens"] for _, slow in both)
    )
    assert row_of(found, "average")["ratio"] == comparison["ratio"]


def test_holm_adjusts_the_merges_of_one_benchmark_together_and_nothing_else() -> None:
    """Two merges: the smaller p-value doubles; the base and the quick model add nothing to it."""
    found = {c["run"]: c for c in usual().comparisons if c["benchmark"] == "test"}
    smaller = min(("average", "ta-s70"), key=lambda run: found[run]["p_value"])
    assert found[smaller]["p_holm"] == pytest.approx(min(1.0, 2 * found[smaller]["p_value"]))
    alone = report(settings=SETTINGS.model_copy(update={"candidates": [smaller]}))
    assert row_of(alone, smaller)["p_holm"] == pytest.approx(row_of(alone, smaller)["p_value"])
    none = report(settings=SETTINGS.model_copy(update={"candidates": []}))
    smallest = min(found, key=lambda run: found[run]["p_value"])
    assert row_of(none, smallest)["p_holm"] == pytest.approx(min(1.0, 4 * found[smallest]["p_value"]))


def test_reported_benchmarks_are_those_named_in_their_order() -> None:
    rows = verdict_rows(per_benchmark={"c": 20, "a": 20, "b": 20, "validation": 20})
    assert report(rows).benchmarks == ["a", "b", "c"]
    assert report(rows, SETTINGS.model_copy(update={"test": ["c", "a"]})).benchmarks == ["c", "a"]


def test_the_three_reductions_over_benchmarks() -> None:
    """Two benchmarks of different size, so that the three differ; every one recounted from the rows."""
    rows = verdict_rows(per_benchmark={"big": 90, "small": 30, "validation": 30}, seed=2)
    for row in rows:
        if row["benchmark"] == "small" and row["run"] == "average":
            row["tokens"] *= 2
        if row["id"] == "7" and row["run"] == "slow":
            row |= {"finish": "length", "tokens": 9000, "correct": False, "status": "truncated", "answer": None}
    found = next(row for row in report(rows).overall if row["run"] == "average")
    parts, both = {}, [0, 0]
    for benchmark in ("big", "small"):
        ours, slow = (
            [r for r in rows if (r["run"], r["benchmark"]) == (run, benchmark)] for run in ("average", "slow")
        )
        parts[benchmark] = [sum(r["tokens"] for r in side) for side in (ours, slow)]
        for one, other in zip(ours, slow, strict=True):
            if "length" not in (one["finish"], other["finish"]):
                both = [both[0] + one["tokens"], both[1] + other["tokens"]]
    mean = sum(1 - ours / slow for ours, slow in parts.values()) / 2
    total = 1 - sum(p[0] for p in parts.values()) / sum(p[1] for p in parts.values())
    assert found["reduction_mean_of_benchmarks"] == pytest.approx(mean)
    assert found["reduction_total_tokens"] == pytest.approx(total)
    assert found["reduction_both_finished"] == pytest.approx(1 - both[0] / both[1])
    assert len({round(x, 3) for x in (mean, total, 1 - both[0] / both[1])}) == 3


def test_controls_are_named_and_a_run_without_the_slow_one_is_undecided() -> None:
    found = report(verdict_rows({**ACCURACY, "slow-budget-64": 0.6}))
    assert row_of(found, "slow-budget-64")["control"] == "budget-64" and row_of(found, "slow")["control"] == "none"
    rows = [row for row in verdict_rows() if (row["run"], row["benchmark"]) != ("slow", "test")]
    lonely = row_of(report(rows), "average")
    assert (lonely["reduction"], lonely["verdict"]) == (None, "undecided") and "difference" not in lonely


def test_lengths_that_are_not_known_choose_nothing() -> None:
    rows = verdict_rows()
    for row in rows:
        row["tokens"] = None if row["run"] == "average" and row["id"] == "3" else row["tokens"]
    found = report(rows)
    assert row_of(found, "average")["tokens"] is None and row_of(found, "average")["reduction"] is None
    assert found.chosen.run is None and "tells its tokens" in found.chosen.reason


def test_a_slow_run_that_spent_nothing_has_no_reduction(tmp_path: Path) -> None:
    found = report([{**row, "tokens": 0} for row in verdict_rows()])
    assert row_of(found, "average")["reduction"] is None and row_of(found, "slow")["reduction"] is None
    write_summary(found, tmp_path)


def test_several_samples_and_verdicts_of_other_tools() -> None:
    found = report(verdict_rows(per_benchmark={"validation": 20, "test": 30}, samples=3))
    assert row_of(found, "slow")["n"] == 90 and row_of(found, "slow")["problems"] == 30
    bare = [{"gold": "1", "response": "1", "answer": "1", "status": "correct", "correct": True, "grader": "x"}] * 3
    row = report(bare, AnalysisParams()).rows[0]
    assert (row["n"], row["accuracy"], row["verdict"]) == (3, 1.0, "undecided")
    assert row["tokens"] is None and row["reduction"] is None


def test_what_cannot_be_paired_or_found_is_one_sentence() -> None:
    rows = verdict_rows()
    with pytest.raises(
        RecordError, match=r"quick and slow did not answer the same problems of test .0 only in the first, 1 only"
    ):
        report([row for row in rows if (row["run"], row["benchmark"], row["id"]) != ("quick", "test", "7")])
    with pytest.raises(RecordError, match="answers test 0 sample 0 twice"):
        report([*rows, rows[-200]])
    with pytest.raises(
        ConfigError, match=r"--baseline .analysis.slow.: there are no verdicts of 'slo'; did you mean 'slow'\?"
    ):
        report(rows, SETTINGS.model_copy(update={"slow": "slo"}))
    without = [row for row in rows if (row["run"], row["id"]) not in (("quick", "7"), ("base", "9"))]
    with pytest.raises(RecordError, match=r"runs base and slow .*e.g. id 9 .*runs quick and slow .*e.g. id 7 "):
        report(without)
    with pytest.raises(RecordError, match=r"'tokens' is of type String"):
        report([{**row, "tokens": str(row["tokens"])} for row in rows])
    with pytest.raises(RecordError, match="'run' is null in 1 of 1500 rows"):
        report([{**rows[0], "run": None}, *rows[1:]])
    with pytest.raises(ConfigError, match=r"no verdicts of 'gpt'; known: average, base, quick, slow, ta-s70; .*'tset'"):
        report(rows, SETTINGS.model_copy(update={"slow": "gpt", "test": ["tset"]}))
    for run in ("slow", "average"):
        with pytest.raises(ConfigError, match=f"{run} has no verdicts on the validation benchmark"):
            report([row for row in rows if (row["run"], row["benchmark"]) != (run, "validation")])
    with pytest.raises(
        ConfigError, match=r"--baseline .analysis.baselines.: there are no verdicts of 'slov'; did you mean 'slow'"
    ):
        report(rows, SETTINGS.model_copy(update={"baselines": {"average": "slov"}}))
    with pytest.raises(RecordError, match="there are no verdicts to analyse"):
        analysed([], AnalysisParams())


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"reflection_words": []}, "reflection_words"),
        ({"reflection_words": ["wait", " "]}, "begin and end with a letter or digit"),
        ({"reflection_words": ["hmm,"]}, "begin and end with a letter or digit"),
        ({"validation": "v", "test": ["v"]}, "'v' is also in test"),
        ({"slow": "s", "candidates": ["s"]}, "'s' is the slow run"),
        ({"margn": 0.1}, "did you mean 'margin'"),
    ],
)
def test_settings_that_cannot_be(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        AnalysisParams.parse(wrong, "params.yaml: analysis")


def test_problems_that_were_chosen_on_are_told_where_they_are_reported() -> None:
    texts = {
        "validation": ["What is 1+1?", "What is 2 + 2?"],
        "test": ["What is\n2+2?", "What is 3+3?", "What is 4+4?"],
    }
    asked = [
        row | {"problem": texts[row["benchmark"]][int(row["id"])]}
        for row in verdict_rows(per_benchmark={"validation": 2, "test": 3})
    ]
    found = report(asked)
    assert found.shared == {"test": (1, 3)} and summary_of(found)["shared"] == {"test": [1, 3]}
    assert found.notes[0].startswith("1 of 3 problems of test are asked by validation too, on which recipes are chosen")
    apart = report([row | {"problem": row["problem"].replace("2+2", "5+5")} for row in asked])
    assert apart.shared == {} and found.notes[1:] == apart.notes


def test_the_slow_run_is_not_the_quick_one() -> None:
    with pytest.raises(ConfigError, match="quick: 'a' is the slow run too; expected another"):
        AnalysisParams.parse({"slow": "a", "quick": "a"}, "params.yaml: analysis")


@pytest.mark.parametrize("margin", [0, 1, 2, -0.1])
def test_a_margin_is_a_share(margin: float) -> None:
    said = f"analysis.margin: found {margin}, expected a share above 0 and below 1, e.g. 0.02 for 2 points of accuracy"
    with pytest.raises(ConfigError, match=said):
        AnalysisParams.parse({"margin": margin}, "analysis")
