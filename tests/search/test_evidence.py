"""The betting e-process against its formula in fractions, and how often it errs where one looks at it often."""

import math
from fractions import Fraction

import numpy as np
import pytest

from l2s.analysis.statistics.paired import tango
from l2s.search.race.evidence import (
    BETS,
    Counts,
    best_margin,
    best_margin_once,
    bounds,
    least_problems,
    least_problems_once,
    log_parity,
    log_worse,
)

MARGIN = Fraction(1, 50)
BET = [Fraction(str(bet)) for bet in BETS]


def parity(outcomes: list[int], margin: Fraction) -> Fraction:
    """As it is written: the mean over bets of the product over problems."""
    wealth = [math.prod(1 + bet * (x + margin) / (1 - margin) for x in outcomes) for bet in BET]
    return sum(wealth, Fraction(0)) / len(BET)


def worse(outcomes: list[int], margin: Fraction) -> Fraction:
    wealth = [math.prod(1 - bet * (x + margin) / (1 + margin) for x in outcomes) for bet in BET]
    return sum(wealth, Fraction(0)) / len(BET)


@pytest.mark.parametrize("margin", [Fraction(1, 50), Fraction(1, 10), Fraction(1, 2)])
@pytest.mark.parametrize(("won", "lost", "n"), [(0, 0, 0), (1, 0, 1), (0, 1, 1), (3, 5, 40), (0, 0, 257), (9, 0, 9)])
def test_evidence_is_its_formula(won: int, lost: int, n: int, margin: Fraction) -> None:
    outcomes = [1] * won + [-1] * lost + [0] * (n - won - lost)
    counts = Counts(won, lost, n)
    assert math.exp(log_parity(counts, float(margin))) == pytest.approx(float(parity(outcomes, margin)), rel=1e-12)
    assert math.exp(log_worse(counts, float(margin))) == pytest.approx(float(worse(outcomes, margin)), rel=1e-12)


def test_evidence_of_many_problems_is_a_number() -> None:
    for counts in (Counts(0, 100_000, 100_000), Counts(100_000, 0, 100_000), Counts(0, 0, 10**9)):
        assert math.isfinite(log_parity(counts, 0.02)) and math.isfinite(log_worse(counts, 0.02))


def test_nobody_gains_on_average_at_the_margin() -> None:
    """Exactly: one problem of each of two levels, one that loses nothing and one that loses twice the margin."""
    lossless, lossy = [(0, Fraction(1))], [(0, 1 - 2 * MARGIN), (-1, 2 * MARGIN)]
    mean = sum(p * q * parity([x, y], MARGIN) for x, p in lossless for y, q in lossy)
    assert mean <= 1
    alike = [(0, 1 - 3 * MARGIN), (-1, 2 * MARGIN), (1, MARGIN)]  # the mean is -1/50
    assert sum(p * parity([x], MARGIN) for x, p in alike) == 1
    assert sum(p * worse([x], MARGIN) for x, p in alike) == 1


def test_what_a_margin_takes() -> None:
    assert least_problems(0.02, 0.05) == 215 and least_problems_once(0.02, 0.95) == 189
    assert parity([0] * 215, MARGIN) >= 20 > parity([0] * 214, MARGIN)
    assert tango(0, 0, 189, 0.95).low > -0.02 > tango(0, 0, 188, 0.95).low
    assert round(100 * best_margin_once(30, 0.95), 1) == 11.4
    for n in (30, 215, 1000):
        assert log_parity(Counts(n=n), best_margin(n, 0.05)) == pytest.approx(math.log(20), abs=1e-5)
    assert best_margin(215, 0.05) <= 0.02 < best_margin(214, 0.05)


@pytest.mark.parametrize("counts", [Counts(0, 0, 0), Counts(2, 3, 80), Counts(0, 6, 100)])
def test_least_problems_is_the_first_that_is_enough(counts: Counts) -> None:
    n = least_problems(0.02, 0.05, counts)
    assert log_parity(counts._replace(n=n), 0.02) >= math.log(20) > log_parity(counts._replace(n=n - 1), 0.02)


def test_bounds_are_the_margins_at_which_evidence_is_enough() -> None:
    low, high = bounds(Counts(3, 5, 400), 0.05)
    assert low < -2 / 400 < high
    assert log_parity(Counts(3, 5, 400), -low) == pytest.approx(math.log(20), abs=1e-5)
    assert log_worse(Counts(3, 5, 400), -high) == pytest.approx(math.log(20), abs=1e-5)
    assert bounds(Counts(5, 3, 400), 0.05) == pytest.approx((-high, -low), abs=1e-6)
    assert bounds(Counts(), 0.05) == pytest.approx((-1, 1), abs=1e-6)


def looks(lost: float, won: float, runs: int, problems: int = 1000, every: int = 20) -> np.ndarray:
    """Won, lost and problems at each look, of simulated runs: ``[runs, looks, 3]``."""
    draws = np.random.default_rng(0).random((runs, problems))
    wins, losses = np.cumsum(draws < won, axis=1), np.cumsum(draws > 1 - lost, axis=1)
    at = np.arange(every, problems + 1, every)
    return np.stack([wins[:, at - 1], losses[:, at - 1], np.broadcast_to(at, (runs, len(at)))], axis=-1)


def ever(counted: np.ndarray, certified: dict[tuple[int, ...], bool]) -> float:
    return float(np.mean([any(certified[tuple(look)] for look in run) for run in counted.tolist()]))


@pytest.mark.parametrize(("lost", "won"), [(0.025, 0.005), (0.06, 0.04)])
def test_looking_often_costs_the_evidence_nothing_and_tangos_interval_its_level(lost: float, won: float) -> None:
    """The truth is at the margin, so that each certificate is false; 500 runs, a look every 20 of 1,000 problems."""
    counted = looks(lost, won, 500)
    seen = {tuple(look) for run in counted.tolist() for look in run}
    by_evidence = {one: log_parity(Counts(*one), 0.02) >= math.log(20) for one in seen}
    by_tango = {one: tango(*one, 0.95).low > -0.02 for one in seen}
    assert ever(counted, by_evidence) <= 0.05
    assert ever(counted[:, -1:], by_tango) <= 0.04  # once, at the end: nominally 2.5 %
    assert ever(counted, by_tango) > 0.07  # at every look


@pytest.mark.parametrize(("loss", "share", "within"), [(0.10, 0.98, 1000), (0.30, 0.99, 200)])
def test_what_loses_much_is_thrown_out_soon(loss: float, share: float, within: int) -> None:
    counted = looks(loss, 0.0, 400, problems=within)
    seen = {tuple(look) for run in counted.tolist() for look in run}
    assert ever(counted, {one: log_worse(Counts(*one), 0.02) >= math.log(20) for one in seen}) >= share
