"""The Pareto front: runs that no other run beats in both accuracy and length; how sure that is, and its area."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from l2s.analysis.inputs.frame import KEY
from l2s.analysis.results.rows import Part, measured, numbered
from l2s.analysis.settings import AnalysisParams
from l2s.analysis.statistics.accuracy import Interval, columns
from l2s.analysis.statistics.resampling import percentiles, resampled_sums
from l2s.core.seeds import seed_for

Matrix = NDArray[np.float64]


def pareto_front(points: Mapping[str, tuple[float, float]]) -> list[str]:
    """Names on the front, shortest first.

    Args:
        points: name to (tokens, accuracy).
    """
    front, best = [], float("-inf")
    for name in sorted(points, key=lambda name: (points[name][0], -points[name][1], name)):
        if points[name][1] > best:
            front.append(name)
            best = points[name][1]
    return front


def pareto_rows(
    parts: Mapping[str, Part], slow: str | None, settings: AnalysisParams
) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """Every run of one benchmark against the front, and the area under it.

    Only runs that answered the same problems as the largest group do take part: others cannot be compared.

    Args:
        parts: run to its verdicts on the benchmark; all tell their tokens.
        slow: the run whose mean length counts as all there is to save; the longest if it is not among them.
        settings: confidence, bootstrap, seed.
    """
    parts = _comparable(parts, slow)
    if not parts:
        return [], None
    runs = list(parts)
    benchmark = str(parts[runs[0]]["benchmark"][0])
    tokens, accuracy = _means(parts, seed_for(settings.seed, benchmark), settings.bootstrap)
    reference = tokens[:, [runs.index(slow)]] if slow in parts else tokens.max(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        saved = np.where(reference > 0, 1 - tokens / reference, 0.0)  # [1 + bootstrap, runs]
    area = hypervolume(saved, accuracy)
    rows = []
    for place, run in enumerate(runs):
        others = [number for number in range(len(runs)) if number != place]
        beating = {other: _beats(tokens, accuracy, other, place) for other in others}
        beaten = np.any(list(beating.values()), axis=0) if others else np.zeros(len(tokens), dtype=bool)
        rows.append(
            {
                "benchmark": benchmark,
                "run": run,
                **measured(parts[run], settings),
                "on_front": not bool(beaten[0]),
                "front_share": float(1 - beaten[1:].mean()),
                "dominated_by": " ".join(runs[other] for other in others if beating[other][0]),
                "contribution": float(area[0] - hypervolume(saved[:1, others], accuracy[:1, others])[0]),
            }
        )
    whole = {
        "benchmark": benchmark,
        **columns("hypervolume", Interval(float(area[0]), *percentiles(area[1:], settings.confidence))),
        "runs": len(runs),
        "reference_tokens": float(reference[0, 0]),
    }
    return rows, whole


def hypervolume(saved: Matrix, accuracy: Matrix) -> NDArray[np.float64]:
    """Area of the unit square (share of tokens saved × accuracy) that the runs dominate, row by row.

    Args:
        saved: ``[draws, runs]``; a run longer than the reference saves nothing and adds no area.
        accuracy: ``[draws, runs]``.
    """
    if saved.shape[1] == 0:
        return np.zeros(len(saved))
    saved = saved.clip(0, 1)
    order = np.argsort(-saved, axis=1, kind="stable")
    wide = np.take_along_axis(saved, order, axis=1)
    high = np.maximum.accumulate(np.take_along_axis(accuracy, order, axis=1), axis=1)
    steps = wide - np.concatenate([wide[:, 1:], np.zeros((len(wide), 1))], axis=1)
    area: NDArray[np.float64] = (steps * high).sum(axis=1)
    return area


def _comparable(parts: Mapping[str, Part], slow: str | None) -> dict[str, Part]:
    """The runs with the slow run's problems and samples, or with those that most runs answered."""
    groups: dict[int, list[str]] = {}
    for run, part in sorted(parts.items()):
        key = int(part.select(pl.struct(KEY).hash(seed=0).sum()).item())
        groups.setdefault(key, []).append(run)
    if not groups:
        return {}
    chosen = max(groups.values(), key=lambda runs: (slow in runs, len(runs)))
    return {run: parts[run] for run in chosen}


def _means(parts: Mapping[str, Part], seed: int, bootstrap: int) -> tuple[Matrix, Matrix]:
    """Mean tokens and accuracy, as measured (row 0) and over resamples of problems: ``[1 + bootstrap, runs]``."""
    problem = numbered(next(iter(parts.values())))
    sums = [np.bincount(problem, part["tokens"].to_numpy()) for part in parts.values()]
    sums += [np.bincount(problem, part["correct"].to_numpy()) for part in parts.values()]
    table = np.stack([np.bincount(problem), *sums], axis=1)
    drawn = np.vstack([table.sum(axis=0), resampled_sums(table, bootstrap, seed)])
    means = drawn[:, 1:] / drawn[:, :1]
    return means[:, : len(parts)], means[:, len(parts) :]


def _beats(tokens: Matrix, accuracy: Matrix, other: int, place: int) -> NDArray[np.bool_]:
    """Draw by draw, whether one run is at least as short and as right as another; of equal runs the first does."""
    short, right = tokens[:, other] - tokens[:, place], accuracy[:, other] - accuracy[:, place]
    equal = (short == 0) & (right == 0)
    found: NDArray[np.bool_] = (short <= 0) & (right >= 0) & (~equal | (other < place))
    return found
