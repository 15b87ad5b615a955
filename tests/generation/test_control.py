"""Thinking: delimiters of one and of several tokens, and what is counted."""

import pytest

from l2s.errors import ConfigError
from l2s.generation.control import Delimiters, Thinking
from l2s.generation.settings import ControlParams


def follow(tokens: list[int], delimiters: Delimiters, control: ControlParams) -> tuple[Thinking, list[int]]:
    """Feed the model's wishes; return the state and what was generated."""
    thinking, ids = Thinking(delimiters, control), list[int]()
    wishes = iter(tokens)
    while True:
        instead = thinking.override()
        wish = instead if instead is not None else next(wishes, None)
        if wish is None:
            return thinking, ids
        ids.append(wish)
        thinking.saw(ids, forced=instead is not None)


@pytest.mark.parametrize(("opening", "closing"), [((1,), (2,)), ((1, 8), (2, 9)), ((1, 8, 8), (2,)), ((1,), (2, 9, 2))])
def test_thinking_tokens_are_those_between_the_delimiters(opening: tuple[int, ...], closing: tuple[int, ...]) -> None:
    delimiters = Delimiters(opening, closing)
    thinking, _ = follow([5, *opening, 5, 6, 7, *closing, 5, 5], delimiters, ControlParams())
    assert (thinking.tokens, thinking.opened, thinking.closed) == (3, True, True)


def test_no_thinking_is_closed_and_counts_nothing() -> None:
    thinking, _ = follow([5, 6, 7], Delimiters((1,), (2,)), ControlParams())
    assert (thinking.tokens, thinking.opened, thinking.closed) == (0, False, True)


@pytest.mark.parametrize("budget", [0, 1, 4])
def test_budget_forces_every_token_of_the_close(budget: int) -> None:
    delimiters = Delimiters((1,), (2, 9), (2, 9, 30, 31))
    control = ControlParams(kind="budget", max_think=budget, max_answer=3)
    thinking, ids = follow([1, *[5] * 10], delimiters, control)
    assert ids[: 1 + budget + 4] == [1, *[5] * budget, 2, 9, 30, 31]
    assert (thinking.tokens, thinking.cut, thinking.closed) == (budget, True, True)
    assert thinking.answer_left == 3 - (10 - budget)


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ({"kind": "budget"}, "max_think"),
        ({"kind": "budgets"}, "budgets"),
        ({"kind": "budget", "max_thnk": 3}, "did you mean 'max_think'"),
        ({"kind": "none", "max_think": 3}, "takes no parameters"),
        ({"kind": "budget", "max_think": -1}, "greater than or equal to 0"),
    ],
)
def test_wrong_controls_are_one_sentence(found: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        ControlParams.parse(found, "control.yaml")
