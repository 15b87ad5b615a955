"""Rows: one run on one benchmark, or on one level of it, by itself."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from l2s.analysis.accuracy import accuracy
from l2s.analysis.length import mean_tokens
from l2s.analysis.settings import AnalysisParams

Part = pl.DataFrame
"""A run's verdicts on one benchmark, sorted by problem and sample."""


def run_row(part: Part, settings: AnalysisParams) -> dict[str, Any]:
    """One run on one benchmark (see :class:`l2s.records.Summary`), before it is compared with any other."""
    first = part.row(0, named=True)
    finished = part.filter(pl.col("finish") != "length")
    return {
        "run": first["run"],
        "model": first["model"],
        "control": str(first["run"]).removeprefix(str(first["model"])).removeprefix("-") or "none",
        "benchmark": first["benchmark"],
        "n": part.height,
        "problems": part["id"].n_unique(),
        **_measured(part, settings),
        "reduction": None,
        "truncated": 1 - finished.height / part.height,
        "accuracy_finished": _mean(finished["correct"]),
        "no_answer": float((part["status"] == "no_answer").sum()) / part.height,
        "closed": _mean(part["closed"]),
        "think_tokens": _mean(part["think_tokens"]),
        "reflective": float((part["reflections"] > 0).sum()) / part.height,
        "reflections": _mean(part["reflections"]),
        "reflections_when_any": _mean(part.filter(pl.col("reflections") > 0)["reflections"]) or 0.0,
        "verdict": "undecided",
    }


def level_rows(part: Part, settings: AnalysisParams) -> list[dict[str, Any]]:
    """Accuracy, length and reflections by level; none where problems have no level."""
    groups = part.drop_nulls("level").partition_by(["level"], as_dict=True)
    return [
        {
            "run": part["run"][0],
            "benchmark": part["benchmark"][0],
            "level": level,
            "n": group.height,
            **_measured(group, settings),
            "truncated": float((group["finish"] == "length").sum()) / group.height,
            "reflective": float((group["reflections"] > 0).sum()) / group.height,
        }
        for (level,), group in sorted(groups.items())
    ]


def numbered(part: Part) -> NDArray[np.int64]:
    """Problems numbered from 0, row by row."""
    return part["id"].rank("dense").cast(pl.Int64).to_numpy() - 1


def has_tokens(part: Part) -> bool:
    """Whether every response says what it spent: a mean over some of them would mislead."""
    return part["tokens"].null_count() == 0


def _measured(part: Part, settings: AnalysisParams) -> dict[str, float | None]:
    """Accuracy and mean tokens, each with its interval."""
    problem = numbered(part)
    right = accuracy(part["correct"].to_numpy(), problem, settings.confidence)
    columns: dict[str, float | None] = {
        "accuracy": right.value,
        "accuracy_low": right.low,
        "accuracy_high": right.high,
        "tokens": None,
        "tokens_low": None,
        "tokens_high": None,
    }
    if has_tokens(part):
        length = mean_tokens(part["tokens"].cast(pl.Float64).to_numpy(), problem, settings.confidence)
        columns |= {"tokens": length.value, "tokens_low": length.low, "tokens_high": length.high}
    return columns


def _mean(column: pl.Series) -> float | None:
    value = column.cast(pl.Float64).mean()
    return float(value) if isinstance(value, float) else None
