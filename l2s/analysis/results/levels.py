"""Levels: accuracy, length and second thoughts against difficulty, alone and against the slow run."""

from typing import Any

import polars as pl

from l2s.analysis.results.comparisons import compare_pair, reduction_of
from l2s.analysis.results.rows import Part, is_cut, mean, measured, share_of, study_reflections
from l2s.analysis.settings import AnalysisParams
from l2s.analysis.statistics.accuracy import columns


def level_rows(part: Part, couple: tuple[Part, Part] | None, settings: AnalysisParams) -> list[dict[str, Any]]:
    """One row a level; none where problems have no level.

    Args:
        part: a run's verdicts on one benchmark.
        couple: the same beside its slow run's, if there is one.
        settings: of the intervals.
    """
    groups = part.drop_nulls("level").partition_by(["level"], as_dict=True)
    return [
        {
            "run": part["run"][0],
            "benchmark": part["benchmark"][0],
            "level": level,
            "n": group.height,
            **measured(group, settings),
            "truncated": mean(group.select(is_cut()).to_series()),
            **share_of("reflective", group, pl.col("reflections") > 0, settings),
            **study_reflections(group),
            "reflections": mean(group["reflections"]),
            "reflections_when_any": mean(group.filter(pl.col("reflections") > 0)["reflections"]) or 0.0,
            "think_tokens": mean(group["think_tokens"]),
            **_against_slow(couple, level, settings),
            **{name: mean(group[name]) for name in ("corrected", "spoiled", "looping")},
        }
        for (level,), group in sorted(groups.items())
    ]


def _against_slow(couple: tuple[Part, Part] | None, level: Any, settings: AnalysisParams) -> dict[str, float | None]:
    nothing = columns("reduction", None) | columns("difference", None)
    if couple is None:
        return nothing
    here = couple[0]["level"] == level
    part, slow = couple[0].filter(here), couple[1].filter(here)
    if part.height == 0:
        return nothing
    found = compare_pair(part, slow, settings, str(part["benchmark"][0]))
    return columns("reduction", reduction_of(found.ratio)) | columns("difference", found.difference)
