"""Length: mean tokens with their interval, and the reduction against the slow run, three ways."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from l2s.analysis.statistics.accuracy import Interval


class Reductions(NamedTuple):
    """1 − length / slow length, over several benchmarks."""

    mean: float
    """Unweighted mean of the benchmarks' own reductions: the study's Avg column."""
    total: float
    """Of all tokens together: what a bill would show."""
    finished: float | None
    """Of the problems that both runs finished within the limit; None if there is none."""


def mean_tokens(tokens: NDArray[np.float64], problem: NDArray[np.int64], confidence: float) -> Interval:
    """Mean a response, of tokens or any other number of at least 0; Student's interval over problems.

    Samples of one problem are not independent: the spread is that of the problems' means.
    """
    counts = np.bincount(problem)
    means = np.bincount(problem, tokens) / counts
    value = float(tokens.mean())
    if len(means) == 1:
        return Interval(value, value, value)
    spread = float(stdtrit(len(means) - 1, (1 + confidence) / 2)) * float(means.std(ddof=1)) / len(means) ** 0.5
    return Interval(value, max(0.0, value - spread), value + spread)


def reductions(lengths: Mapping[str, tuple[float, float]], finished: tuple[float, float]) -> Reductions:
    """The three reductions.

    Args:
        lengths: benchmark to (tokens, slow tokens), totals over the same problems.
        finished: the same, over the problems that both finished, all benchmarks together.
    """
    per_benchmark = [1 - ours / slow for ours, slow in lengths.values()]
    ours, slow = (sum(column) for column in zip(*lengths.values(), strict=True))
    both = 1 - finished[0] / finished[1] if finished[1] else None
    return Reductions(sum(per_benchmark) / len(per_benchmark), 1 - ours / slow, both)
