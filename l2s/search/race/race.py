"""The race: when a trial is looked at, and when it ends.

All trials answer the same problems in the same order, so that any two are pairs. Blocks grow, since a swap of weights
costs much, but a trial is looked at where its certificate may be at the earliest. Evidence for parity and for worse is
valid at any look; comparisons of lengths only save problems, and nothing is claimed from them.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from l2s.search.race.evidence import Counts, least_problems, log_parity, log_worse
from l2s.search.race.parts import Part
from l2s.search.race.trial import CERTIFIED, DOMINATED, LONG, LONGER, OUT_OF_REACH, UNDECIDED, WORSE, Trial, array

ERRORS = 2.5
"""Standard errors of a paired difference of lengths, above which it counts."""
SLACK = 0.01
"""A share of the best's length by which a trial may be longer."""
SEEN = 20
"""Problems before lengths are compared."""


class Rules(NamedTuple):
    """What a race depends on."""

    margin: float
    alpha: float
    block: int
    share: int
    """Problems of a trial, at most, before all have been tried."""
    problems: int
    """There are so many."""
    front: bool = False
    """Trials are compared by accuracy and tokens, and run until they are dominated or at their share."""
    parts: tuple[Part, ...] = ()
    """On none of which a trial may be worse."""


def share_of(problems: int, budget: int, trials: int, least: int) -> int:
    """A trial's share of the budget: an even one, but at least twice what a certificate takes without a loss."""
    return min(problems, max(budget // trials, 2 * least))


def next_look(trial: Trial, rules: Rules, alpha: float, most: int) -> int:
    """How many problems a trial has when it is looked at next: twice as many, or sooner where a certificate may be had.

    Whole blocks, so that each look has seen the levels in their shares.
    """
    n = trial.n
    if n == 0:
        return min(rules.block, most)
    wanted = 2 * n
    if not rules.front:
        wanted = min(wanted, max(n + 1, least_problems(rules.margin, alpha, trial.counts)))
    return min(math.ceil(wanted / rules.block) * rules.block, most)


def judge(trial: Trial, tried: Iterable[Trial], rules: Rules, most: int) -> str:
    """How a trial ends that has been looked at and may answer ``most`` problems; empty: it goes on."""
    if rules.front:
        dominated = _by_slow(trial, rules) or any(_dominates(one, trial, rules) for one in tried if one is not trial)
        return DOMINATED if dominated else UNDECIDED if trial.n >= most else ""
    if log_worse(trial.counts, rules.margin) >= -math.log(rules.alpha) or worse_on_a_part(trial, rules):
        return WORSE
    if trial.parity(rules.margin, rules.alpha):
        return CERTIFIED
    if clearly_more(array(trial.charged) - array(trial.slow)):
        return LONG
    best = min((one for one in tried if one.ended == CERTIFIED), key=lambda one: one.relative, default=None)
    if best is not None and longer(trial.charged, best.charged):
        return LONGER
    if trial.n >= most:
        return UNDECIDED
    return OUT_OF_REACH if least_problems(rules.margin, rules.alpha, trial.counts) > most else ""


def worse_on_a_part(trial: Trial, rules: Rules) -> bool:
    """Whether the evidence for worse is enough on any part, over all of them."""
    enough = -math.log(rules.alpha / max(1, len(rules.parts)))
    return any(log_worse(trial.counts_on(part.places), part.margin) >= enough for part in rules.parts)


def longer(lengths: list[int], others: list[int]) -> bool:
    """Whether lengths are clearly above others by more than the slack, over the problems that both have."""
    n = min(len(lengths), len(others))
    return clearly_more(array(lengths, n) - (1 + SLACK) * array(others, n))


def clearly_more(differences: NDArray[np.float64]) -> bool:
    """Whether a mean is above 0 by more than so many standard errors."""
    n = len(differences)
    return n >= SEEN and float(differences.mean()) > ERRORS * float(differences.std(ddof=1)) / n**0.5


def _dominates(one: Trial, trial: Trial, rules: Rules) -> bool:
    """Whether ``trial`` is clearly longer than ``one``, and proven not to be more accurate by the margin."""
    n = min(one.n, trial.n)
    if not longer(trial.tokens, one.tokens):
        return False
    right, other = np.array(one.correct[:n]), np.array(trial.correct[:n])
    return _proven(Counts(int((right & ~other).sum()), int((~right & other).sum()), n), rules)


def _by_slow(trial: Trial, rules: Rules) -> bool:
    won, lost, n = trial.counts
    return longer(trial.tokens, trial.slow) and _proven(Counts(lost, won, n), rules)


def _proven(counts: Counts, rules: Rules) -> bool:
    return log_parity(counts, rules.margin) >= -math.log(rules.alpha)
