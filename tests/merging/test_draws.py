"""Random masks: fair to the chance asked for, and each part drawn as with the rest."""

import math

import numpy as np
import pytest

from l2s.merging import draws

NAMES = (0, "digest", "weight")


@pytest.mark.parametrize("chance", [0.7, 0.2, 1 / 3, 0.5, 1e-5, 0.99999])
def test_entries_are_chosen_with_the_chance_asked_for(chance: float) -> None:
    """1e-5 is less than a short draw's step of 2⁻¹⁶: without the finer draw it would be 0, or 1.5e-5."""
    n = 4_000_000
    found = int(draws.chosen(NAMES, 0, n, chance).sum())
    assert abs(found - n * chance) < 4 * math.sqrt(n * chance * (1 - chance))


def test_every_entry_is_chosen_at_chance_one_and_none_at_zero() -> None:
    assert draws.chosen(NAMES, 0, 1000, 1.0).all() and not draws.chosen(NAMES, 0, 1000, 0.0).any()


@pytest.mark.parametrize("block", [4096, 1 << 22])
@pytest.mark.parametrize(("first", "last"), [(0, 1), (3, 3), (5, 7001), (4095, 4097), (4096, 8192), (1, 399_999)])
def test_a_part_is_drawn_as_it_is_with_the_rest(
    block: int, first: int, last: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draws, "BLOCK", block)
    for draw in (draws.uniform, lambda *of: draws.chosen(*of, 0.3)):
        assert np.array_equal(draw(NAMES, 0, 400_000)[first:last], draw(NAMES, first, last))


def test_undecided_entries_are_settled_by_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every entry is made undecided: then its place alone decides."""
    monkeypatch.setattr(
        draws, "_bits", lambda what, names, block, start, stop, kind: np.full(stop - start, 19660, kind)
    )
    whole = draws.chosen(NAMES, 0, 100_003, 0.3)  # 0.3 is short step 19660.8
    assert abs(float(whole.mean()) - 0.8) < 0.01
    assert np.array_equal(whole[777:50_001], draws.chosen(NAMES, 777, 50_001, 0.3))


def test_the_finer_draw_decides_alone_in_its_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chance in the middle of the first short step: short draws of 0 are undecided, half of them are chosen."""
    chance = 0.5 / draws.STEPS
    n = 1 << 22
    short = draws._bits("choice", NAMES, 0, 0, n, "<u2")
    chosen = draws.chosen(NAMES, 0, n, chance)
    assert (short[chosen] == 0).all() and 10 < chosen.sum() < 54  # of about 64


def test_entries_of_different_blocks_weights_models_and_seeds_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draws, "BLOCK", 64)
    blocks = draws.uniform(NAMES, 0, 256).reshape(4, 64)
    others = [
        draws.uniform(names, 0, 64) for names in [(1, "digest", "weight"), (0, "d", "weight"), (0, "digest", "w")]
    ]
    assert len({row.tobytes() for row in [*blocks, *others]}) == 7


def test_neighbours_are_independent() -> None:
    drawn = draws.chosen(NAMES, 0, 1_000_000, 0.5)
    both = float((drawn[1:] & drawn[:-1]).mean())
    assert abs(both - 0.25) < 0.002
