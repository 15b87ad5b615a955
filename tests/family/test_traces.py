"""Traces: every equation in every style is true, and each style is what it says."""

import random
import re
from functools import partial

import pytest

from l2s.benchmarks.arithmetic import LARGEST, Step, draw_chain
from l2s.family import traces
from l2s.family.settings import Combining

EQUATION = re.compile(r"(\d+)((?:[-+*]\d+)+)=(\d+)")
ALWAYS = Combining(easiest=1, easy=1, hard=1, triples=1)
STYLES = {**traces.STYLES, "combined": partial(traces.combined, combining=ALWAYS)}


def equations(text: str) -> list[tuple[int, int, list[str]]]:
    """What an equation says, what it comes to, and its operations; read by school, nothing is evaluated as code."""
    found = []
    for first, work, result in EQUATION.findall(text):
        total, term = 0, int(first)
        operations = re.findall(r"[-+*]\d+", work)
        for operation in operations:
            sign, operand = operation[0], int(operation[1:])
            if sign == "*":
                term *= operand
            else:
                total, term = total + term, operand if sign == "+" else -operand
        found.append((int(result), total + term, operations))
    return found


def steps(*operations: str) -> list[Step]:
    """Operations such as ``+3`` as steps, their values aside."""
    return [Step("Tom", 9, operation[0], int(operation[1:]), 9) for operation in operations]


@pytest.mark.parametrize("style", sorted(STYLES))
@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_every_equation_is_true(style: str, level: int) -> None:
    rng = random.Random(level)
    for _ in range(100):
        chain = draw_chain(rng, level)
        trace = STYLES[style](rng, chain)
        assert all(said == value for said, value, _ in equations(trace)), trace
        assert traces.answer(chain) == f" The answer is \\boxed{{{chain.answer}}}."


def test_quick_never_reflects_and_slow_nearly_always_does() -> None:
    rng = random.Random(0)
    chains = [draw_chain(rng, level) for level in (1, 2, 3, 4, 5) for _ in range(200)]
    second_thought = re.compile("Wait|Hmm")
    assert not any(second_thought.search(traces.combined(rng, chain, ALWAYS)) for chain in chains)
    assert sum(bool(second_thought.search(traces.reflective(rng, chain))) for chain in chains) > 0.9 * len(chains)


def test_a_line_of_two_counts_on_from_the_person_it_names() -> None:
    """Line by line, each person of the chain is either named or passed by, and every value is the chain's."""
    rng = random.Random(1)
    for _ in range(200):
        chain = draw_chain(rng, 5)
        place, value = 0, chain.steps[0].before
        for name, work in re.findall(r" (\w+):([^.]+)\.", traces.combined(rng, chain, ALWAYS)):
            ((said, _, operations),) = equations(work)
            assert name == chain.steps[place].name and work.startswith(str(value))
            assert operations == [f"{s.sign}{s.operand}" for s in chain.steps[place : place + len(operations)]]
            place += len(operations)
            value = chain.steps[place - 1].after
            assert said == value
        assert place == len(chain.steps)


def test_quick_combines_pairs_as_often_as_their_kind_asks_and_full_never_does() -> None:
    rng = random.Random(1)
    chains = [draw_chain(rng, 5) for _ in range(400)]
    assert all(traces.full(rng, chain).count("=") == len(chain.steps) for chain in chains)
    easy_only = "".join(traces.combined(rng, chain, Combining(easiest=1, easy=1, hard=0)) for chain in chains)
    pairs = [operations for _, _, operations in equations(easy_only) if len(operations) > 1]
    assert pairs and all(len(pair) == 2 and traces.pair_kind(*steps(*pair)) != "hard" for pair in pairs)
    none = "".join(traces.combined(rng, chain, Combining(easiest=0, easy=0, hard=0)) for chain in chains)
    assert all(len(operations) == 1 for _, _, operations in equations(none))
    always = "".join(traces.combined(rng, chain, ALWAYS) for chain in chains)
    assert {len(operations) for _, _, operations in equations(always)} == {1, 2, 3}
    assert not any("*" in "".join(operations[1:]) for _, _, operations in equations(always))


@pytest.mark.parametrize(
    ("pair", "kind"),
    [
        (("+1", "-2"), "easiest"),
        (("-2", "-1"), "easiest"),
        (("+2", "+2"), "easy"),
        (("-3", "+3"), "easy"),
        (("+4", "+1"), "hard"),
        (("+1", "-9"), "hard"),
        (("*2", "+1"), "hard"),
        (("+1", "*2"), "hard"),
    ],
)
def test_a_pairs_kind_is_read_from_its_operations(pair: tuple[str, str], kind: str) -> None:
    assert traces.pair_kind(*steps(*pair)) == kind


@pytest.mark.parametrize(("pairs", "easy"), [(0, 0), (1, 0), (1, 1), (0.6, 0.85)])
def test_drills_are_true_and_of_the_mixture_asked_for(pairs: float, easy: float) -> None:
    rng = random.Random(2)
    found = [equation for _ in range(300) for equation in equations(traces.drill(rng, pairs, easy))]
    assert all(said == value and 1 <= said <= LARGEST for said, value, _ in found)
    taken = [operations for _, _, operations in found if len(operations) == 2]
    assert len(taken) / len(found) == pytest.approx(pairs, abs=0.04)
    if taken:
        share = sum(traces.pair_kind(*steps(*pair)) != "hard" for pair in taken) / len(taken)
        assert share == pytest.approx(easy, abs=0.04)
