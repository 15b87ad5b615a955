"""Analyse: verdicts in, a summary out, every number with its count and interval."""

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from l2s.analysis.choose import Candidate, Choice, choose
from l2s.analysis.comparisons import Parts, compare_all
from l2s.analysis.frame import KEY, complete, names_in, reported
from l2s.analysis.length import reductions
from l2s.analysis.pareto import pareto_front
from l2s.analysis.rows import has_tokens, level_rows, run_row
from l2s.analysis.settings import AnalysisParams


@dataclass(frozen=True)
class Report:
    """The summary, as it is written and read again."""

    rows: list[dict[str, Any]]
    """One per run and benchmark (see :mod:`l2s.records.summary`)."""
    levels: list[dict[str, Any]]
    """One per run, benchmark and level of difficulty."""
    overall: list[dict[str, Any]]
    """One per run, over the reported benchmarks: length reduction three ways."""
    chosen: Choice
    benchmarks: list[str]
    """Those that are reported, in the order in which they are shown."""
    settings: AnalysisParams
    front: dict[str, list[str]] = field(default_factory=dict)
    """Runs on the Pareto front of each benchmark, shortest first."""
    comparisons: list[dict[str, Any]] = field(default_factory=list)
    """One per run and benchmark, against the slow run on the same problems."""


def analyse(verdicts: pl.DataFrame, settings: AnalysisParams) -> Report:
    """Summarise verdicts of any number of runs and benchmarks.

    Args:
        verdicts: rows under :class:`l2s.records.Verdicts`, in any order; ``run``, ``model``, ``benchmark``,
            ``id``, ``sample``, ``tokens``, ``finish``, ``closed`` and ``level`` are used where they are.
        settings: roles and margins.

    Raises:
        ConfigError: the slow run, a benchmark or a candidate is not among the verdicts.
        RecordError: two runs did not answer the same problems, so nothing can be paired.
    """
    frame = complete(verdicts, settings)
    benchmarks = names_in(frame, "benchmark")
    divided = frame.sort(["run", *KEY]).partition_by(["benchmark", "run"], as_dict=True)
    parts = {(str(run), str(benchmark)): part for (benchmark, run), part in sorted(divided.items())}
    comparisons = compare_all(parts, settings)
    rows = _rows(parts, comparisons, settings)
    chosen = _choice(rows, settings)
    for row in rows:
        row["chosen"] = row["run"] == chosen.run
    shown = reported(benchmarks, settings)
    return Report(
        rows=rows,
        levels=[row for part in parts.values() for row in level_rows(part, settings)],
        overall=[_overall(run, parts, shown, settings) for run in names_in(frame, "run")] if shown else [],
        chosen=chosen,
        benchmarks=shown,
        settings=settings,
        front={benchmark: _front(rows, benchmark) for benchmark in shown},
        comparisons=comparisons,
    )


def _rows(parts: Parts, comparisons: list[dict[str, Any]], settings: AnalysisParams) -> list[dict[str, Any]]:
    """Every run by itself, with what the comparison says of it."""
    rows = {key: run_row(part, settings) for key, part in parts.items()}
    for comparison in comparisons:
        columns = {name: value for name, value in comparison.items() if name != "baseline"}
        rows[comparison["run"], comparison["benchmark"]] |= columns
    for (run, _), row in rows.items():
        if run == settings.slow:
            row |= {"verdict": "baseline", "reduction": 0.0 if row["tokens"] else None}
    return list(rows.values())


def _choice(rows: list[dict[str, Any]], settings: AnalysisParams) -> Choice:
    if settings.validation is None or settings.slow is None:
        return Choice(None, "no recipe was chosen: no validation benchmark and slow run are named")
    own = [r for r in rows if r["benchmark"] == settings.validation and r["run"] in settings.candidates]
    if any(row["tokens"] is None for row in own):
        return Choice(None, f"no recipe was chosen: not every verdict on {settings.validation} tells its tokens")
    candidates = [Candidate(row["run"], row["verdict"], row["tokens"], row["difference_low"]) for row in own]
    return choose(candidates, settings.validation)


def _front(rows: list[dict[str, Any]], benchmark: str) -> list[str]:
    own = [row for row in rows if row["benchmark"] == benchmark and row["tokens"] is not None]
    return pareto_front({row["run"]: (row["tokens"], row["accuracy"]) for row in own})


def _overall(run: str, parts: Parts, benchmarks: list[str], settings: AnalysisParams) -> dict[str, Any]:
    """A run over all reported benchmarks: unweighted accuracy, and the three reductions."""
    own = {name: parts[run, name] for name in benchmarks if (run, name) in parts}
    shares = [float(part["correct"].sum()) / part.height for part in own.values()]
    row: dict[str, Any] = {
        "run": run,
        "benchmarks": len(own),
        "accuracy_mean": sum(shares) / len(shares) if shares else None,
    }
    lengths, finished = {}, (0.0, 0.0)
    for name, part in own.items():
        slow = parts.get((str(settings.slow), name))
        if slow is None or not (has_tokens(part) and has_tokens(slow)) or not slow["tokens"].sum():
            return row
        lengths[name] = (float(part["tokens"].sum()), float(slow["tokens"].sum()))
        both = (part["finish"] != "length") & (slow["finish"] != "length")
        finished = (
            finished[0] + float(part.filter(both)["tokens"].sum()),
            finished[1] + float(slow.filter(both)["tokens"].sum()),
        )
    if lengths:
        found = reductions(lengths, finished)
        row |= {
            "reduction_mean_of_benchmarks": found.mean,
            "reduction_total_tokens": found.total,
            "reduction_both_finished": found.finished,
        }
    return row
