"""Accuracy with its interval."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from l2s.analysis.statistics.bounded_mean import mean_bounds


class Interval(NamedTuple):
    """An estimate and its confidence interval."""

    value: float
    low: float
    high: float


def columns(name: str, found: Interval | None) -> dict[str, float | None]:
    """``name``, ``name_low`` and ``name_high``: a number never travels without its interval."""
    return dict(zip((name, f"{name}_low", f"{name}_high"), found or (None, None, None), strict=True))


def accuracy(correct: NDArray[np.bool_], problem: NDArray[np.int64], confidence: float) -> Interval:
    """Share of right responses, with Wilson's (1927) score interval.

    Several responses to one problem are not independent: then a problem counts once, by its own share of right
    responses, and the interval is Gaffke's (``bounded_mean.py``), which holds for few problems and
    near the ceiling too.

    Args:
        correct: one entry a response.
        problem: which problem each response answers, numbered from 0.
        confidence: e.g. 0.95.
    """
    counts = np.bincount(problem)
    if counts.max() == 1:
        return wilson(int(correct.sum()), len(correct), confidence)
    right = np.bincount(problem, weights=correct).astype(np.float64)  # [problems]
    return Interval(float(correct.mean()), *mean_bounds(right, counts, (0.0, 1.0), confidence))


def wilson(successes: float, n: float, confidence: float) -> Interval:
    """Wilson's score interval of a share."""
    z = float(ndtri((1 + confidence) / 2))
    share = successes / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    return Interval(share, min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half)))
