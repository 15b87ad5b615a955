"""The whole analysis on simulated verdicts."""

import json
import time
from pathlib import Path

import pytest

from l2s.analysis import AnalysisParams, analyse, read_summary, write_summary
from l2s.analysis.choose import Candidate, choose
from l2s.analysis.pareto import pareto_front
from l2s.analysis.reflection import pattern_of
from l2s.analysis.settings import REFLECTION_WORDS
from l2s.errors import ConfigError, RecordError
from l2s.records import Verdicts, table_of
from tests.analysis.simulate import ACCURACY, verdict_rows

SETTINGS = AnalysisParams(
    slow="slow", quick="quick", validation="validation", candidates=("average", "ta-s70"), bootstrap=200
)


def report(rows=None, settings=SETTINGS):  # type: ignore[no-untyped-def]
    return analyse(table_of(rows or verdict_rows(), Verdicts, "rows"), settings)


def row_of(found, run, benchmark="test"):  # type: ignore[no-untyped-def]
    return next(row for row in found.rows if (row["run"], row["benchmark"]) == (run, benchmark))


def test_counts_are_counts() -> None:
    rows, found = verdict_rows(), report()
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
    found = report()
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
    assert report(rows).chosen == report().chosen


def test_choose() -> None:
    long, short = Candidate("long", "parity", 90, -0.01), Candidate("short", "better", 40, 0.01)
    worse = Candidate("worse", "worse", 10, -0.2)
    assert choose([long, worse, short], "v").run == "short"
    assert choose([worse, Candidate("less", "undecided", 99, -0.1)], "v").run == "less"
    assert choose([], "v").run is None
    assert choose([long._replace(run="b"), long._replace(run="a")], "v").run == "a"


def test_levels_and_reflections() -> None:
    found = report()
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
    import polars as pl

    assert pl.Series([text]).str.count_matches(pattern_of(REFLECTION_WORDS)).item() == count


def test_pareto_front() -> None:
    points = {"a": (10, 0.5), "b": (20, 0.4), "c": (30, 0.9), "d": (30, 0.8), "e": (40, 0.9), "f": (5, 0.1)}
    assert pareto_front(points) == ["f", "a", "c"]


def test_same_bytes_whatever_the_order_of_rows_and_back_again(tmp_path: Path) -> None:
    rows = verdict_rows()
    for name in ("one", "two"):
        write_summary(report(rows), tmp_path / name)
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()
    content = read_summary(tmp_path / "one" / "summary.json")
    assert {"run", "accuracy_low", "reduction", "chosen"} <= set(content["rows"][0])
    metrics = json.loads((tmp_path / "one" / "metrics.json").read_text())
    assert set(metrics["test"]["average"]) == {"accuracy", "tokens", "reduction", "truncated"}


def test_several_samples_and_verdicts_of_other_tools() -> None:
    found = report(verdict_rows(samples=3))
    assert row_of(found, "slow")["n"] == 600 and row_of(found, "slow")["problems"] == 200
    bare = [{"gold": "1", "response": "1", "answer": "1", "status": "correct", "correct": True, "grader": "x"}] * 3
    row = report(bare, AnalysisParams()).rows[0]
    assert (row["n"], row["accuracy"], row["tokens"], row["reduction"], row["verdict"]) == (
        3,
        1.0,
        None,
        None,
        "undecided",
    )


def test_what_cannot_be_paired_or_found_is_one_sentence() -> None:
    rows = verdict_rows()
    with pytest.raises(
        RecordError, match=r"quick and slow did not answer the same problems of test .0 only in the first, 1 only"
    ):
        report([row for row in rows if (row["run"], row["benchmark"], row["id"]) != ("quick", "test", "7")])
    with pytest.raises(RecordError, match="answers test 0 sample 0 twice"):
        report([*rows, rows[-200]])
    with pytest.raises(ConfigError, match=r"analysis.slow: there are no verdicts of 'slo'; did you mean 'slow'\?"):
        report(rows, SETTINGS.model_copy(update={"slow": "slo"}))
    with pytest.raises(RecordError, match="no verdicts"):
        analyse(table_of([], Verdicts, "x"), AnalysisParams())


def test_a_hundred_thousand_rows_in_ten_seconds() -> None:
    rows = verdict_rows({f"run-{n}": 0.9 for n in range(20)}, {"test": 5000})
    frame = table_of(rows, Verdicts, "rows")
    started = time.process_time()
    analyse(frame, AnalysisParams(slow="run-0"))
    assert time.process_time() - started < 10
