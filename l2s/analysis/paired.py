"""Two runs on the same problems: differences with intervals, exact tests, verdicts."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import binomtest, norm

from l2s.analysis.accuracy import Interval
from l2s.seeds import seed_for

POWER = 0.8
"""Of the minimum detectable difference."""
BLOCK = 200
"""Resamples drawn at a time, so that memory does not grow with their number."""


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
    """McNemar's exact test, two-sided."""
    ratio: Interval
    """Of mean tokens, this run over the slow one."""
    minimum_detectable: float
    """Smallest true difference that so many problems would have shown with 80 % power."""


def compare(pairs: Pairs, confidence: float, bootstrap: int, seed: int) -> Comparison:
    """Everything about one run against the slow one."""
    won = int((pairs.correct & ~pairs.correct_slow).sum())
    lost = int((~pairs.correct & pairs.correct_slow).sum())
    n = len(pairs.correct)
    single = len(np.unique(pairs.problem)) == n
    difference = tango(won, lost, n, confidence) if single else _clustered(pairs, confidence)
    p_value = float(binomtest(won, won + lost).pvalue) if won + lost else 1.0
    z = float(norm.ppf((1 + confidence) / 2) + norm.ppf(POWER))
    detectable = z * (max(won + lost, 1) / n / n) ** 0.5
    return Comparison(n, won, lost, difference, p_value, length_ratio(pairs, confidence, bootstrap, seed), detectable)


def tango(won: int, lost: int, n: int, confidence: float) -> Interval:
    """Tango's (1998) score interval for the difference of two paired shares, (won − lost) / n.

    Unlike the textbook interval it does not shrink to nothing when the runs never disagree.
    """
    z = float(norm.ppf((1 + confidence) / 2))
    value = (won - lost) / n

    def score(delta: float) -> float:
        a, b, c = 2 * n, -won - lost + (2 * n - won + lost) * delta, -lost * delta * (1 - delta)
        q = (max(b * b - 4 * a * c, 0.0) ** 0.5 - b) / (2 * a)
        variance = n * (2 * q + delta * (1 - delta))
        return (won - lost - n * delta) / variance**0.5 if variance > 1e-15 else 0.0

    tiny = 1e-12
    low = -1.0 if value <= -1 + tiny else float(brentq(lambda d: score(d) - z, -1 + tiny, value - tiny))
    high = 1.0 if value >= 1 - tiny else float(brentq(lambda d: score(d) + z, value + tiny, 1 - tiny))
    return Interval(value, low, high)


def length_ratio(pairs: Pairs, confidence: float, bootstrap: int, seed: int) -> Interval:
    """Mean tokens over the slow run's, with a percentile interval from resampling whole problems."""
    ours, slow = np.bincount(pairs.problem, pairs.tokens), np.bincount(pairs.problem, pairs.tokens_slow)
    rng = np.random.default_rng(seed_for(seed, "length ratio"))
    ratios = []
    for start in range(0, bootstrap, BLOCK):
        drawn = rng.integers(0, len(ours), (min(BLOCK, bootstrap - start), len(ours)))
        ratios.append(ours[drawn].sum(1) / slow[drawn].sum(1))
    tails = ((1 - confidence) / 2, (1 + confidence) / 2)
    low, high = np.quantile(np.concatenate(ratios), tails)
    return Interval(float(ours.sum() / slow.sum()), float(low), float(high))


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


def _clustered(pairs: Pairs, confidence: float) -> Interval:
    """Several samples a problem: the normal interval over the problems' own differences."""
    gains = pairs.correct.astype(np.float64) - pairs.correct_slow
    counts = np.bincount(pairs.problem)
    differences = np.bincount(pairs.problem, gains) / counts
    value = float(gains.mean())
    spread = (
        float(norm.ppf((1 + confidence) / 2)) * float(differences.std(ddof=1)) / len(counts) ** 0.5
        if len(counts) > 1
        else 1.0
    )
    return Interval(value, max(-1.0, value - spread), min(1.0, value + spread))
