"""Differences: of one run from another, or from a mixture of two others, on the same problems."""

from collections.abc import Sequence

import numpy as np

from l2s.analysis.inputs.frame import KEY
from l2s.analysis.results.rows import Part, numbered
from l2s.analysis.statistics.accuracy import Interval
from l2s.analysis.statistics.paired import mean_gain


def same_problems(*parts: Part) -> bool:
    """Whether all answered the same problems and samples, row by row."""
    return all(part.select(KEY).equals(parts[0].select(KEY)) for part in parts[1:])


def accuracy_minus(part: Part, others: Sequence[tuple[float, Part]], confidence: float) -> Interval:
    """Accuracy minus a weighted mean of others' accuracies; Gaffke's interval over problems.

    Never narrower than Tango's interval is where two runs never disagree: few problems prove no equality.

    Args:
        part: a run's verdicts.
        others: a weight and another run's verdicts on the same problems and samples; weights sum to 1.
        confidence: e.g. 0.95.
    """
    gains = part["correct"].to_numpy().astype(np.float64)
    for weight, other in others:
        gains = gains - weight * other["correct"].to_numpy()
    problem = numbered(part)
    return mean_gain(np.bincount(problem, gains).astype(np.float64), np.bincount(problem), confidence)


def newcombe(one: Interval, other: Interval) -> Interval:
    """Difference of two shares measured apart, from their Wilson intervals (Newcombe 1998, method 10).

    For tables that print shares only: the same problems, paired, would give a narrower interval.
    """
    value = one.value - other.value
    below = ((one.value - one.low) ** 2 + (other.high - other.value) ** 2) ** 0.5
    above = ((one.high - one.value) ** 2 + (other.value - other.low) ** 2) ** 0.5
    return Interval(value, value - below, value + above)
