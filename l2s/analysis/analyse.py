"""Analyse: verdicts in, a summary out, every number with its count and interval."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from l2s.analysis.accuracy import accuracy
from l2s.analysis.choose import Candidate, Choice, choose
from l2s.analysis.length import mean_tokens, reductions
from l2s.analysis.paired import Comparison, Pairs, compare, holm, verdict
from l2s.analysis.pareto import pareto_front
from l2s.analysis.reflection import count_reflections
from l2s.analysis.settings import AnalysisParams
from l2s.errors import ConfigError, RecordError
from l2s.params import nearest

KEY = ["benchmark", "id", "sample"]
ROLES = ("run", "model", "benchmark")


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
    """Those that are reported: all but the validation benchmark."""
    settings: AnalysisParams
    front: dict[str, list[str]] = field(default_factory=dict)
    """Runs on the Pareto front of each benchmark, shortest first."""


def analyse(verdicts: pl.DataFrame, settings: AnalysisParams) -> Report:
    """Summarise verdicts of any number of runs and benchmarks.

    Args:
        verdicts: rows under :class:`l2s.records.Verdicts`; ``run``, ``benchmark``, ``id``, ``sample``,
            ``tokens``, ``finish`` and ``level`` are used where they are.
        settings: roles and margins.

    Raises:
        ConfigError: the slow run, the validation benchmark or a candidate is not among the verdicts.
        RecordError: two runs did not answer the same problems, so nothing can be paired.
    """
    frame = _complete(verdicts, settings)
    runs, benchmarks = _ordered(frame, "run"), _ordered(frame, "benchmark")
    _refuse_unknown(settings, runs, benchmarks)
    parts = {
        (str(run), str(benchmark)): part.sort(KEY)
        for (run, benchmark), part in frame.partition_by(["run", "benchmark"], as_dict=True).items()
    }
    rows = [_row(part, settings) for part in parts.values()]
    if settings.slow is not None:
        _add_comparisons(rows, parts, settings)
    reported = [benchmark for benchmark in benchmarks if benchmark != settings.validation]
    chosen = _choice(rows, settings)
    for row in rows:
        row["chosen"] = row["run"] == chosen.run
    front = {}
    for benchmark in reported:
        points = {
            r["run"]: (r["tokens"], r["accuracy"])
            for r in rows
            if r["benchmark"] == benchmark and r["tokens"] is not None
        }
        front[benchmark] = pareto_front(points)
    overall = [_overall(run, parts, reported, settings) for run in runs] if reported else []
    return Report(rows, _levels(parts, settings), overall, chosen, reported, settings, front)


def _complete(verdicts: pl.DataFrame, settings: AnalysisParams) -> pl.DataFrame:
    """Columns that other tools' verdicts may lack, and the derived ones."""
    if verdicts.is_empty():
        raise RecordError("there are no verdicts to analyse; expected rows with gold, response, status and correct")
    defaults: dict[str, pl.Expr] = {
        "run": pl.lit("run"),
        "benchmark": pl.lit("all"),
        "id": pl.int_range(pl.len()).cast(pl.String),
        "sample": pl.lit(0, dtype=pl.Int64),
        "tokens": pl.lit(None, dtype=pl.Int64),
        "finish": pl.when(pl.col("status") == "truncated").then(pl.lit("length")).otherwise(pl.lit("stop")),
        "level": pl.lit(None, dtype=pl.Int64),
        "closed": pl.lit(None, dtype=pl.Boolean),
        "think_tokens": pl.lit(None, dtype=pl.Int64),
    }
    frame = verdicts.with_columns(expr.alias(name) for name, expr in defaults.items() if name not in verdicts.columns)
    if "model" not in frame.columns:
        frame = frame.with_columns(model=pl.col("run"))
    doubled = frame.filter(pl.struct("run", *KEY).is_duplicated())
    if doubled.height:
        first = doubled.row(0, named=True)
        raise RecordError(
            f"run {first['run']} answers {first['benchmark']} {first['id']} sample {first['sample']} twice"
        )
    return frame.with_columns(reflections=count_reflections(pl.col("response"), settings.reflection_words))


def _ordered(frame: pl.DataFrame, column: str) -> list[str]:
    return [str(value) for value in frame[column].unique(maintain_order=True)]


def _refuse_unknown(settings: AnalysisParams, runs: list[str], benchmarks: list[str]) -> None:
    problems = [
        f"analysis.{role}: there are no verdicts of '{name}'{nearest(name, known)}"
        for role, name, known in (
            ("slow", settings.slow, runs),
            ("quick", settings.quick, runs),
            ("validation", settings.validation, benchmarks),
            *(("candidates", candidate, runs) for candidate in settings.candidates),
        )
        if name is not None and name not in known
    ]
    if problems:
        raise ConfigError("; ".join(problems))


def _row(part: pl.DataFrame, settings: AnalysisParams) -> dict[str, Any]:
    """One run on one benchmark, by itself."""
    problem = _problems(part)
    right = accuracy(part["correct"].to_numpy(), problem, settings.confidence)
    first = part.row(0, named=True)
    finished = part.filter(pl.col("finish") != "length")
    row: dict[str, Any] = {
        **{role: first[role] for role in ROLES},
        "control": str(first["run"]).removeprefix(str(first["model"])).removeprefix("-") or "none",
        "n": part.height,
        "problems": int(problem.max()) + 1,
        "accuracy": right.value,
        "accuracy_low": right.low,
        "accuracy_high": right.high,
        "accuracy_finished": _mean(finished["correct"]),
        "tokens": None,
        "truncated": float((part["finish"] == "length").sum()) / part.height,
        "no_answer": float((part["status"] == "no_answer").sum()) / part.height,
        "reflective": float((part["reflections"] > 0).sum()) / part.height,
        "reflections": _mean(part["reflections"]),
        "reflections_when_any": _mean(part.filter(pl.col("reflections") > 0)["reflections"]) or 0.0,
        "think_tokens": _mean(part["think_tokens"]),
        "reduction": None,
        "verdict": "undecided",
    }
    if part["tokens"].null_count() == 0:
        length = mean_tokens(part["tokens"].cast(pl.Float64).to_numpy(), problem, settings.confidence)
        row |= {"tokens": length.value, "tokens_low": length.low, "tokens_high": length.high}
    return row


def _add_comparisons(
    rows: list[dict[str, Any]], parts: dict[tuple[str, str], pl.DataFrame], settings: AnalysisParams
) -> None:
    """Every run against the slow one on the same problems; p-values adjusted within a benchmark."""
    compared: dict[str, dict[str, Comparison]] = {}
    for row in rows:
        slow = parts.get((str(settings.slow), row["benchmark"]))
        if row["run"] == settings.slow:
            row |= {"verdict": "baseline", "reduction": 0.0 if row["tokens"] is not None else None}
        elif slow is not None:
            pairs = _pairs(parts[row["run"], row["benchmark"]], slow)
            found = compare(pairs, settings.confidence, settings.bootstrap, settings.seed)
            compared.setdefault(row["benchmark"], {})[row["run"]] = found
    for row in rows:
        own = compared.get(row["benchmark"], {}).get(row["run"])
        if own is not None:
            adjusted = holm({run: other.p_value for run, other in compared[row["benchmark"]].items()})[row["run"]]
            row |= _compared(own, adjusted, settings, row["tokens"] is not None)


def _compared(own: Comparison, adjusted: float, settings: AnalysisParams, has_tokens: bool) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "difference": own.difference.value,
        "difference_low": own.difference.low,
        "difference_high": own.difference.high,
        "won": own.won,
        "lost": own.lost,
        "p_value": own.p_value,
        "p_holm": adjusted,
        "minimum_detectable": own.minimum_detectable,
        "verdict": verdict(own, adjusted, settings.margin, settings.confidence),
    }
    if has_tokens:
        columns |= {
            "reduction": 1 - own.ratio.value,
            "reduction_low": 1 - own.ratio.high,
            "reduction_high": 1 - own.ratio.low,
        }
    return columns


def _pairs(part: pl.DataFrame, slow: pl.DataFrame) -> Pairs:
    """Both runs row by row, on the same problems and samples."""
    if not part.select(KEY).equals(slow.select(KEY)):
        ours, theirs = set(part.select(KEY).rows()), set(slow.select(KEY).rows())
        only = len(ours - theirs), len(theirs - ours)
        raise RecordError(
            f"runs {part['run'][0]} and {slow['run'][0]} did not answer the same problems of {part['benchmark'][0]} "
            f"({only[0]} only in the first, {only[1]} only in the second), so they cannot be paired"
        )
    return Pairs(
        _problems(part),
        part["correct"].to_numpy(),
        slow["correct"].to_numpy(),
        part["tokens"].fill_null(1).cast(pl.Float64).to_numpy(),
        slow["tokens"].fill_null(1).cast(pl.Float64).to_numpy(),
    )


def _choice(rows: list[dict[str, Any]], settings: AnalysisParams) -> Choice:
    if settings.validation is None or settings.slow is None:
        return Choice(None, "no recipe was chosen: no validation benchmark and slow run are named")
    candidates = [
        Candidate(row["run"], row["verdict"], row["tokens"], row["difference_low"])
        for row in rows
        if row["benchmark"] == settings.validation and row["run"] in settings.candidates
    ]
    return choose(candidates, settings.validation)


def _overall(
    run: str, parts: dict[tuple[str, str], pl.DataFrame], benchmarks: list[str], settings: AnalysisParams
) -> dict[str, Any]:
    """A run over all reported benchmarks: unweighted accuracy, and the three reductions."""
    own = {name: parts[run, name] for name in benchmarks if (run, name) in parts}
    row: dict[str, Any] = {
        "run": run,
        "accuracy_mean": _average([float(p["correct"].sum()) / p.height for p in own.values()]),
    }
    slow = {name: parts.get((str(settings.slow), name)) for name in own}
    lengths, finished = {}, [0.0, 0.0]
    for name, part in own.items():
        other = slow[name]
        if other is None or part["tokens"].null_count() or other["tokens"].null_count():
            return row
        lengths[name] = (float(part["tokens"].sum()), float(other["tokens"].sum()))
        both = (part["finish"] != "length") & (other["finish"] != "length")
        finished[0] += float(part.filter(both)["tokens"].sum())
        finished[1] += float(other.filter(both)["tokens"].sum())
    if lengths:
        found = reductions(lengths, (finished[0], finished[1]))
        row |= {
            "reduction_mean_of_benchmarks": found.mean,
            "reduction_total_tokens": found.total,
            "reduction_both_finished": found.finished,
        }
    return row


def _levels(parts: dict[tuple[str, str], pl.DataFrame], settings: AnalysisParams) -> list[dict[str, Any]]:
    """Accuracy, length and reflections by level."""
    rows = []
    for (run, benchmark), part in parts.items():
        for (level,), group in sorted(part.drop_nulls("level").partition_by(["level"], as_dict=True).items()):
            problem = _problems(group)
            right = accuracy(group["correct"].to_numpy(), problem, settings.confidence)
            row = {"run": run, "benchmark": benchmark, "level": level, "n": group.height}
            row |= {"accuracy": right.value, "accuracy_low": right.low, "accuracy_high": right.high}
            if group["tokens"].null_count() == 0:
                length = mean_tokens(group["tokens"].cast(pl.Float64).to_numpy(), problem, settings.confidence)
                row |= {"tokens": length.value, "tokens_low": length.low, "tokens_high": length.high}
            rows.append(row | {"reflective": float((group["reflections"] > 0).sum()) / group.height})
    return rows


def _problems(part: pl.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Problems numbered from 0, row by row."""
    return part["id"].rank("dense").cast(pl.Int64).to_numpy() - 1


def _mean(column: pl.Series) -> float | None:
    value = column.cast(pl.Float64).mean()
    return float(value) if isinstance(value, float) else None


def _average(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
