"""Random masks: fair to the chance asked for, and each part drawn as with the rest."""

import math
from fractions import Fraction

import numpy as np
import pytest

from l2s.core.seeds import seed_for
from l2s.merging.kernels import random

NAMES = (0, "digest", "weight")


@pytest.mark.parametrize("chance", [0.7, 0.2, 1 / 3, 0.5, 1e-5, 0.99999])
def test_entries_are_chosen_with_the_chance_asked_for(chance: float) -> None:
    """1e-5 is less than a short draw's step of 2⁻¹⁶: without the finer draw it would be 0, or 1.5e-5."""
    n = 4_000_000
    found = int(random.bernoulli_mask(NAMES, 0, n, chance).sum())
    assert abs(found - n * chance) < 4 * math.sqrt(n * chance * (1 - chance))


def test_every_entry_is_chosen_at_chance_one_and_none_at_zero() -> None:
    assert random.bernoulli_mask(NAMES, 0, 1000, 1.0).all() and not random.bernoulli_mask(NAMES, 0, 1000, 0.0).any()


@pytest.mark.parametrize("block", [4096, 1 << 22])
@pytest.mark.parametrize(("first", "last"), [(0, 1), (3, 3), (5, 7001), (4095, 4097), (4096, 8192), (1, 399_999)])
def test_a_part_is_drawn_as_it_is_with_the_rest(
    block: int, first: int, last: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(random, "BLOCK", block)
    for draw in (random.uniform, lambda *of: random.bernoulli_mask(*of, 0.3)):
        assert np.array_equal(draw(NAMES, 0, 400_000)[first:last], draw(NAMES, first, last))


def slowly_chosen(entry: int, chance: Fraction) -> bool:
    """SplitMix64 in whole numbers, entry by entry."""
    seeds = [seed_for(NAMES[0], what, *NAMES[1:], 0) for what in ("choice", "finer choice")]
    short = splitmix(seeds[0], entry // 4) >> 16 * (entry % 4) & 0xFFFF
    steps = int(chance * 2**16)
    if short != steps:
        return short < steps
    return Fraction(splitmix(seeds[1], entry) >> 11, 2**53) < chance * 2**16 - steps


def splitmix(seed: int, number: int) -> int:
    """The published generator's ``number``-th output; https://doi.org/10.1145/2660193.2660195, figure 17."""
    whole = 2**64 - 1
    z = seed + (number + 1) * 0x9E3779B97F4A7C15 & whole
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & whole
    z = (z ^ z >> 27) * 0x94D049BB133111EB & whole
    return z ^ z >> 31


def test_the_generator_is_the_published_one() -> None:
    """The first outputs for seed 1234567, as its reference implementation gives them."""
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    assert [splitmix(1234567, n) for n in range(4)] == published


@pytest.mark.parametrize("chance", [0.3, 0.5, 0.7, 1 / 3, 1e-5, 0.99999])
def test_choices_are_those_of_a_slow_reference(chance: float) -> None:
    expected = [slowly_chosen(entry, Fraction(chance)) for entry in range(20_000)]
    assert random.bernoulli_mask(NAMES, 0, 20_000, chance).tolist() == expected


def test_undecided_entries_are_settled_by_more_bits() -> None:
    """A chance in the middle of the first step: of a draw of 0, one in 65,536, half are chosen."""
    chance = 0.5 / random.STEPS
    chosen = np.flatnonzero(random.bernoulli_mask(NAMES, 0, 1 << 22, chance))
    assert all(slowly_chosen(int(entry), Fraction(chance)) for entry in chosen)
    assert not random.bernoulli_mask(NAMES, 0, 1 << 22, 0.0).any() and 10 < len(chosen) < 54  # of about 64


def test_entries_of_different_blocks_weights_models_and_seeds_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "BLOCK", 64)
    blocks = random.uniform(NAMES, 0, 256).reshape(4, 64)
    others = [
        random.uniform(names, 0, 64) for names in [(1, "digest", "weight"), (0, "d", "weight"), (0, "digest", "w")]
    ]
    assert len({row.tobytes() for row in [*blocks, *others]}) == 7
    assert blocks.min() >= 0 and blocks.max() < 1 and 0.4 < blocks.mean() < 0.6


def test_neighbours_are_independent() -> None:
    drawn = random.bernoulli_mask(NAMES, 0, 1_000_000, 0.5)
    both = float((drawn[1:] & drawn[:-1]).mean())
    assert abs(both - 0.25) < 0.002
