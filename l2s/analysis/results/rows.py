"""Rows: one run on one benchmark, or on one level of it, by itself."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from l2s.analysis.inputs.facts import control_name
from l2s.analysis.settings import AnalysisParams
from l2s.analysis.statistics.accuracy import accuracy, columns
from l2s.analysis.statistics.length import mean_tokens

Part = pl.DataFrame
"""A run's verdicts on one benchmark, sorted by problem and sample."""


def run_row(part: Part, settings: AnalysisParams) -> dict[str, Any]:
    """One run on one benchmark (see :class:`l2s.records.Summary`), before it is compared with any other."""
    first = part.row(0, named=True)
    finished = part.filter(~is_cut())
    return {
        "run": first["run"],
        "model": first["model"],
        "control": control_name(first["run"], first["model"]),
        "benchmark": first["benchmark"],
        "n": part.height,
        "problems": part["id"].n_unique(),
        **measured(part, settings),
        "reduction": None,
        "truncated": 1 - finished.height / part.height,
        "accuracy_finished": mean(finished["correct"]),
        "no_answer": _share(part, pl.col("status") == "no_answer"),
        "closed": mean(part["closed"]),
        "think_tokens": mean(part["think_tokens"]),
        **_reflections(part, settings),
        "verdict": "undecided",
        **_cut_off(part, finished, settings),
        **_right_and_wrong(part, settings),
        **_answers(part, settings),
        "retokenised": known_mean(part["retokenised"]),
        "seconds": known_mean(part["seconds"]),
    }


def is_cut() -> pl.Expr:
    """The token limit ended the response."""
    return pl.col("finish") == "length"


def numbered(part: Part) -> NDArray[np.int64]:
    """Problems numbered from 0, row by row."""
    return part["id"].rank("dense").cast(pl.Int64).to_numpy() - 1


def has_tokens(part: Part) -> bool:
    """Whether every response says what it spent: a mean over some of them would mislead."""
    return part["tokens"].null_count() == 0


def measured(part: Part, settings: AnalysisParams) -> dict[str, float | None]:
    """Accuracy and mean tokens, each with its interval."""
    problem = numbered(part)
    right = accuracy(part["correct"].to_numpy(), problem, settings.confidence)
    return {**columns("accuracy", right), **interval_of("tokens", part, pl.col("tokens"), settings)}


def interval_of(name: str, part: Part, value: pl.Expr, settings: AnalysisParams) -> dict[str, float | None]:
    """Mean of a number with its interval; null where a response lacks it or there is none."""
    found = part.select("id", value=value)
    if found.height == 0 or found["value"].null_count():
        return columns(name, None)
    return columns(name, mean_tokens(found["value"].to_numpy(), numbered(found), settings.confidence))


def share_of(name: str, part: Part, flag: pl.Expr, settings: AnalysisParams) -> dict[str, float | None]:
    """Share of responses with its interval; null where there is none."""
    if part.height == 0:
        return columns(name, None)
    flags = part.select(flag.fill_null(False)).to_series().to_numpy()
    return columns(name, accuracy(flags, numbered(part), settings.confidence))


def mean(column: pl.Series) -> float | None:
    """Mean of what is known; null where nothing is."""
    value = column.cast(pl.Float64).mean()
    return float(value) if isinstance(value, float) else None


def known_mean(column: pl.Series) -> float | None:
    """Mean where every response tells; null otherwise."""
    return None if column.null_count() else mean(column)


def length() -> pl.Expr:
    """Tokens of the transcript itself, or all tokens where that is not told."""
    return pl.coalesce("response_tokens", "tokens")


def _share(part: Part, flag: pl.Expr) -> float:
    return float(part.select(flag.sum()).item()) / part.height


def _reflections(part: Part, settings: AnalysisParams) -> dict[str, float | None]:
    """Second thoughts by our rule (whole words) and by the study's (its list, parts of words)."""
    some = pl.col("reflections") > 0
    return {
        **share_of("reflective", part, some, settings),
        "reflections": mean(part["reflections"]),
        **study_reflections(part),
        "reflections_when_any": mean(part.filter(some)["reflections"]) or 0.0,
    }


def study_reflections(part: Part) -> dict[str, float | None]:
    """The study's [A; B]: share of responses with a hit, and mean hits among those responses alone."""
    hits = part.filter(pl.col("reflections_study") > 0)["reflections_study"]
    return {"reflective_study": len(hits) / part.height, "reflections_study": mean(hits) or 0.0}


def _cut_off(part: Part, finished: Part, settings: AnalysisParams) -> dict[str, float | None]:
    """What accuracy could be if the answers that the limit cut off were all wrong, left out, or all right."""
    right = pl.col("correct")
    excluded = share_of("accuracy_finished", finished, right, settings)
    return {
        "accuracy_finished_low": excluded["accuracy_finished_low"],
        "accuracy_finished_high": excluded["accuracy_finished_high"],
        **share_of("accuracy_truncated_wrong", part, right & ~is_cut(), settings),
        "accuracy_truncated_right": _share(part, right | is_cut()),
        "unparsed": _share(part, pl.col("status") == "unparsed"),
        "grading_limit": _share(part, pl.col("status") == "limit"),
    }


def _right_and_wrong(part: Part, settings: AnalysisParams) -> dict[str, float | None]:
    """Length of right and of wrong answers, and of those that were not cut."""
    tokens = pl.col("tokens")
    return {
        **interval_of("tokens_right", part.filter("correct"), tokens, settings),
        **interval_of("tokens_wrong", part.filter(~pl.col("correct")), tokens, settings),
        "tokens_finished": known_mean(part.filter(~is_cut())["tokens"]),
    }


def _answers(part: Part, settings: AnalysisParams) -> dict[str, float | None]:
    """Tokens until the final answer is first stated, tokens after it, changes of mind, loops."""
    stated = part.filter(pl.col("stated_share").is_not_null() & length().is_not_null())
    until = pl.col("stated_share") * length()
    total = float(stated.select(length().sum()).item() or 0.0)
    after = float(stated.select((length() - until).sum()).item() or 0.0)
    return {
        **interval_of("to_answer", stated, until, settings),
        **interval_of("after_answer", stated, length() - until, settings),
        "after_answer_share": after / total if total else None,
        "answers": mean(part["answers"]),
        "changed": mean(part["changed"]),
        **share_of("corrected", part, pl.col("corrected"), settings),
        **share_of("spoiled", part, pl.col("spoiled"), settings),
        "looping": mean(part["looping"]),
    }
