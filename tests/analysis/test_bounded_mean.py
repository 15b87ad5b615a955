"""Gaffke's bound: against the exact one for right and wrong, against draws, and in order."""

import itertools

import numpy as np
import pytest
from scipy.stats import beta

from l2s.analysis.statistics.accuracy import accuracy
from l2s.analysis.statistics.bounded_mean import lower_bound, mean_bounds
from l2s.analysis.statistics.paired import Pairs, compare, mean_gain, tango, verdict


@pytest.mark.parametrize("problems", [1, 2, 7, 30, 257, 1000])
def test_of_right_and_wrong_it_is_clopper_and_pearsons_bound(problems: int) -> None:
    for right in {1, problems // 2, problems - 1, problems} - {0}:
        values = np.arange(problems) < right
        low, high = mean_bounds(values.astype(float), np.ones(problems, dtype=np.int64), (0.0, 1.0), 0.95)
        assert low == pytest.approx(beta.ppf(0.025, right, problems - right + 1), rel=0.06, abs=6e-4)
        assert high == pytest.approx(beta.ppf(0.975, right + 1, problems - right) if right < problems else 1, rel=6e-3)


@pytest.mark.parametrize("shape", ["few wrong", "spread", "halves"])
@pytest.mark.parametrize("problems", [5, 30, 200])
def test_it_is_the_quantile_of_problems_weighed_at_random(problems: int, shape: str) -> None:
    """The definition, by 40,000 draws, with unevenly many samples a problem."""
    rng = np.random.default_rng(problems)
    counts = rng.integers(1, 9, problems)
    chance = {"few wrong": rng.beta(30, 1, problems), "spread": rng.random(problems), "halves": np.full(problems, 0.5)}
    right = rng.binomial(counts, chance[shape]).astype(float)
    weights = rng.exponential(size=(40_000, problems + 1))
    drawn = weights @ np.append(right, 0.0) / (weights @ np.append(counts, counts.mean()))
    found = lower_bound(right, counts, 0.0, 0.025)
    assert found == pytest.approx(np.quantile(drawn, 0.025), abs=0.006)


def test_a_worse_sample_never_makes_the_interval_better() -> None:
    """All ways in which two problems of 16 samples can be worse, one sample at a time, for 3 to 30 problems."""
    for problems in (3, 30):
        counts = np.full(problems, 16)
        for first, second in itertools.product(range(0, 17, 4), repeat=2):
            ends = []
            for more in range(3):
                gains = np.zeros(problems)
                gains[:2] = -min(16, first + more), -second
                ends.append(mean_gain(gains, counts, 0.95))
            for better, worse in itertools.pairwise(ends):
                assert worse.low <= better.low + 1e-7 and worse.high <= better.high + 1e-7


def samples(problems: int, each: int, wrong: int = 0) -> Pairs:
    """Both runs right throughout, but for the first samples of the first."""
    right = np.ones(problems * each, dtype=bool)
    return Pairs(np.repeat(np.arange(problems), each), np.arange(len(right)) >= wrong, right, right + 0.0, right + 1.0)


def test_few_problems_prove_no_parity_however_many_samples_they_have() -> None:
    """30 x 16: all right in both runs was undecided, and one answer wrong made it parity."""
    bounds = []
    for wrong in (0, 1, 2, 16):
        found = compare(samples(30, 16, wrong), 0.95, 100, 0)
        assert verdict(found, 1.0, 0.02, 0.95) == "undecided"
        bounds.append(found.difference.low)
        assert found.minimum_detectable > 0.09, "one problem of thirty is 3.3 points"
    assert bounds == sorted(bounds, reverse=True)
    assert bounds[0] <= tango(0, 0, 30, 0.95).low


@pytest.mark.parametrize("problems", [30, 200, 1000])
def test_samples_that_never_differ_are_no_more_than_problems_that_never_differ(problems: int) -> None:
    found = compare(samples(problems, 4), 0.95, 100, 0).difference
    one = tango(0, 0, problems, 0.95)
    assert found.low <= one.low and found.high >= one.high
    assert (verdict(compare(samples(problems, 4), 0.95, 100, 0), 1.0, 0.02, 0.95) == "parity") == (problems > 188)


def test_accuracy_near_the_ceiling_reckons_with_problems_that_were_not_drawn() -> None:
    right = np.ones(480, dtype=bool)
    right[0] = False
    found = accuracy(right, np.repeat(np.arange(30), 16), 0.95)
    assert found.low < 0.89 and found.value > 0.99
