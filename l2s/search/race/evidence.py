"""Evidence that a trial is at parity with slow, or worse: e-processes, valid at any look.

A paired outcome x is 1 (won), 0 (tie) or −1 (lost). Who bets a share b of their wealth on "the loss is below the
margin δ" has 1 + b (x + δ) / (1 − δ) times as much after a problem. If the mean of x is −δ or less, no betting makes
wealth grow on average, so that it ever reaches 1/α with a chance of at most α, however often one looks (Ville).
The evidence is the mean wealth of several constant bets (Waudby-Smith & Ramdas, arXiv:2010.09686); its mirror bets on
"the loss is above the margin". Both depend on counts alone.
"""

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import NamedTuple

BETS = (0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 0.95)
"""Shares of the wealth; below 1, so that no loss ruins."""
FINE = 1e-9
LN10 = math.log10(math.e)
"""Makes a decimal logarithm of one to the base e."""


class Counts(NamedTuple):
    """Paired outcomes, whatever their order."""

    won: int = 0
    """Right here and wrong in the slow run."""
    lost: int = 0
    n: int = 0
    """Problems in all."""

    @property
    def difference(self) -> float:
        """Accuracy less slow's."""
        return (self.won - self.lost) / self.n


def log_parity(counts: Counts, margin: float) -> float:
    """Logarithm of the evidence that less than the margin is lost; 0 before the first problem."""
    won, lost, n = counts
    win, tie = (1 + margin) / (1 - margin), margin / (1 - margin)
    wealth = [
        won * math.log1p(bet * win) + lost * math.log1p(-bet) + (n - won - lost) * math.log1p(bet * tie) for bet in BETS
    ]
    most = max(wealth)  # taken out of the mean, so that nothing overflows
    return most + math.log(sum(math.exp(one - most) for one in wealth) / len(BETS))


def log_worse(counts: Counts, margin: float) -> float:
    """Logarithm of the evidence that more than the margin is lost."""
    return log_parity(Counts(counts.lost, counts.won, counts.n), -margin)


def bounds(counts: Counts, alpha: float) -> tuple[float, float]:
    """Below and above what the true difference of accuracy is not, valid at any look; each errs with ``alpha``."""
    return _lower(counts, alpha), -_lower(Counts(counts.lost, counts.won, counts.n), alpha)


def _lower(counts: Counts, alpha: float) -> float:
    wanted = -math.log(alpha)
    return -_first(lambda margin: log_parity(counts, margin) >= wanted, FINE - 1, 1 - FINE)


def least_problems(margin: float, alpha: float, counts: Counts = Counts()) -> int:
    """How many problems it takes at least until the evidence for parity reaches 1 / ``alpha``.

    Of those after ``counts``, none is lost or won. From nothing, at a margin of 0.02 and an alpha of 0.05: 215.
    """

    def reached(n: float) -> bool:
        return log_parity(counts._replace(n=math.floor(n)), margin) >= -math.log(alpha)

    high = counts.n + 1
    while not reached(high):
        high *= 2
    return counts.n if reached(counts.n) else math.floor(_first(reached, counts.n, high, 0.5))


def best_margin(problems: int, alpha: float) -> float:
    """The smallest margin that so many problems can certify at any look: none is lost or won."""
    return -_lower(Counts(n=problems), alpha)


def least_problems_once(margin: float, confidence: float) -> int:
    """How many problems Tango's interval takes at least, looked at once: z² (1 − δ) / δ, without a disagreement."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    return math.ceil(z * z * (1 - margin) / margin)


def best_margin_once(problems: int, confidence: float) -> float:
    """The smallest margin that Tango's interval of so many problems can certify: z² / (n + z²)."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    return z * z / (problems + z * z)


def _first(holds: Callable[[float], bool], low: float, high: float, fine: float = FINE) -> float:
    """The lowest number for which a condition holds that, once it does, always will."""
    while high - low > fine:
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
