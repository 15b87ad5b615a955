"""The benchmark of generation: equal responses from each way, and the verdict it draws."""

from pathlib import Path

import pytest

from bench import generation
from bench.generation import OURS, PADDED, SMALL, Run

SLOW = Path(__file__).parents[2] / "data/models/slow"


def runs(way: str, *seconds: float, digest: str = "d") -> list[Run]:
    return [Run(way, 10, 1000, 1.0, each, each, digest) for each in seconds]


def test_padded_batches_and_our_loop_answer_alike() -> None:
    texts = ["Kim has 12 shells. Dan has 9 more than Kim. How many shells does Dan have?", "Oli has 7 cards."] * 2
    ours = generation._ours(SLOW, 3, 1, 60)(texts)
    assert ours == generation._padded(SLOW, 3, 1, 60)(texts)
    assert ours[0] == ours[2] and 10 < len(ours[0]) <= 60


@pytest.mark.parametrize(("ours", "held"), [(5.0, True), (4.9, True), (5.1, False)])
def test_our_loop_is_held_against_the_faster_padded_batches(
    ours: float, held: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Medians: one run that something else slowed decides nothing."""
    found = {
        OURS: runs(OURS, ours, ours, 90.0), PADDED: runs(PADDED, 30.0, 40.0, 1.0),
        SMALL: runs(SMALL, 10.0, 10.0, 9.0, digest="e"),
    }  # fmt: skip
    assert generation._show(found, 128) is held
    shown = capsys.readouterr().out
    assert ("PASS" if held else "MISS") in shown and f"{10 / ours:.2f} times" in shown
    assert shown.count("yes") == 2 and shown.count(" no ") == 1


def test_a_response_ends_with_its_stop_token() -> None:
    stop = frozenset({0, 2})
    assert generation._to_the_stop([5, 6, 2, 0, 0], stop) == [5, 6, 2]
    assert generation._to_the_stop([5, 6], stop) == [5, 6]
