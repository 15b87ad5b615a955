import warnings
from collections.abc import Sequence
from typing import Any

import pytest
import torch

from l2s.search.candidates.proposals import Proposals
from l2s.search.candidates.ranges import Choice, Number
from l2s.search.candidates.template import Open, Pick
from l2s.search.space import Space
from tests.search.simulated import line_space, plane_space

GP = pytest.param("gp", marks=pytest.mark.long)
SAMPLERS: list[Any] = ["auto", "qmc", "tpe", GP, "cma-es", "nsga2", "random", "grid"]


def distance(recipe: dict[str, Any]) -> float:
    return abs(recipe["s"] - 0.6) + abs(recipe["t"] - 0.3) + 0.2 * (recipe["method"] == "ties")


def asked(
    sampler: str, trials: int, batches: Sequence[int], seed: int = 0, front: bool = False
) -> list[dict[str, Any]]:
    proposals = Proposals(plane_space(), sampler, seed, trials, front=front)
    found = []
    for count in batches:
        for one in proposals.ask(count):
            recipe = one.candidate.recipe
            found.append(recipe)
            values = [distance(recipe), recipe["t"]] if front else [distance(recipe)]
            proposals.tell(one, values, recipe["s"] - 0.7)
    return found


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_samplers_repeat_and_stay_within_without_a_word(sampler: str, capfd: pytest.CaptureFixture[str]) -> None:
    threads = torch.get_num_threads()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = asked(sampler, 12, [4] * 3)
        assert found == asked(sampler, 12, [4] * 3)
    count = 8 if sampler == "grid" else 12  # 2 x 2 x 2
    assert len(found) == count == len({str(one) for one in found})
    assert all(0 <= one["s"] <= 1 and 0 <= one["t"] <= 1 and one["method"] in ("ties", "linear") for one in found)
    assert capfd.readouterr() == ("", "") and torch.get_num_threads() == threads


@pytest.mark.parametrize("sampler", ["tpe", GP, "nsga2"])
def test_samplers_take_two_goals(sampler: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(asked(sampler, 12, [4] * 3, front=True)) == 12


@pytest.mark.parametrize("sampler", ["tpe", GP, "cma-es"])
def test_samplers_learn(sampler: str) -> None:
    """The best of 24 is nearer to the optimum than that of as many at random, over two seeds."""
    best = {
        name: sum(min(map(distance, asked(name, 24, [4] * 6, seed))) for seed in range(2))
        for name in (sampler, "random")
    }
    assert best[sampler] < best["random"]


def test_starting_points_come_first_and_once() -> None:
    points = [{"s": 0.25, "t": 0.5, "method": 1}, {"s": 0.25, "t": 0.5, "method": 1}, {"s": 1.0, "t": 0.0, "method": 0}]
    proposals = Proposals(plane_space(), "tpe", 0, 12, starts=points)
    first, second, third, _ = proposals.ask(4)
    assert first.candidate.recipe == {"s": 0.25, "t": 0.5, "method": "linear"} and first.start
    assert second.candidate.recipe == {"s": 1.0, "t": 0.0, "method": "ties"} and second.start
    assert not third.start


@pytest.mark.parametrize("sampler", [name for name in SAMPLERS if name is not GP])
def test_no_candidate_is_asked_twice_and_the_last_one_ends_it(sampler: str) -> None:
    space = Space(
        (Number("s", 0.0, 1.0, 0.5), Choice("method", ("a", "b"))), {"s": Open("s"), "m": Pick("method", ("a", "b"))}
    )
    proposals = Proposals(space, sampler, 0, 40)
    found = []
    while batch := proposals.ask(4):
        found += batch
        for one in batch:
            proposals.tell(one, [one.candidate.recipe["s"]], -1.0)
    assert len(found) == len({one.candidate.key for one in found}) <= 6
    assert len(found) == 6 or sampler not in ("grid", "random", "qmc")


def test_a_grid_holds_both_ends_and_every_option() -> None:
    found = asked("grid", 18, [6] * 4)
    assert len(found) == 18  # 3 x 3 x 2
    assert {(one["s"], one["t"], one["method"]) for one in found} == {
        (s, t, method) for s in (0, 0.5, 1) for t in (0, 0.5, 1) for method in ("ties", "linear")
    }


def test_steps_and_logarithms() -> None:
    space = Space(
        (Number("a", 0.1, 0.95, 0.2), Number("b", 1e-3, 1.0, None, True), Number("c", 1, 9, 3)),
        {"a": Open("a"), "b": Open("b"), "c": Open("c")},
    )
    for sampler in ("random", "grid", "tpe"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            recipes = [one.candidate.recipe for one in Proposals(space, sampler, 0, 30).ask(30)]
        assert {one["a"] for one in recipes} <= {0.1, 0.3, 0.5, 0.7, 0.9} and {one["c"] for one in recipes} <= {1, 4, 7}
        assert 0.2 < sum(one["b"] < 0.03 for one in recipes) / len(recipes) < 0.8


def test_importances_name_what_decides() -> None:
    proposals = Proposals(plane_space(), "random", 0, 40)
    for one in proposals.ask(40):
        proposals.tell(one, [one.candidate.recipe["t"]], -1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = proposals.importances()
    assert set(found) == {"s", "t", "method"} and found["t"] == max(found.values()) > 0.5


@pytest.mark.parametrize("values", [{True: 1.0, False: 1.0}, {True: 0.0, False: 0.0}, {True: 1.0, False: 0.0}])
def test_importances_of_trials_that_hardly_differ(values: dict[bool, float]) -> None:
    proposals = Proposals(plane_space(), "random", 0, 24)
    for one in proposals.ask(24):
        proposals.tell(one, [values[one.candidate.recipe["s"] > 0.5]], -1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sum(proposals.importances().values()) == pytest.approx(1)


def test_auto_fills_few_dimensions_evenly() -> None:
    assert (
        Proposals(line_space(), "auto", 0, 4).sampler == "qmc"
        and Proposals(plane_space(), "auto", 0, 4).sampler == "tpe"
    )
    proposals = Proposals(line_space(), "auto", 0, 16)
    found = []
    for _ in range(4):
        for one in proposals.ask(4):
            found.append(one.candidate.recipe["s"])
            proposals.tell(one, [1.0], 0.0)
    gaps = [b - a for a, b in zip([0.0, *sorted(found)], [*sorted(found), 1.0], strict=True)]
    assert max(gaps) < 0.18  # 16 random ones leave about 0.2
