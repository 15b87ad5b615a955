"""Prompts of trainings: levels, and what a reward says in the user's turn."""

from pathlib import Path

from l2s.generation.settings import PromptParams
from l2s.training.rewards import State, parse_reward
from l2s.training.words import Words


def test_a_cap_that_falls_is_told(start: Path) -> None:
    found = {"kind": "thinkprune", "caps": [90, 50], "stage_steps": 2, "template": "{problem} The answer is {cap}."}
    reward, words = (
        parse_reward(found, "reward"),
        Words(start, PromptParams(template="Problem: {problem}"), "{problem}"),
    )
    told = [words.prompt("1+1?", turn=reward.turn(State(step=step))).text for step in range(3)]
    assert ["Problem: 1+1? The answer is 90." in text for text in told] == [True, True, False]
    assert "Problem: 1+1? The answer is 50." in told[2]


def test_a_level_stands_within_the_turn(start: Path) -> None:
    words = Words(start, PromptParams(), "{problem} Reasoning length: {level}.")
    assert "1+1? Reasoning length: long. The answer" in words.prompt("1+1?", "long", "{problem} The answer").text
    assert words.prompt("1+1?") == words.prompt("1+1?", None, None)
