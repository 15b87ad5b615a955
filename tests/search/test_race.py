"""When a trial is looked at, what it is charged, and how it ends."""

from typing import Any

import pytest

from l2s.search.candidates.proposals import Proposal
from l2s.search.outcome import Outcome
from l2s.search.race.race import Rules, clearly_more, judge, longer, next_look, share_of
from l2s.search.race.trial import (
    CERTIFIED,
    DOMINATED,
    LONG,
    LONGER,
    OUT_OF_REACH,
    UNDECIDED,
    WORSE,
    Trial,
    array,
)
from l2s.search.space import Candidate

RULES = Rules(margin=0.02, alpha=0.05, block=20, share=430, problems=1000)


def trial(number: int = 1, *, n: int, lost: int = 0, won: int = 0, tokens: int = 40, slow: int = 100) -> Trial:
    """The first problems are lost, the next ones won, the others right here and there."""
    made = Trial(number, 1, Proposal({}, Candidate({"number": number}), False, Any))
    ours = [Outcome(str(k), k >= lost, tokens + k % 2) for k in range(n)]
    theirs = [Outcome(str(k), not lost <= k < lost + won, slow + k % 2) for k in range(n)]
    made.take(ours, theirs, RULES.margin)
    return made


def test_a_wrong_answer_is_charged_what_slow_spent_there() -> None:
    made = Trial(1, 1, Proposal({}, Candidate({}), False, Any))
    ours = [Outcome("a", True, 30), Outcome("b", False, 5), Outcome("c", False, 500), Outcome("d", True, 200)]
    theirs = [Outcome("a", True, 100), Outcome("b", True, 110), Outcome("c", False, 120), Outcome("d", False, 130)]
    made.take(ours, theirs, 0.02)
    assert made.charged == [30, 110, 500, 200]  # and one that runs on what it spent itself
    assert made.counts == (1, 1, 4)
    assert made.relative == (30 + 110 + 500 + 200) / (100 + 110 + 120 + 130)
    assert made.plain == (30 + 5 + 500 + 200) / (100 + 110 + 120 + 130)


def test_outcomes_of_other_problems_are_a_fault_of_ours() -> None:
    with pytest.raises(RuntimeError, match="an outcome of b where a was asked"):
        trial(n=0).take([Outcome("b", True, 1)], [Outcome("a", True, 1)], 0.02)


def test_blocks_double_until_a_certificate_may_be_had() -> None:
    made, looks = trial(n=0), []
    while not made.parity(0.02, 0.05):
        end = next_look(made, RULES, 0.05, 430)
        ours = [Outcome(str(k), True, 40) for k in range(made.n, end)]
        made.take(ours, ours, 0.02)
        looks.append(end)
    assert looks == [20, 40, 80, 160, 220]  # 215, in whole blocks


def test_a_look_is_never_beyond_what_a_trial_may_answer() -> None:
    assert next_look(trial(n=0), RULES, 0.05, 7) == 7
    assert next_look(trial(n=400, lost=4), RULES, 0.05, 430) == 430
    assert next_look(trial(n=200, lost=1), RULES, 0.05, 430) == 340  # 336 are needed


def test_how_trials_end() -> None:
    best = trial(9, n=220)
    best.ended = judge(best, [], RULES, 430)
    assert best.ended == CERTIFIED
    assert judge(trial(n=40, lost=20), [best], RULES, 430) == WORSE
    assert judge(trial(n=20, tokens=101), [], RULES, 430) == LONG
    assert judge(trial(n=40, tokens=42), [best], RULES, 430) == LONGER
    assert judge(trial(n=40, tokens=40), [best], RULES, 430) == ""
    assert judge(trial(n=40, lost=2), [], RULES, 430) == OUT_OF_REACH
    assert judge(trial(n=40, lost=2), [], RULES, 1000) == ""
    assert judge(trial(n=430, lost=5, won=3), [], RULES, 430) == UNDECIDED


def test_what_is_certified_at_a_look_stays_so_unless_it_is_shown_to_be_worse() -> None:
    made = trial(n=220)
    more = range(220, 320)
    made.take([Outcome(str(k), False, 40) for k in more], [Outcome(str(k), k >= 225, 40) for k in more], 0.02)
    assert made.highest > 3 and judge(made, [], RULES, 430) == WORSE


def test_lengths_are_compared_over_the_problems_that_both_have() -> None:
    assert longer([10] * 30 + [0] * 50, [9] * 30)
    assert not longer([10] * 19, [1] * 19)  # too few
    assert not longer([10] * 40, [10] * 40) and not longer([101, 100] * 20, [100, 100] * 20)  # within one per cent
    noisy = array([0, 100] * 50)
    assert clearly_more(noisy) and not clearly_more(noisy - 45)


def test_on_a_front_what_is_longer_and_not_more_accurate_is_dominated() -> None:
    rules = RULES._replace(front=True)
    better, alike = trial(1, n=220, tokens=30), trial(2, n=220, tokens=40)
    assert judge(alike, [better, alike], rules, 430) == DOMINATED
    assert judge(better, [better, alike], rules, 430) == ""
    assert judge(alike, [trial(3, n=220, tokens=30, lost=30)], rules, 430) == ""  # longer, but more accurate
    assert judge(trial(4, n=220, tokens=130), [], rules, 430) == DOMINATED  # by slow
    assert judge(trial(5, n=430, tokens=20, lost=100), [better], rules, 430) == UNDECIDED  # shorter


def test_a_share_is_even_but_enough_for_a_certificate() -> None:
    assert share_of(1000, 8000, 40, 215) == 430
    assert share_of(1000, 8000, 10, 215) == 800
    assert share_of(300, 8000, 10, 215) == 300
