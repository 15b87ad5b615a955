"""The verdicts as the analysis reads them: every column there, every name known, or one sentence that says why not."""

from collections.abc import Callable

import polars as pl

from l2s.analysis.inputs.texts import MEASURES, without_texts
from l2s.analysis.settings import AnalysisParams
from l2s.core.errors import ConfigError, RecordError
from l2s.core.params import nearest

KEY = ["benchmark", "id", "sample"]
"""What a response answers: two runs are paired on it."""
NAMES = ("run", "model", "benchmark", "id", "sample", "finish")
NUMBERS = ("tokens", "response_tokens", "think_tokens", "retokenised", "prompt_tokens", "seconds")
"""Optional columns: tokens, and how long a response took."""
ALIASES = {
    "benchmark": ("dataset", "task", "data_name"),
    "id": ("unique_id", "problem_id", "idx"),
    "tokens": ("n_tokens", "num_tokens", "completion_tokens"),
}
"""What other tools call a column, where ours is absent."""
TEXT = ("gold", "answer", "status", "response")


def complete(verdicts: pl.DataFrame, settings: AnalysisParams) -> pl.DataFrame:
    """Verdicts with the columns that other tools' files may lack, and numbers in the place of texts.

    Raises:
        RecordError: there is none, a column cannot be read, or a run answers a problem twice.
        ConfigError: a run or benchmark that the settings name is not among them.
    """
    if verdicts.is_empty():
        raise RecordError("there are no verdicts to analyse; expected rows with gold, response, status and correct")
    frame = verdicts
    if not set(MEASURES) <= set(frame.columns):
        frame = without_texts(harmonised(frame), settings)
    frame = frame.with_columns(pl.col("sample").fill_null(0), level=_levels(frame["level"]))
    _refuse_unreadable(frame)
    _refuse_unknown(frame, settings)
    return frame


def harmonised(verdicts: pl.DataFrame, name: str = "run", start: int = 0) -> pl.DataFrame:
    """Verdicts of any origin with the analysis' columns, of one type each, and no others.

    Args:
        verdicts: rows under :class:`l2s.records.Verdicts`.
        name: the run, where neither ``run`` nor ``model`` says.
        start: number of the first row, for rows without ``id``.

    Raises:
        RecordError: a column of numbers holds something else.
    """
    frame = verdicts if verdicts.schema.get("problem") == pl.String else verdicts.drop("problem", strict=False)
    for column, others in ALIASES.items():
        found = [other for other in others if other in frame.columns]
        if column not in frame.columns and found:
            frame = frame.with_columns(pl.col(found[0]).alias(column))
    defaults: dict[str, pl.Expr] = {
        "run": pl.col("model") if "model" in frame.columns else pl.lit(name),
        "benchmark": pl.lit("all"),
        "id": pl.int_range(start, start + pl.len()).cast(pl.String),
        "sample": pl.lit(None, dtype=pl.Int64),
        "finish": pl.when(pl.col("status") == "truncated").then(pl.lit("length")).otherwise(pl.lit("stop")),
        "level": pl.lit(None, dtype=pl.String),
        "closed": pl.lit(None, dtype=pl.Boolean),
        "problem": pl.lit(None, dtype=pl.String),
    } | {column: pl.lit(None, dtype=pl.Float64) for column in NUMBERS}
    frame = frame.with_columns(expr.alias(name) for name, expr in defaults.items() if name not in frame.columns)
    if "model" not in frame.columns:
        frame = frame.with_columns(model=pl.col("run"))
    _refuse_other_kinds(frame)
    kept = [*defaults, "model", *TEXT, "correct", *(["prompt"] if "prompt" in frame.columns else [])]
    try:
        frame = frame.select(kept).with_columns(
            pl.col(TEXTUAL).cast(pl.String), pl.col(NUMBERS).cast(pl.Float64), pl.col("sample").cast(pl.Int64),
            problem=pl.col("problem").cast(pl.Categorical),  # each text is held once, however many answer it
        )  # fmt: skip
    except pl.exceptions.InvalidOperationError as error:  # a number that no column holds
        raise RecordError(f"verdicts: {str(error).splitlines()[0]}") from None
    for column in NUMBERS:
        odd = frame.filter(~(pl.col(column).is_finite() & (pl.col(column) >= 0)))[column]
        if len(odd):
            raise RecordError(f"verdicts: column '{column}' holds {odd[0]}; expected numbers of at least 0")
    return frame


TEXTUAL = ("run", "model", "benchmark", "id", "finish", "level")


def _refuse_other_kinds(frame: pl.DataFrame) -> None:
    kinds: dict[str, tuple[tuple[str, ...], Callable[[pl.DataType], bool]]] = {
        "text": ((*TEXTUAL, "prompt"), lambda dtype: not dtype.is_nested()),
        "numbers": ((*NUMBERS, "sample"), lambda dtype: dtype.is_numeric()),
        "true or false": (("closed",), lambda dtype: dtype == pl.Boolean),
    }
    problems = [
        f"verdicts: column '{name}' is of type {dtype}; expected {expected}"
        for expected, (names, fits) in kinds.items()
        for name in names
        if (dtype := frame.schema.get(name, pl.Null())) != pl.Null and not fits(dtype)
    ]
    if problems:
        raise RecordError("; ".join(problems))


def _levels(column: pl.Series) -> pl.Series:
    """Levels as whole numbers where all are (also "Level 3"), else as they stand."""
    if column.dtype.is_integer():
        return column
    numbers = column.cast(pl.String).str.extract(r"^(?i:level)?\s*(-?\d+)(?:\.0+)?$").cast(pl.Int64, strict=False)
    return numbers if numbers.null_count() == column.null_count() else column


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
    named = [("--baseline (analysis.slow)", settings.slow, runs), ("analysis.quick", settings.quick, runs)]
    named += [("analysis.validation", settings.validation, benchmarks)]
    named += [("--baseline (analysis.baselines)", name, runs) for pair in settings.baselines.items() for name in pair]
    named += [("analysis.candidates", candidate, runs) for candidate in settings.candidates]
    named += [("analysis.test", benchmark, benchmarks) for benchmark in settings.test]
    problems = [
        f"{role}: there are no verdicts of '{name}'{_hint(name, known)}"
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
