"""Two runs on the same problems: differences with intervals, exact tests, verdicts."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import bdtr, ndtri

from l2s.analysis.statistics.accuracy import Interval
from l2s.analysis.statistics.bounded_mean import mean_bounds
from l2s.analysis.statistics.resampling import percentiles, resampled_sums

POWER = 0.8
"""Of the minimum detectable difference."""


class Pairs(NamedTuple):
    """Two runs' responses to the same problems and samples, row by row."""

    problem: NDArray[np.int64]
    """Numbered from 0; equal for the samples of one problem."""
    correct: NDArray[np.bool_]
    correct_slow: NDArray[np.bool_]
    tokens: NDArray[np.float64]
    tokens_slow: NDArray[np.float64]


class Comparison(NamedTuple):
    """A run against the slow one."""

    n: int
    won: int
    """Responses right here and wrong in the slow run."""
    lost: int
    difference: Interval
    """Of accuracy, this run minus the slow one."""
    p_value: float
    """McNemar's exact test, two-sided; over problems (see :func:`mcnemar`)."""
    ratio: Interval | None
    """Of mean tokens, this run over the slow one; None where the slow one spent none."""
    minimum_detectable: float
    """Smallest true difference that so many problems would have shown with 80 % power."""


def compare(pairs: Pairs, confidence: float, bootstrap: int, seed: int) -> Comparison:
    """Everything about one run against the slow one."""
    won = int((pairs.correct & ~pairs.correct_slow).sum())
    lost = int((~pairs.correct & pairs.correct_slow).sum())
    n = len(pairs.correct)
    each = pairs.correct.astype(np.float64) - pairs.correct_slow.astype(np.float64)
    gains = np.bincount(pairs.problem, each).astype(np.float64)  # [problems]
    single = len(gains) == n
    counts = np.bincount(pairs.problem)
    difference = tango(won, lost, n, confidence) if single else mean_gain(gains, counts, confidence)
    z = float(ndtri((1 + confidence) / 2) + ndtri(POWER))
    one_problem = (n / len(gains)) ** 2  # where fewer differ, as many as one lost whole: few problems detect little
    detectable = z * max(float((gains**2).sum()), one_problem) ** 0.5 / n
    ratio = length_ratio(pairs, confidence, bootstrap, seed)
    return Comparison(n, won, lost, difference, mcnemar(gains), ratio, min(1.0, detectable))


def mcnemar(gains: NDArray[np.float64]) -> float:
    """McNemar's exact test, two-sided, over the problems that the two runs do not do equally well.

    Args:
        gains: a problem's right responses, this run minus the slow one. Its samples are not independent,
            so that only the sign counts; with one sample a problem that is the ordinary test.
    """
    better, worse = int((gains > 0).sum()), int((gains < 0).sum())
    return min(1.0, 2 * float(bdtr(min(better, worse), better + worse, 0.5)))


def tango(won: int, lost: int, n: int, confidence: float) -> Interval:
    """Tango's (1998) score interval for the difference of two paired shares, (won − lost) / n.

    Unlike the textbook interval it does not shrink to nothing when the runs never disagree.
    """
    z = float(ndtri((1 + confidence) / 2))
    value = (won - lost) / n

    def score(delta: float) -> float:
        a, b, c = 2 * n, -won - lost + (2 * n - won + lost) * delta, -lost * delta * (1 - delta)
        q = (max(b * b - 4 * a * c, 0.0) ** 0.5 - b) / (2 * a)
        variance = n * (2 * q + delta * (1 - delta))
        distance = won - lost - n * delta
        if abs(distance) < 1e-9:
            return 0.0
        return distance / variance**0.5 if variance > 0 else float(np.copysign(1e9, distance))

    low = float(brentq(lambda delta: score(delta) - z, -1 + 1e-12, value)) if value > -1 else -1.0
    high = float(brentq(lambda delta: score(delta) + z, value, 1.0)) if value < 1 else 1.0
    return Interval(value, low, high)


def length_ratio(pairs: Pairs, confidence: float, bootstrap: int, seed: int) -> Interval | None:
    """Mean tokens over the slow run's, with a percentile interval from resampling whole problems.

    Resamples in which the slow run spent nothing have no ratio and are left out.
    """
    ours, slow = np.bincount(pairs.problem, pairs.tokens), np.bincount(pairs.problem, pairs.tokens_slow)
    if not slow.any():
        return None
    sums = resampled_sums(np.stack([ours, slow], axis=1), bootstrap, seed)
    some = sums[:, 1] > 0
    return Interval(float(ours.sum() / slow.sum()), *percentiles(sums[some, 0] / sums[some, 1], confidence))


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Holm's (1979) adjusted p-values."""
    adjusted, largest = {}, 0.0
    for rank, name in enumerate(sorted(p_values, key=lambda name: (p_values[name], name))):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[name]))
        adjusted[name] = largest
    return adjusted


def verdict(comparison: Comparison, p_holm: float, margin: float, confidence: float) -> str:
    """``better``, ``parity``, ``worse`` or ``undecided``, against the slow run.

    Better and worse need the interval on one side of zero and Holm's p below 1 − confidence; parity
    needs the interval's lower end above −margin, whatever the test says.
    """
    significant = p_holm < 1 - confidence
    if comparison.difference.low > 0 and significant:
        return "better"
    if comparison.difference.low > -margin:
        return "parity"
    return "worse" if comparison.difference.high < 0 and significant else "undecided"


def mean_gain(gains: NDArray[np.float64], counts: NDArray[np.int64], confidence: float) -> Interval:
    """Gaffke's interval of the mean gain a response, between −1 and 1; for several samples a problem.

    Never narrower than what as many problems with one sample each would show if the runs never disagreed (Tango's
    interval then): more samples tell nothing of problems that were not drawn, and a merge may lose some of them whole.
    """
    value = float(gains.sum() / counts.sum())
    low, high = mean_bounds(gains, counts, (-1.0, 1.0), confidence)
    alike = tango(0, 0, len(counts), confidence)
    return Interval(value, max(-1.0, min(low, value + alike.low)), min(1.0, max(high, value + alike.high)))
