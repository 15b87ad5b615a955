"""Accuracy with its interval."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm


class Interval(NamedTuple):
    """An estimate and its confidence interval."""

    value: float
    low: float
    high: float


def accuracy(correct: NDArray[np.bool_], problem: NDArray[np.int64], confidence: float) -> Interval:
    """Share of right responses.

    One response a problem: Wilson's (1927) score interval. Several: responses to one problem are not
    independent, so the interval is the normal one over the problems' own shares.

    Args:
        correct: one entry a response.
        problem: which problem each response answers, numbered from 0.
        confidence: e.g. 0.95.
    """
    counts = np.bincount(problem)
    if counts.max() == 1:
        return wilson(int(correct.sum()), len(correct), confidence)
    shares = np.bincount(problem, weights=correct) / counts
    spread = (
        float(norm.ppf((1 + confidence) / 2)) * float(shares.std(ddof=1)) / len(shares) ** 0.5
        if len(shares) > 1
        else 1.0
    )
    value = float(correct.mean())
    return Interval(value, max(0.0, value - spread), min(1.0, value + spread))


def wilson(successes: int, n: int, confidence: float) -> Interval:
    """Wilson's score interval of a share."""
    z = float(norm.ppf((1 + confidence) / 2))
    share = successes / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    return Interval(share, min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half)))
