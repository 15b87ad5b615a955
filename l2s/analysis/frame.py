"""The verdicts as the analysis reads them: every column there, every name known, or one sentence that says why not."""

import polars as pl

from l2s.analysis.reflection import count_reflections
from l2s.analysis.settings import AnalysisParams
from l2s.errors import ConfigError, RecordError
from l2s.params import nearest

KEY = ["benchmark", "id", "sample"]
"""What a response answers: two runs are paired on it."""
NAMES = ("run", "model", "benchmark", "id", "sample", "finish")
NUMBERS = ("tokens", "think_tokens")


def complete(verdicts: pl.DataFrame, settings: AnalysisParams) -> pl.DataFrame:
    """Verdicts with the columns that other tools' files may lack, and how often each response reflects.

    Raises:
        RecordError: there is none, a column cannot be read, or a run answers a problem twice.
        ConfigError: a run or benchmark that the settings name is not among them.
    """
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
    _refuse_unreadable(frame)
    _refuse_unknown(frame, settings)
    return frame.with_columns(reflections=count_reflections(pl.col("response"), settings.reflection_words))


def names_in(frame: pl.DataFrame, column: str) -> list[str]:
    """The names in a column, sorted, so that nothing depends on the order of rows or files."""
    return sorted(str(value) for value in frame[column].unique())


def reported(benchmarks: list[str], settings: AnalysisParams) -> list[str]:
    """The benchmarks that are results: those named, else all but the validation benchmark."""
    return settings.test or [benchmark for benchmark in benchmarks if benchmark != settings.validation]


def _refuse_unreadable(frame: pl.DataFrame) -> None:
    problems = [
        f"verdicts: column '{name}' is null in {frame[name].null_count()} of {frame.height} rows; "
        "expected a value in each"
        for name in NAMES
        if frame[name].null_count()
    ]
    problems += [
        f"verdicts: column '{name}' is of type {frame[name].dtype}; expected numbers"
        for name in NUMBERS
        if not (frame[name].dtype.is_numeric() or frame[name].dtype == pl.Null)
    ]
    doubled = frame.filter(pl.struct("run", *KEY).is_duplicated())
    if doubled.height:
        first = doubled.row(0, named=True)
        problems.append(
            f"run {first['run']} answers {first['benchmark']} {first['id']} sample {first['sample']} twice; "
            "expected each verdict once: was a file named twice?"
        )
    if problems:
        raise RecordError("; ".join(problems))


def _refuse_unknown(frame: pl.DataFrame, settings: AnalysisParams) -> None:
    runs, benchmarks = names_in(frame, "run"), names_in(frame, "benchmark")
    named = [("slow", settings.slow, runs), ("quick", settings.quick, runs)]
    named += [("validation", settings.validation, benchmarks)]
    named += [("candidates", candidate, runs) for candidate in settings.candidates]
    named += [("test", benchmark, benchmarks) for benchmark in settings.test]
    problems = [
        f"analysis.{role}: there are no verdicts of '{name}'{_hint(name, known)}"
        for role, name, known in named
        if name is not None and name not in known
    ]
    if not problems and settings.validation is not None and settings.slow is not None and settings.candidates:
        there = names_in(frame.filter(pl.col("benchmark") == settings.validation), "run")
        problems = [
            f"analysis: {run} has no verdicts on the validation benchmark '{settings.validation}'; "
            "expected the slow run and every candidate there, else none can be chosen fairly"
            for run in [settings.slow, *settings.candidates]
            if run not in there
        ]
    if problems:
        raise ConfigError("; ".join(problems))


def _hint(name: str, known: list[str]) -> str:
    """The nearest name and, in any case, all there are."""
    hint = nearest(name, known)
    return hint if "known:" in hint else f"{hint} (known: {', '.join(known)})"
