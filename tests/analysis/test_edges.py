"""Edges: what little or odd input gives is defined, and every file can be written."""

import csv
import json
import math
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from l2s.analysis.analyse import Report
from l2s.analysis.output.columns import TABLES
from l2s.analysis.output.reading import read_summary
from l2s.analysis.output.summary import write_summary
from l2s.analysis.output.terminal import any_table, main_table, overall_table
from l2s.analysis.settings import AnalysisParams
from l2s.core.errors import RecordError
from l2s.core.row import Row
from tests.analysis.simulate import analysed, verdict_rows

SETTINGS = AnalysisParams(slow="slow", bootstrap=100)


def report(rows: list[Row], settings: AnalysisParams = SETTINGS) -> Report:
    return analysed(rows, settings)


def written(found: Report, folder: Path) -> Row:
    """The summary as read again; everything in it is finite, and every table can be printed."""
    write_summary(found, folder)
    content = read_summary(folder / "summary.json")
    json.dumps(content, allow_nan=False)
    console = Console(file=open("/dev/null", "w"), width=140)  # noqa: SIM115
    for benchmark in content["benchmarks"]:
        console.print(main_table(content, benchmark, width=140), main_table(content, benchmark, width=60))
    console.print(overall_table(content), *(any_table(content, name) for name in TABLES))
    for name, columns in TABLES.items():
        with open(folder / f"{name}.csv", newline="") as file:
            assert next(csv.reader(file)) == list(columns), name
        rows = content["rows" if name == "summary" else name]
        assert {key for row in rows for key in row} <= set(columns), f"{name}: a column of the rows is not in the CSV"
    return content


def test_one_run(tmp_path: Path) -> None:
    content = written(report(verdict_rows({"slow": 0.9}, {"test": 20})), tmp_path)
    assert content["comparisons"] == [] and content["rows"][0]["verdict"] == "baseline"
    assert content["front"] == {"test": ["slow"]} and content["pareto"][0]["front_share"] == 1
    lonely = written(report(verdict_rows({"merge": 0.9}, {"test": 20}), AnalysisParams(bootstrap=100)), tmp_path)
    assert lonely["rows"][0]["verdict"] == "undecided" and any("No slow run" in note for note in lonely["notes"])


def test_one_problem(tmp_path: Path) -> None:
    content = written(report(verdict_rows(per_benchmark={"test": 1})), tmp_path)
    row = next(row for row in content["rows"] if row["run"] == "average")
    assert row["n"] == 1 and row["accuracy_low"] < 0.8 and row["verdict"] == "undecided"
    assert any("Few problems: test (1)" in note for note in content["notes"])


def test_one_problem_with_many_samples(tmp_path: Path) -> None:
    content = written(report(verdict_rows(per_benchmark={"test": 1}, samples=16)), tmp_path)
    assert all(row["verdict"] in ("undecided", "baseline") for row in content["rows"])
    assert {row["k"] for row in content["samples"]} == {1, 2, 4, 8, 16}


@pytest.mark.parametrize("right", [True, False])
def test_all_alike(tmp_path: Path, right: bool) -> None:
    rows = verdict_rows({"slow": 0.5, "merge": 0.5}, {"test": 30})
    for row in rows:
        row |= {"correct": right, "status": "correct" if right else "incorrect", "answer": "7", "finish": "stop"}
    content = written(report(rows), tmp_path)
    merge = next(row for row in content["rows"] if row["run"] == "merge")
    assert merge["difference"] == 0 and merge["difference_low"] < 0 < merge["difference_high"]
    assert (merge["tokens_wrong"] is None) == right and (merge["tokens_right"] is None) != right
    score = next(row for row in content["efficiency"] if row["run"] == "merge")
    assert (score["tokens_per_correct"] is None) != right and (score["aes"] is None) != right


def test_all_truncated(tmp_path: Path) -> None:
    rows = verdict_rows({"slow": 0.5, "merge": 0.5}, {"test": 30})
    for row in rows:
        row |= {"correct": False, "status": "truncated", "answer": None, "finish": "length", "tokens": 420}
    content = written(report(rows), tmp_path)
    row = content["rows"][0]
    assert (row["truncated"], row["accuracy"], row["accuracy_truncated_right"]) == (1, 0, 1)
    assert row["accuracy_finished"] is None and row["tokens_finished"] is None and row["to_answer"] is None
    assert (
        content["overall"][0]["reduction_both_finished"] is None
        and content["overall"][0]["reduction_total_tokens"] == 0
    )
    assert any("merge on test 100 %" in note for note in content["notes"])


def test_bounds_hold_the_accuracy(tmp_path: Path) -> None:
    """A cut answer may have been graded right: the lower bound does not believe it."""
    rows = verdict_rows({"slow": 0.8}, {"test": 100})
    for row in rows:
        row["finish"] = "length" if int(row["id"]) % 4 == 0 else "stop"
    row = report(rows).rows[0]
    finished = [r["correct"] for r in rows if r["finish"] == "stop"]
    assert row["accuracy_truncated_wrong"] == pytest.approx(sum(finished) / 100)
    assert row["accuracy_truncated_right"] == pytest.approx((sum(finished) + 25) / 100)
    assert row["accuracy_finished"] == pytest.approx(sum(finished) / 75)
    assert row["accuracy_finished_low"] < row["accuracy_finished"] < row["accuracy_finished_high"]
    assert row["accuracy_truncated_wrong"] <= row["accuracy"] <= row["accuracy_truncated_right"]


def test_mixed_benchmarks_and_a_slow_run_that_lacks_one(tmp_path: Path) -> None:
    rows = [r for r in verdict_rows(per_benchmark={"a": 40, "b": 60}) if (r["run"], r["benchmark"]) != ("slow", "b")]
    content = written(report(rows), tmp_path)
    overall = {row["run"]: row for row in content["overall"]}
    assert overall["average"]["benchmarks"] == 2 and overall["average"].get("verdict") is None
    assert overall["average"]["accuracy_pooled"] == pytest.approx(
        sum(r["correct"] for r in rows if r["run"] == "average") / 100
    )


def test_different_problems_are_refused_or_compared_on_those_shared(tmp_path: Path) -> None:
    rows = [r for r in verdict_rows(per_benchmark={"test": 60}) if r["run"] != "average" or int(r["id"]) >= 20]
    with pytest.raises(RecordError, match=r"0 only in the first, 20 only in the second.*--shared"):
        report(rows)
    content = written(report(rows, SETTINGS.model_copy(update={"pairing": "shared"})), tmp_path)
    own = next(c for c in content["comparisons"] if c["run"] == "average")
    assert (own["n"], own["problems"], own["unpaired"]) == (40, 40, 0)
    lengths = {
        run: sum(r["tokens"] for r in rows if r["run"] == run and int(r["id"]) >= 20) for run in ("average", "slow")
    }
    row = next(row for row in content["rows"] if row["run"] == "average")
    assert row["n"] == 40 and row["reduction"] == pytest.approx(1 - lengths["average"] / lengths["slow"])
    apart = [{**r, "id": f"{r['run']}-{r['id']}"} for r in rows]
    nothing = written(report(apart, SETTINGS.model_copy(update={"pairing": "shared"})), tmp_path)
    assert nothing["comparisons"] == [] and nothing["rows"][0]["verdict"] == "undecided"


def test_only_the_validation_benchmark(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"validation": "test", "candidates": ["average"]})
    content = written(report(verdict_rows(per_benchmark={"test": 30}), settings), tmp_path)
    assert content["benchmarks"] == [] and content["overall"] == [] and content["pareto"] == []
    assert (tmp_path / "table.md").read_text() == "Nothing is reported.\n"
    assert json.loads((tmp_path / "headline.json").read_text()) == {}


def test_problems_won_and_lost(tmp_path: Path) -> None:
    rows = verdict_rows(per_benchmark={"test": 50})
    found = report(rows)
    write_summary(found, tmp_path)
    with open(tmp_path / "problems.csv", newline="") as file:
        listed = list(csv.DictReader(file))
    right = {(r["run"], r["id"]): r["correct"] for r in rows}
    expected = {
        (run, name, "won" if correct else "lost")
        for (run, name), correct in right.items()
        if correct != right["slow", name]
    }
    assert {(row["run"], row["id"], row["outcome"]) for row in listed} == expected and len(listed) == len(expected)
    counts = {c["run"]: c["won"] + c["lost"] for c in found.comparisons}
    assert sum(counts.values()) == len(listed)


def test_names_that_mean_something_to_markdown_and_latex(tmp_path: Path) -> None:
    rows = [
        {**row, "run": name, "model": name}
        for row in verdict_rows({"slow": 0.9}, {"a_b|c%": 20})
        for name in ("slow", r"x_1 & 50%|\{}~^$#<b>")
    ]
    write_summary(report(rows), tmp_path)
    tex, markdown = (tmp_path / "table.tex").read_text(), (tmp_path / "table.md").read_text()
    assert r"x\_1 \& 50\%|\textbackslash{}\{\}\textasciitilde{}\textasciicircum{}\$\#<b>" in tex
    line = next(line for line in markdown.splitlines() if "50%" in line)
    assert line.replace("\\|", "").count("|") == 9 and r"\<b\>" in line
    assert tex.count(r"\begin{table}") == tex.count(r"\end{table}") == 1 and r"\caption{a\_b|c\%." in tex


def test_headline_numbers(tmp_path: Path) -> None:
    settings = AnalysisParams(slow="slow", validation="validation", candidates=["average", "ta-s70"], bootstrap=100)
    content = written(report(verdict_rows(), settings), tmp_path)
    numbers = json.loads((tmp_path / "headline.json").read_text())["test"]
    chosen = next(r for r in content["rows"] if r["chosen"] and r["benchmark"] == "test")
    assert numbers["chosen_reduction"] == chosen["reduction"] and numbers["slow_tokens"] > numbers["chosen_tokens"]
    assert numbers["chosen"] == chosen["run"], "so that dvc metrics diff shows that another one was chosen"
    assert set(numbers) == {
        "chosen", "chosen_accuracy", "chosen_difference", "chosen_difference_low", "chosen_tokens", "chosen_reduction",
        "chosen_truncated", "slow_accuracy", "slow_tokens",
    }  # fmt: skip


MEASURE = """
import resource, sys, time
from pathlib import Path
start = time.process_time()
from l2s.analysis.analyse import analyse
from l2s.analysis.inputs.reading import read_verdicts
from l2s.analysis.settings import AnalysisParams
from l2s.analysis.output.summary import write_summary
settings = AnalysisParams(slow="run0")
write_summary(analyse(read_verdicts([Path(sys.argv[1])], settings), settings), Path(sys.argv[2]))
print(time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


@pytest.mark.slow
def test_a_hundred_thousand_rows_in_ten_seconds_and_a_gigabyte(tmp_path: Path) -> None:
    """Twenty runs, 5,000 problems. Seconds of this process's own work, in units of a loop timed beside it."""
    rows = verdict_rows({f"run{k}": 0.5 + 0.02 * k for k in range(20)}, {"test": 5000})
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    start = time.process_time()
    assert sum(range(30_000_000)) > 0
    unit = (time.process_time() - start) / 0.4  # seconds the loop takes here, over those on an idle core of 2023
    done = subprocess.run([sys.executable, "-c", MEASURE, path, tmp_path / "out"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    seconds, gigabytes = map(float, done.stdout.split())
    assert seconds < 10 * max(1.0, unit) and gigabytes < 1 and math.isfinite(unit)
