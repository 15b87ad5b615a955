"""Differences: of one run from another, or from a mixture of two others, on the same problems."""

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri, stdtrit

from l2s.analysis.accuracy import Interval
from l2s.analysis.frame import KEY
from l2s.analysis.rows import Part, numbered


def same_problems(*parts: Part) -> bool:
    """Whether all answered the same problems and samples, row by row."""
    return all(part.select(KEY).equals(parts[0].select(KEY)) for part in parts[1:])


def accuracy_minus(part: Part, others: Sequence[tuple[float, Part]], confidence: float) -> Interval:
    """Accuracy minus a weighted mean of others' accuracies; Student's interval over problems.

    Never narrower than Tango's interval is where two runs never disagree: few problems prove no equality.

    Args:
        part: a run's verdicts.
        others: a weight and another run's verdicts on the same problems and samples; weights sum to 1.
        confidence: e.g. 0.95.
    """
    problem = numbered(part)
    gains = part["correct"].to_numpy().astype(np.float64)
    for weight, other in others:
        gains = gains - weight * other["correct"].to_numpy()
    counts = np.bincount(problem)
    value = float(gains.sum() / len(gains))
    if len(counts) == 1:
        return Interval(value, -1.0, 1.0)
    residuals = np.bincount(problem, gains) - value * counts  # [problems]
    error = (len(counts) / (len(counts) - 1) * float((residuals**2).sum())) ** 0.5 / len(gains)
    z2 = float(ndtri((1 + confidence) / 2)) ** 2
    half = max(float(stdtrit(len(counts) - 1, (1 + confidence) / 2)) * error, z2 / (len(counts) + z2))
    return Interval(value, max(-1.0, value - half), min(1.0, value + half))


def newcombe(one: Interval, other: Interval) -> Interval:
    """Difference of two shares measured apart, from their Wilson intervals (Newcombe 1998, method 10).

    For tables that print shares only: the same problems, paired, would give a narrower interval.
    """
    value = one.value - other.value
    below = ((one.value - one.low) ** 2 + (other.high - other.value) ** 2) ** 0.5
    above = ((one.high - one.value) ** 2 + (other.value - other.low) ** 2) ** 0.5
    return Interval(value, value - below, value + above)
