"""Notes: sentences that must be read with the numbers."""

from collections.abc import Sequence

import polars as pl

from l2s.analysis.results.rows import is_cut
from l2s.analysis.settings import AnalysisParams

MUCH = 0.05
"""Share of cut answers from which on a comparison of lengths must be read with care."""
FEW = 50
"""Problems below which a percentile interval is known to be a little too narrow."""


def notes_on(frame: pl.DataFrame, benchmarks: Sequence[str], settings: AnalysisParams) -> list[str]:
    """What the reader of the tables must know, one sentence each; none where there is nothing to say."""
    notes = [*_about_columns(frame), *_about_cuts(frame)]
    counts = frame.group_by("benchmark").agg(pl.col("id").n_unique()).sort("benchmark")
    few = [f"{name} ({count})" for name, count in counts.iter_rows() if count < FEW]
    if few:
        notes.append(f"Few problems: {', '.join(few)}; intervals of lengths there are a little too narrow.")
    if settings.slow is None and not settings.baselines:
        notes.append("No slow run is named, so there are no reductions, differences and verdicts.")
    if not benchmarks:
        notes.append("Every benchmark is the validation benchmark: nothing is reported as a result.")
    return notes


def _about_columns(frame: pl.DataFrame) -> list[str]:
    unknown = [
        f"{run} ({name})"
        for name in ("tokens", "think_tokens")
        for run in sorted(frame.filter(pl.col(name).is_null())["run"].unique())
    ]
    notes = []
    if unknown:
        notes.append(f"Lengths that the verdicts do not tell: {', '.join(unknown)}.")
    if frame["prompt_tokens"].null_count() and frame["prompt_characters"].null_count() < frame.height:
        notes.append("Prompts were not counted in tokens; eFLOPs take their length from their characters.")
    return notes


def _about_cuts(frame: pl.DataFrame) -> list[str]:
    shares = frame.group_by("run", "benchmark").agg(cut=is_cut().mean()).filter(pl.col("cut") >= MUCH)
    named = [
        f"{run} on {benchmark} {100 * cut:.0f} %" for run, benchmark, cut in shares.sort("run", "benchmark").iter_rows()
    ]
    if not named:
        return []
    return [
        f"Answers cut off by the token limit: {', '.join(named)}. A mean length there is a lower bound, and so is the "
        "accuracy; see the bounds."
    ]
