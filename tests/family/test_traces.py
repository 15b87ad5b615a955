"""Traces: every equation in every style is true, and each style is what it says."""

import random
import re

import pytest

from l2s.benchmarks.arithmetic import draw_chain
from l2s.family import traces

EQUATION = re.compile(r"((?:[\d(][\d+*()-]*))=(\d+)")


def value_of(work: str) -> int:
    """The value of digits, + - * and brackets, by a tiny recursive reader (nothing is evaluated as code)."""
    tokens = re.findall(r"\d+|[-+*()]", work)

    def term() -> int:
        value = factor()
        while tokens and tokens[0] == "*":
            tokens.pop(0)
            value *= factor()
        return value

    def factor() -> int:
        token = tokens.pop(0)
        if token == "(":
            value = total()
            tokens.pop(0)
            return value
        return int(token)

    def total() -> int:
        value = term()
        while tokens and tokens[0] in "+-":
            value = value + term() if tokens.pop(0) == "+" else value - term()
        return value

    return total()


@pytest.mark.parametrize("style", sorted(traces.STYLES))
@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_every_equation_is_true(style: str, level: int) -> None:
    rng = random.Random(level)
    for _ in range(100):
        chain = draw_chain(rng, level)
        trace = traces.STYLES[style](rng, chain)
        assert all(value_of(work) == int(result) for work, result in EQUATION.findall(trace)), trace
        assert traces.answer(chain) == f" The answer is \\boxed{{{chain.answer}}}."


def test_quick_never_reflects_and_slow_nearly_always_does() -> None:
    rng = random.Random(0)
    chains = [draw_chain(rng, level) for level in (1, 2, 3, 4, 5) for _ in range(200)]
    second_thought = re.compile("Wait|Hmm")
    assert not any(second_thought.search(traces.combined(rng, chain)) for chain in chains)
    assert sum(bool(second_thought.search(traces.reflective(rng, chain))) for chain in chains) > 0.9 * len(chains)


def test_quick_combines_steps_and_full_never_does() -> None:
    rng = random.Random(1)
    chains = [draw_chain(rng, 5) for _ in range(200)]
    assert all(traces.full(rng, chain).count("=") == len(chain.steps) for chain in chains)
    assert sum(traces.combined(rng, chain).count("=") for chain in chains) < 0.6 * sum(len(c.steps) for c in chains)


def test_drills_are_true() -> None:
    rng = random.Random(2)
    for _ in range(300):
        assert all(value_of(work) == int(result) for work, result in EQUATION.findall(traces.drill(rng)))
