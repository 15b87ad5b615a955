"""Advantages: how much better than its group each response was (arXiv:2402.03300; Dr. GRPO, arXiv:2503.20783)."""

import math
from collections.abc import Sequence
from itertools import chain
from statistics import fmean
from typing import Literal

Scale = Literal["group", "batch", "none"]


def advantages(groups: Sequence[Sequence[float]], scale: Scale = "group", epsilon: float = 1e-6) -> list[list[float]]:
    """R − mean of the group, divided by s + ε; exactly 0 in a group of equal rewards.

    With ``group``, s is the group's sample standard deviation: every weight of a length term then acts at full
    strength where all are right. With ``batch`` it is that of all rewards together, and with ``none`` nothing is
    divided: a weight is then a price. TRL takes ε 1e-4, verl 1e-6, beside which a term of 1e-6 is nothing or something.
    """
    whole = _deviation(list(chain.from_iterable(groups)))
    return [_of_group(group, {"group": _deviation(group), "batch": whole}.get(scale), epsilon) for group in groups]


def _of_group(rewards: Sequence[float], deviation: float | None, epsilon: float) -> list[float]:
    if len(set(rewards)) < 2:
        return [0.0] * len(rewards)
    mean, divisor = fmean(rewards), 1.0 if deviation is None else deviation + epsilon
    return [(reward - mean) / divisor for reward in rewards]


def _deviation(values: Sequence[float]) -> float:
    if len(set(values)) < 2:
        return 0.0
    mean = fmean(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
