"""Overall: a run over all reported benchmarks, by the study's average and by two better ones."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from l2s.analysis.results.comparisons import Couples, Parts, adjusted, compare_pair, slow_of
from l2s.analysis.results.rows import Part, has_tokens, is_cut, numbered
from l2s.analysis.settings import AnalysisParams
from l2s.analysis.statistics.accuracy import Interval, accuracy, columns
from l2s.analysis.statistics.length import reductions
from l2s.analysis.statistics.paired import Comparison, verdict
from l2s.analysis.statistics.resampling import percentiles, resampled_sums
from l2s.core.seeds import seed_for

Couple = tuple[Part, Part]


def overall_rows(
    parts: Parts, couples: Couples, benchmarks: Sequence[str], settings: AnalysisParams
) -> list[dict[str, Any]]:
    """One row a run. Where the slow run lacks one of its benchmarks, there are no reductions and no verdict.

    Args:
        parts: all verdicts.
        couples: runs beside their slow runs.
        benchmarks: those that are reported.
        settings: margins, confidence, bootstrap.
    """
    runs = sorted({run for run, _ in parts})
    own = {run: {name: parts[run, name] for name in benchmarks if (run, name) in parts} for run in runs}
    beside = {run: [couples[run, name] for name in own[run] if (run, name) in couples] for run in runs}
    pooled = {run: _pooled(both, settings) for run, both in beside.items() if both and len(both) == len(own[run])}
    p_holm = adjusted({run: found.p_value for run, found in pooled.items()}, settings)
    rows = []
    for run in runs:
        row: dict[str, Any] = {"run": run, "baseline": slow_of(run, settings), **_accuracies(own[run], settings)}
        if run in pooled:
            row |= _reductions(beside[run], settings) | {
                **columns("difference", pooled[run].difference),
                "p_value": pooled[run].p_value,
                "p_holm": p_holm[run],
                "minimum_detectable": pooled[run].minimum_detectable,
                "verdict": verdict(pooled[run], p_holm[run], settings.margin, settings.confidence),
            }
        rows.append(row)
    return rows


def _accuracies(own: dict[str, Part], settings: AnalysisParams) -> dict[str, Any]:
    """Unweighted over benchmarks (the study's Avg), and over all problems alike."""
    if not own:
        return {"benchmarks": 0, "accuracy_mean": None}
    each = [accuracy(part["correct"].to_numpy(), numbered(part), settings.confidence) for part in own.values()]
    together = pl.concat([_apart(part) for part in own.values()])
    pooled = accuracy(together["correct"].to_numpy(), numbered(together), settings.confidence)
    return {
        "benchmarks": len(own),
        **columns("accuracy_mean", mean_of_intervals(each)),
        **columns("accuracy_pooled", pooled),
        "n": together.height,
        "problems": together["id"].n_unique(),
        "tokens_total": float(together["tokens"].sum()) if has_tokens(together) else None,
    }


def mean_of_intervals(each: Sequence[Interval]) -> Interval:
    """Mean of independent estimates; distances to the ends add in squares (Newcombe 1998)."""
    k = len(each)
    value = sum(one.value for one in each) / k
    below = sum((one.value - one.low) ** 2 for one in each) ** 0.5 / k
    above = sum((one.high - one.value) ** 2 for one in each) ** 0.5 / k
    return Interval(value, max(0.0, value - below), min(1.0, value + above))


def _pooled(both: Sequence[Couple], settings: AnalysisParams) -> Comparison:
    """All reported problems taken as one benchmark."""
    ours, slow = (pl.concat([_apart(couple[side]) for couple in both]) for side in (0, 1))
    names = sorted(str(couple[0]["benchmark"][0]) for couple in both)
    return compare_pair(ours, slow, settings, *names)


def _apart(part: Part) -> Part:
    """Problems of several benchmarks, told apart."""
    return part.select(
        "run", "correct", "tokens", "finish", pl.concat_str("benchmark", "id", separator="\0").alias("id")
    )


def _reductions(both: Sequence[Couple], settings: AnalysisParams) -> dict[str, Any]:
    """Three ways: the study's mean of benchmarks, all tokens together, and where both runs finished."""
    names = ("reduction_mean_of_benchmarks", "reduction_total_tokens", "reduction_both_finished")
    sums = [_sums(couple) for couple in both]  # each [problems, 4]
    totals = [one.sum(axis=0) for one in sums]
    if not all(has_tokens(part) for couple in both for part in couple) or not all(total[1] for total in totals):
        return {column: None for name in names for column in columns(name, None)}
    seeds = [seed_for(settings.seed, str(couple[0]["benchmark"][0])) for couple in both]
    drawn = np.stack([resampled_sums(one, settings.bootstrap, s) for one, s in zip(sums, seeds, strict=True)])
    found = reductions(
        {str(place): (total[0], total[1]) for place, total in enumerate(totals)},
        (float(sum(total[2] for total in totals)), float(sum(total[3] for total in totals))),
    )
    together = drawn.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        draws = (
            1 - (drawn[:, :, 0] / drawn[:, :, 1]).mean(axis=0),
            1 - together[:, 0] / together[:, 1],
            1 - together[:, 2] / together[:, 3],
        )
    row: dict[str, Any] = {}
    for name, value, draw in zip(names, found, draws, strict=True):
        row |= columns(name, None if value is None else Interval(value, *percentiles(draw, settings.confidence)))
    return row


def _sums(couple: Couple) -> NDArray[np.float64]:
    """A problem's tokens and slow tokens, all of them and those of samples that both finished."""
    part, slow = couple
    problem = numbered(part)
    both = ~part.select(is_cut()).to_series().to_numpy() & ~slow.select(is_cut()).to_series().to_numpy()
    ours, theirs = (side["tokens"].fill_null(0).to_numpy() for side in couple)
    return np.stack([np.bincount(problem, values) for values in (ours, theirs, ours * both, theirs * both)], axis=1)
