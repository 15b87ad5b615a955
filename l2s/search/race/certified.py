"""The choice, and what can be said of it after so many trials.

A certificate over all trials: the chosen one loses at most the margin, with a chance of error of at most α whichever
is chosen. Each trial is tested at level α / T, where T is how many trials the budget allows: the evidence of one that
loses more ever reaches T / α with a chance of at most α / T, at whatever look (Ville), and that any of T does with at
most α (Bonferroni). So any choice is right that takes one whose evidence has reached T / α: the shortest, and by what
rule trials were proposed, raced and carried on does not matter (learn then test, arXiv:2110.01052, with e-values). T is
the budget's and not how many were tried: that depends on outcomes, and a level that does would be no level.

That a single trial was certified in the race (1 / α) says nothing of the one that is chosen among many.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from scipy.special import stdtrit

from l2s.search.race.evidence import bounds, log_parity
from l2s.search.race.race import SLACK, Rules
from l2s.search.race.trial import DOMINATED, LONG, LONGER, OPEN, WORSE, Trial, array


class Certificate(NamedTuple):
    """What holds for the chosen one, whatever was tried."""

    holds: bool
    trials: int
    """That the budget allows."""
    evidence: float
    """Logarithm of the highest at any look."""
    needed: float
    """Logarithm of T / α."""
    margin: float
    """The smallest that is certified over all trials, by the last look."""


class Point(NamedTuple):
    """A trial, or slow, on the front; intervals hold for all trials together."""

    trial: int | None
    problems: int
    difference: tuple[float, float, float]
    """Accuracy less slow's, below and above what it is not."""
    tokens: tuple[float, float, float]
    """A share of slow's."""


def nominees(trials: Iterable[Trial], rules: Rules) -> list[Trial]:
    """The shortest trial at parity and those within the slack of it; first the one with most evidence.

    Of trials as short as one another, that one is furthest from the accuracy's cliff.
    """
    found = [
        one for one in trials if one.ended not in (LONG, DOMINATED, WORSE) and one.parity(rules.margin, rules.alpha)
    ]
    shortest = min((one.relative for one in found), default=0.0)
    near = [one for one in found if one.relative <= (1 + SLACK) * shortest]
    return sorted(near, key=lambda one: (-log_parity(one.counts, rules.margin), one.number))


def certificate(trial: Trial, rules: Rules, trials: int) -> Certificate:
    """What holds for the chosen one over as many trials as the budget allows."""
    needed = math.log(trials / rules.alpha)
    margin = -bounds(trial.counts, rules.alpha / trials)[0]
    return Certificate(trial.highest >= needed, trials, trial.highest, needed, margin)


def missed(trials: Iterable[Trial]) -> Trial | None:
    """The shortest trial that was neither certified nor thrown out."""
    return min((one for one in trials if one.ended in OPEN), key=lambda one: one.relative, default=None)


def front(trials: Sequence[Trial], rules: Rules, most: int) -> list[Point]:
    """Trials, and slow, of which no other is both shorter and at least as accurate; the shortest first.

    Trials that the race threw out as too long or dominated answered too few problems to be shown here. The intervals
    hold together for all that the budget allows to try, since which are on the front depends on the same problems.
    """
    left = [one for one in trials if one.n and one.ended not in (LONG, LONGER, DOMINATED)]
    points = [Point(None, max((one.n for one in left), default=0), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))]
    points += [_point(one, rules.alpha / (2 * most)) for one in left]
    points.sort(key=lambda one: (one.tokens[0], -one.difference[0], one.trial or 0))
    on, best = list[Point](), -math.inf
    for point in points:
        if point.difference[0] > best:
            on.append(point)
            best = point.difference[0]
    return on


def _point(trial: Trial, alpha: float) -> Point:
    difference = (trial.counts.difference, *bounds(trial.counts, alpha / 2))
    spread, slow = 0.0, array(trial.slow)
    if trial.n > 1 and slow.any():
        residuals = array(trial.tokens) - trial.plain * slow
        spread = float(stdtrit(trial.n - 1, 1 - alpha / 2)) * float(residuals.std(ddof=1))
        spread /= trial.n**0.5 * float(slow.mean())
    return Point(trial.number, trial.n, difference, (trial.plain, max(0.0, trial.plain - spread), trial.plain + spread))
