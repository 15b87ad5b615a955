"""The mean of numbers between two ends, over few problems: Gaffke's bound, which holds whatever their distribution.

Gaffke (2005), as studied by Learned-Miller & Thomas (arXiv:1905.06208) and Phan et al. (arXiv:2106.03163): add one
problem with the worst value there is, weigh all problems at random (exponential weights, the Bayesian bootstrap), and
take the quantile of the weighted mean. For values of 0 and 1 that is Clopper and Pearson's exact bound. It never rises
when a value falls, and it reckons with losses on problems that were not drawn: resampling the drawn ones cannot.

The quantile is computed, not drawn: the chance that a weighted sum of independent exponentials is at most 0, by the
saddlepoint formula of Lugannani & Rice (1980), to about a hundredth of the chance.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr

Floats = NDArray[np.float64]


def mean_bounds(
    totals: Floats, counts: NDArray[np.int64], ends: tuple[float, float], confidence: float
) -> tuple[float, float]:
    """Lower and upper bound of the mean a response, Gaffke's on either side.

    Args:
        totals: ``[problems]``, the sum over a problem's responses of a value between the ends.
        counts: ``[problems]``, its responses.
        ends: least and largest possible value.
        confidence: e.g. 0.95; each side errs with half of the rest.
    """
    value, tail = float(totals.sum() / counts.sum()), (1 - confidence) / 2
    low, high = lower_bound(totals, counts, ends[0], tail), -lower_bound(-totals, counts, -ends[1], tail)
    return min(value, low), max(value, high)


def lower_bound(totals: Floats, counts: NDArray[np.int64], end: float, tail: float) -> float:
    """The number that the mean lies below with a chance of at most ``tail``; ``end`` is the least possible value."""
    rows, times = np.unique(np.stack([totals, counts], axis=1), axis=0, return_counts=True)
    sums, sizes = np.append(rows[:, 0], end * counts.mean()), np.append(rows[:, 1], counts.mean())
    times = np.append(times, 1)
    middle = float((times * sums).sum() / (times * sizes).sum())
    if middle - end < 1e-12:
        return end

    def excess(t: float) -> float:
        return chance_below_zero(sums - t * sizes, times) - tail

    return float(brentq(excess, end + 1e-12 * (middle - end), middle, xtol=1e-9))


def chance_below_zero(factors: Floats, times: NDArray[np.int64]) -> float:
    """P(sum of factor x exponential ≤ 0), for independent standard exponentials; factor i occurs ``times[i]`` times.

    The cumulant function is K(s) = −Σ log(1 − s factor); its saddlepoint solves K'(s) = 0.
    """
    least, largest = float(factors.min()), float(factors.max())
    if least >= 0:
        return 0.0
    if largest <= 0:
        return 1.0

    def slope(s: float) -> float:
        return float((times * factors / (1 - s * factors)).sum())

    edge = 1 - 1e-13
    s = float(brentq(slope, edge / least, edge / largest, xtol=1e-13 / max(-least, largest)))
    spread = float((times * (factors / (1 - s * factors)) ** 2).sum())
    w = float(np.sign(s) * np.sqrt(max(0.0, 2 * (times * np.log1p(-s * factors)).sum())))
    u = float(s * spread**0.5)
    if abs(w) < 1e-4:
        return 0.5  # at the mean, where the formula's two large terms cancel
    return float(ndtr(w) + np.exp(-w * w / 2) / (2 * np.pi) ** 0.5 * (1 / w - 1 / u))
