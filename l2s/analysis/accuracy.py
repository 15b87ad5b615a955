"""Accuracy with its interval."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri


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

    Several responses to one problem are not independent: they count as :func:`effective_responses`.

    Args:
        correct: one entry a response.
        problem: which problem each response answers, numbered from 0.
        confidence: e.g. 0.95.
    """
    share = float(correct.mean())
    n = effective_responses(correct, problem)
    return wilson(share * n, n, confidence)


def effective_responses(correct: NDArray[np.bool_], problem: NDArray[np.int64]) -> float:
    """How many independent responses say as much about the share as these do (Dean & Pagano 2015).

    p(1 − p) over the variance of the share between problems; never more than there are responses. Where
    all problems are alike that variance is zero and tells nothing: then each problem counts once.
    """
    counts = np.bincount(problem)
    if counts.max() == 1:
        return float(len(correct))
    share, problems = float(correct.mean()), len(counts)
    excess = np.bincount(problem, weights=correct) - share * counts  # [problems]
    if problems == 1 or not np.abs(excess).max() > 1e-9:
        return float(problems)
    variance = problems / (problems - 1) * float((excess**2).sum()) / len(correct) ** 2
    return min(float(len(correct)), share * (1 - share) / variance)


def wilson(successes: float, n: float, confidence: float) -> Interval:
    """Wilson's score interval of a share."""
    z = float(ndtri((1 + confidence) / 2))
    share = successes / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    return Interval(share, min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half)))
