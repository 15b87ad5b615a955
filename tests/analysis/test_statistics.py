"""Intervals and tests against published values, brute force and coverage."""

import itertools
import math
from collections import OrderedDict

import numpy as np
import pytest

from l2s.analysis.statistics import resampling
from l2s.analysis.statistics.accuracy import accuracy, wilson
from l2s.analysis.statistics.length import mean_tokens, reductions
from l2s.analysis.statistics.paired import (
    Comparison,
    Interval,
    Pairs,
    compare,
    holm,
    length_ratio,
    mcnemar,
    tango,
    verdict,
)


def test_wilson_published() -> None:
    """Newcombe 1998, method 3: 81/263 gives .2553 to .3662; 0/20 gives 0 to .1611."""
    assert wilson(81, 263, 0.95)[1:] == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20, 0.95)[1:] == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(20, 20, 0.95).high == 1


def score_by_likelihood(won: int, lost: int, n: int, delta: float) -> float:
    """The score statistic with its nuisance parameter found by brute force over the likelihood."""
    best = max(
        (q for q in np.linspace(max(0.0, -delta) + 1e-9, (1 - delta) / 2, 20_001)),
        key=lambda q: (
            won * math.log(q + delta) + lost * math.log(q) + (n - won - lost) * math.log(max(1e-12, 1 - 2 * q - delta))
        ),
    )
    return (won - lost - n * delta) / math.sqrt(n * (2 * best + delta * (1 - delta)))


@pytest.mark.parametrize(("won", "lost", "n"), [(9, 1, 44), (3, 6, 500), (20, 40, 100), (1, 7, 60)])
def test_tango_ends_are_where_the_score_test_stops_rejecting(won: int, lost: int, n: int) -> None:
    found = tango(won, lost, n, 0.95)
    for end, sign in ((found.low, 1), (found.high, -1)):
        assert score_by_likelihood(won, lost, n, end) == pytest.approx(sign * 1.96, abs=0.02)


def test_tango_is_symmetric_and_never_empty() -> None:
    for won, lost, n in itertools.product((0, 1, 5), (0, 2, 5), (10, 200)):
        one, two = tango(won, lost, n, 0.95), tango(lost, won, n, 0.95)
        assert (one.low, one.high) == pytest.approx((-two.high, -two.low), abs=1e-9)
        assert one.low < one.value < one.high
    assert tango(0, 0, 500, 0.95).high == pytest.approx(1.96**2 / (500 + 1.96**2), rel=1e-3)


def test_tango_at_the_edges() -> None:
    """Every way to win and lose a few problems, and all or nearly all of many: an interval around the estimate."""
    cases = [(won, lost, n) for n in (1, 2, 3, 7) for won in range(n + 1) for lost in range(n + 1 - won)]
    cases += [(n - a, b, n) for n in (30, 500, 5000) for a, b in ((0, 0), (1, 0), (1, 1))]
    for won, lost, n in cases:
        for first, second in ((won, lost), (lost, won)):
            found = tango(first, second, n, 0.95)
            assert -1 <= found.low <= found.value <= found.high <= 1, (first, second, n)
            assert found.high - found.low > 0.0005, (first, second, n)
    assert tango(20, 0, 20, 0.95).high == 1 and tango(0, 20, 20, 0.95).low == -1


def pairs(n: int = 200, seed: int = 0, samples: int = 1) -> Pairs:
    rng = np.random.default_rng(seed)
    problem = np.repeat(np.arange(n), samples)
    size = n * samples
    return Pairs(
        problem, rng.random(size) < 0.9, rng.random(size) < 0.95, rng.uniform(20, 60, size), rng.uniform(80, 200, size)
    )


def test_mcnemar_is_the_sum_of_binomial_terms() -> None:
    found = compare(pairs(), 0.95, 200, 0)
    few, total = min(found.won, found.lost), found.won + found.lost
    tail = sum(math.comb(total, k) for k in range(few + 1)) / 2**total
    assert found.p_value == pytest.approx(min(1.0, 2 * tail))


def copies(data: Pairs, times: int) -> Pairs:
    return Pairs(*(np.repeat(column, times) for column in data))


def test_copies_of_every_answer_prove_nothing_more() -> None:
    """Ten equal samples a problem: the p-value and what could have been seen stay, won and lost count responses."""
    one, ten = (compare(copies(pairs(60), times), 0.95, 2000, 0) for times in (1, 10))
    assert (ten.won, ten.lost, ten.n) == (10 * one.won, 10 * one.lost, 600)
    assert ten.p_value == one.p_value
    assert ten.minimum_detectable == pytest.approx(one.minimum_detectable)
    assert (ten.difference.low, ten.difference.high) == pytest.approx(
        (one.difference.low, one.difference.high), abs=0.03
    )


def test_mcnemar_of_several_samples_counts_problems() -> None:
    """Three problems better and none worse, whatever by how much: 2 · (1/2)³."""
    assert mcnemar(np.array([4.0, 1.0, 2.0, 0.0, 0.0])) == pytest.approx(0.25)
    assert mcnemar(np.zeros(5)) == 1


def test_the_size_of_blocks_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = compare(copies(pairs(50), 2), 0.95, 500, 0)
    monkeypatch.setattr(resampling, "BLOCK", 50 * 7)
    monkeypatch.setattr(resampling, "_kept", OrderedDict())
    in_parts = compare(copies(pairs(50), 2), 0.95, 500, 0)
    assert in_parts.ratio == whole.ratio


def test_a_slow_run_without_tokens_has_no_ratio() -> None:
    data = pairs(20)
    assert length_ratio(data._replace(tokens_slow=np.zeros(20)), 0.95, 200, 0) is None
    one_left = np.zeros(20)
    one_left[0] = 5.0
    found = length_ratio(data._replace(tokens_slow=one_left), 0.95, 200, 0)
    assert found is not None and np.isfinite(found).all()


def test_length_ratio_covers_and_repeats() -> None:
    data = pairs(400)
    found = length_ratio(data, 0.95, 2000, 0)
    assert found is not None
    assert found == length_ratio(data, 0.95, 2000, 0) != length_ratio(data, 0.95, 2000, 1)
    assert found.value == pytest.approx(data.tokens.sum() / data.tokens_slow.sum())
    relative = math.sqrt(
        data.tokens.var() / data.tokens.mean() ** 2 + data.tokens_slow.var() / data.tokens_slow.mean() ** 2
    )
    expected = found.value * 1.96 * relative / 20
    assert (found.high - found.low) / 2 == pytest.approx(expected, rel=0.15)


def test_samples_of_one_problem_are_not_independent() -> None:
    """Ten copies of every answer say no more than one."""
    right = np.random.default_rng(0).random(100) < 0.7
    copied = accuracy(np.repeat(right, 10), np.repeat(np.arange(100), 10), 0.95)
    twice = accuracy(np.repeat(right, 2), np.repeat(np.arange(100), 2), 0.95)
    assert copied == pytest.approx(twice, abs=1e-9)
    assert copied.high - copied.low == pytest.approx(2 * 1.96 * right.std() / 10, rel=0.07)
    one = mean_tokens(np.arange(100.0), np.arange(100), 0.95)
    ten = mean_tokens(np.repeat(np.arange(100.0), 10), np.repeat(np.arange(100), 10), 0.95)
    assert one == pytest.approx(ten)


def test_holm_published() -> None:
    """Holm's steps by hand: .01·4, .02·3, .03·2, .04·1, each at least the one before."""
    adjusted = holm({"a": 0.03, "b": 0.01, "c": 0.04, "d": 0.02})
    assert adjusted == pytest.approx({"b": 0.04, "d": 0.06, "a": 0.06, "c": 0.06})
    assert holm({"a": 0.6, "b": 0.7}) == {"a": 1.0, "b": 1.0}


@pytest.mark.parametrize(
    ("interval", "p_holm", "expected"),
    [
        ((0.01, 0.001, 0.02), 0.01, "better"),
        ((0.01, 0.001, 0.02), 0.2, "parity"),
        ((-0.005, -0.019, 0.01), 0.001, "parity"),
        ((-0.03, -0.05, -0.01), 0.01, "worse"),
        ((-0.03, -0.05, -0.01), 0.06, "undecided"),
        ((-0.01, -0.03, 0.01), 1.0, "undecided"),
        ((-0.01, -0.02, 0.01), 1.0, "undecided"),
    ],
)
def test_verdicts(interval: tuple[float, float, float], p_holm: float, expected: str) -> None:
    comparison = Comparison(500, 1, 2, Interval(*interval), 0.5, Interval(1, 1, 1), 0.02)
    assert verdict(comparison, p_holm, 0.02, 0.95) == expected


def test_reductions_three_ways() -> None:
    """Two benchmarks: 100 → 50 and 900 → 810; the mean of 50 % and 10 % is 30 %, of all tokens 14 %."""
    found = reductions({"a": (50, 100), "b": (810, 900)}, (500, 800))
    assert (found.mean, found.total, found.finished) == pytest.approx((0.3, 0.14, 0.375))


def test_the_minimum_detectable_difference_is_detected_four_times_in_five() -> None:
    """Simulate exactly that difference, with the observed share of disagreements."""
    n, discordant = 500, 40
    base = pairs(n)
    gains = np.zeros(n, dtype=bool)
    gains[: discordant // 2] = True
    found = compare(Pairs(base.problem, gains, np.roll(gains, n // 2), base.tokens, base.tokens_slow), 0.95, 200, 0)
    rng = np.random.default_rng(1)
    share = discordant / n
    up = (share + found.minimum_detectable) / 2
    hits = 0
    for _ in range(1000):
        won, lost, _ = rng.multinomial(n, [up, share - up, 1 - share])
        hits += (won - lost) / math.sqrt(won + lost) > 1.96
    assert hits / 1000 == pytest.approx(0.8, abs=0.06)
