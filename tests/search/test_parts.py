"""Several benchmarks in one search, and margins by level: what is pooled, what is dropped, and how often wrongly."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from l2s.core.errors import ConfigError
from l2s.core.row import Row
from l2s.search.candidates.proposals import Proposal
from l2s.search.outcome import Outcome
from l2s.search.race.evidence import log_worse
from l2s.search.race.order import in_order
from l2s.search.race.parts import Part, parts_of
from l2s.search.race.race import Rules, judge
from l2s.search.race.trial import CERTIFIED, WORSE, Trial
from l2s.search.space import Candidate
from tests.search.simulated import Simulated, line, line_space, settings
from tests.search.test_search import summary

LEVELS = 5


def rows(benchmark: str, count: int, levels: bool = True) -> list[Row]:
    """Ids from 0 on, the same in every benchmark."""
    return [
        {"benchmark": benchmark, "id": str(k), "problem": f"{benchmark} {k}", "gold": "1"}
        | ({"level": k % LEVELS + 1} if levels else {})
        for k in range(count)
    ]


def answered(wrong: list[bool]) -> Trial:
    """A trial that has these wrong, where slow has all right."""
    trial = Trial(1, 1, Proposal({}, Candidate({}), False, Any))
    slow = [Outcome(str(k), True, 100) for k in range(len(wrong))]
    trial.take([Outcome(str(k), not one, 30) for k, one in enumerate(wrong)], slow, 0.02)
    return trial


def rules(parts: tuple[Part, ...], problems: int) -> Rules:
    return Rules(0.02, 0.05, 20, problems, problems, parts=parts)


def test_parts_are_benchmarks_if_there_are_several_and_levels_if_asked_for() -> None:
    one, two = rows("a", 10), [*rows("a", 10), *rows("b", 5, levels=False)]
    assert parts_of(one, settings()) == ()
    assert [part[:3] for part in parts_of(two, settings())] == [("a", None, 0.02), ("b", None, 0.02)]
    found = parts_of(two, settings(level_margin=0.1))
    assert [part[:3] for part in found[2:]] == [("a", level, 0.1) for level in range(1, 6)]
    assert found[1].places == (10, 11, 12, 13, 14) and found[3].places == (1, 6)
    with pytest.raises(ConfigError, match="level_margin: no problem of the search has a level"):
        parts_of(rows("b", 5, levels=False), settings(level_margin=0.1))


def test_a_trial_at_parity_that_is_worse_at_a_level_is_thrown_out() -> None:
    """It loses 15 of 2,000, all at level 5, which has 40: certified over all, and certified worse there."""
    problems = 2000
    order = [{"benchmark": "a", "level": 5 if k % 50 == 0 else 1} for k in range(problems)]
    wrong = [k % 50 == 0 and k < 750 for k in range(problems)]
    trial = answered(wrong)
    assert trial.counts == (0, 15, problems)
    assert judge(trial, [trial], rules((), problems), problems) == CERTIFIED
    parts = parts_of(order, settings(level_margin=0.1))
    assert trial.counts_on(parts[1].places) == (0, 15, 40)
    assert judge(trial, [trial], rules(parts, problems), problems) == WORSE


def test_a_level_at_its_margin_is_seldom_called_worse() -> None:
    """At truth −10 points at each of five levels, and a look every 20 problems: at most 5 of 100 trials."""
    draw, problems, trials = np.random.default_rng(0), 400, 400
    parts = parts_of(rows("a", problems), settings(level_margin=0.1))
    enough, dropped = -math.log(0.05 / LEVELS), 0
    for _ in range(trials):
        trial = answered(list(draw.random(problems) < 0.1))
        looks = range(20, problems + 1, 20)
        kept = [[place for place in part.places if place < look] for look in looks for part in parts]
        dropped += any(log_worse(trial.counts_on(places), 0.1) >= enough for places in kept)
    assert dropped <= 0.05 * trials


def test_two_benchmarks_are_one_pool_and_each_is_told_of(tmp_path: Path) -> None:
    from l2s.search.search import search

    problems = [*rows("a", 400), *({**row, "id": str(500 + int(row["id"]))} for row in rows("b", 200))]
    found = search(
        settings(benchmark=["a", "b"], level_margin=0.2), line_space(), problems, Simulated(line),
        tmp_path / "out", tmp_path / "journal.jsonl",
    )  # fmt: skip
    assert found.winner is not None
    parts = summary(tmp_path)["winner"]["parts"]
    assert [(one["benchmark"], one["level"]) for one in parts[:3]] == [("a", None), ("b", None), ("a", 1)]
    assert len(parts) == 2 + 2 * LEVELS and sum(one["problems"] for one in parts[:2]) == found.winner.n
    assert parts[0]["problems"] == pytest.approx(2 * parts[1]["problems"], abs=2), "interleaved in their shares"
    assert all(one["difference_low"] <= one["difference"] <= one["difference_high"] for one in parts)


def test_the_order_of_one_benchmark_does_not_depend_on_another() -> None:
    both = in_order([*rows("a", 50), *rows("b", 20)], 3)
    assert [row for row in both if row["benchmark"] == "a"] == in_order(rows("a", 50), 3)


@pytest.mark.parametrize(
    "given, sentence",
    [
        ({"benchmark": []}, "names no benchmark, or one twice"),
        ({"benchmark": ["a", "a"]}, "names no benchmark, or one twice"),
        ({"level_margin": 0}, "level_margin"),
        ({"level_margin": 0.1, "goal": "front"}, "level_margin is a part of parity"),
    ],
)
def test_what_cannot_be_is_one_sentence(given: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        settings(**given)
