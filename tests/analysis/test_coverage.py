"""Intervals cover the truth as often as they say, in 2,000 simulated experiments each; parity errs at most 5 %."""

import numpy as np
import pytest

from l2s.analysis.statistics.accuracy import wilson
from l2s.analysis.statistics.length import mean_tokens
from l2s.analysis.statistics.paired import Pairs, compare, tango, verdict
from l2s.analysis.statistics.resampling import resampled_sums
from tests.analysis.simulated import DESIGNS, LEVELS, LOSSES, accuracy_covered, difference_levels

EXPERIMENTS = 2000
LEVEL = pytest.approx(0.95, abs=0.01)


def test_wilson_covers() -> None:
    rng = np.random.default_rng(2)
    for n, p in ((500, 0.83), (200, 0.6), (1000, 0.98)):
        found = [wilson(k, n, 0.95) for k in rng.binomial(n, p, EXPERIMENTS)]
        assert np.mean([one.low <= p <= one.high for one in found]) == LEVEL, (n, p)


def test_mean_tokens_covers() -> None:
    rng = np.random.default_rng(3)
    for n in (100, 300):
        lengths = rng.gamma(4.0, 25.0, (EXPERIMENTS, n))
        found = [mean_tokens(row, np.arange(n), 0.95) for row in lengths]
        assert np.mean([one.low <= 100 <= one.high for one in found]) == LEVEL


def test_the_paired_difference_covers_and_parity_errs_rarely() -> None:
    """The truth lies exactly at the margin: a verdict of parity or better is then an error."""
    rng, n, margin = np.random.default_rng(4), 500, 0.02
    won, lost = 0.02, 0.04
    counts = rng.multinomial(n, [won, lost, 1 - won - lost], EXPERIMENTS)
    tokens, problem = np.ones(n), np.arange(n)
    found = {(w, k): tango(int(w), int(k), n, 0.95) for w, k in {tuple(row[:2]) for row in counts}}
    ends = np.array([found[tuple(row[:2])][1:] for row in counts])
    assert np.mean((ends[:, 0] <= -margin) & (-margin <= ends[:, 1])) == LEVEL
    template = compare(Pairs(problem, tokens > 0, tokens > 0, tokens, tokens), 0.95, 100, 0)
    errors = [
        verdict(template._replace(difference=found[tuple(row[:2])]), 1.0, margin, 0.95) in ("parity", "better")
        for row in counts
    ]
    assert 0.005 < np.mean(errors) <= 0.05


def test_the_length_ratio_covers() -> None:
    """All experiments at once: each is a column, and they share the draws of problems."""
    rng, n = np.random.default_rng(5), 200
    common = rng.normal(size=(n, EXPERIMENTS))
    ours = np.exp(0.5 * (0.6 * common + 0.8 * rng.normal(size=(n, EXPERIMENTS))))
    slow = np.exp(0.5 * common + 0.7)
    ratios = resampled_sums(ours, 1000, 1) / resampled_sums(slow, 1000, 1)
    low, high = np.quantile(ratios, (0.025, 0.975), axis=0)
    assert np.mean((low <= np.exp(-0.7)) & (np.exp(-0.7) <= high)) == LEVEL


def holds(n: int, m: int, level: str, times: int) -> None:
    """Intervals cover at least 93 %, and parity is said of a merge at the margin in at most 5 %."""
    for loss in LOSSES:
        found = difference_levels(n, m, loss, level, times)
        assert found.covered > 0.93 - 2 * (0.05 * 0.95 / times) ** 0.5, (loss, found)
        assert found.parity < 0.05 + 2 * (0.05 * 0.95 / times) ** 0.5, (loss, found)
    assert accuracy_covered(n, m, level, times) > 0.93 - 2 * (0.05 * 0.95 / times) ** 0.5


@pytest.mark.long
@pytest.mark.parametrize(
    ("n", "m", "level"), [(30, 16, "always right"), (200, 4, "always right"), (100, 4, "all or nothing")]
)
def test_several_samples_hold_their_level(n: int, m: int, level: str) -> None:
    holds(n, m, level, 100)


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("n", "m"), DESIGNS)
def test_every_design_holds_its_level(n: int, m: int, level: str) -> None:
    """The table of docs/analysis.md: python -m tests.analysis.simulated."""
    holds(n, m, level, 1000 if n * m < 10_000 else 400)


def test_resampling_is_resampling() -> None:
    """Against a loop over the same draws, and the same whether the draws are kept or not."""
    from l2s.analysis.statistics import resampling

    columns = np.random.default_rng(7).normal(size=(40, 2))
    found = resampled_sums(columns, 300, 9)
    assert found.shape == (300, 2) and np.array_equal(found, resampled_sums(columns, 300, 9))
    counts = np.concatenate(list(resampling._drawn(40, 300, 9)))
    assert (counts.sum(axis=1) == 40).all() and counts.std() > 0.5
    slow = [sum(count * row for count, row in zip(drawn, columns, strict=True)) for drawn in counts.astype(int)]
    assert found == pytest.approx(np.array(slow))
    assert not np.array_equal(found, resampled_sums(columns, 300, 10))
