"""The paired rule: the shortest at parity; if none is, the one whose loss is bounded best."""

from l2s.training.settings import ValidationParams
from l2s.training.trainers.choice import Measured, choose

RULE = ValidationParams(margin=0.03)
START = Measured(0, [True] * 200, [100] * 200)


def measured(step: int, wrong: int, tokens: int) -> Measured:
    return Measured(step, [False] * wrong + [True] * (200 - wrong), [tokens] * 200)


def test_the_shortest_at_parity() -> None:
    found = choose(START, [measured(10, 0, 80), measured(20, 0, 60), measured(30, 40, 20)], RULE)
    assert found.step == 20


def test_of_equal_ones_the_earlier() -> None:
    assert choose(START, [measured(20, 0, 60), measured(10, 0, 60)], RULE).step == 10


def test_without_parity_the_smallest_loss() -> None:
    assert choose(START, [measured(10, 30, 40), measured(20, 20, 90)], RULE).step == 20
