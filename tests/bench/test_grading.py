"""The graders' benchmark: what it counts, and when it says that a limit is missed."""

from dataclasses import replace

from bench.answers import Pair
from bench.grading import Measured, as_table, measure, missed
from l2s.verification import find_grader

PAIRS = [Pair("5", "5.0", True), Pair("5", "6", False), Pair("1", "100", False)]


def test_agreement_and_false_accepts_of_labelled_pairs() -> None:
    ours, said = measure("battery", PAIRS, find_grader("l2s"), [])
    assert (ours.pairs, ours.correct, ours.agree, ours.false_accepts) == (3, 1, 3, 0) and said == [True, False, False]
    theirs, _ = measure("battery", PAIRS, find_grader("qwen"), said)
    assert (theirs.correct, theirs.agree, theirs.false_accepts) == (2, 2, 1)


def test_without_labels_the_first_grader_is_what_others_agree_with() -> None:
    bare = [Pair(pair.gold, pair.answer) for pair in PAIRS]
    ours, said = measure("x", bare, find_grader("l2s"), [])
    theirs, _ = measure("x", bare, find_grader("qwen"), said)
    assert (ours.agree, theirs.agree, theirs.false_accepts, theirs.labelled) == (3, 2, 0, False)


def test_limits_that_are_missed_are_named() -> None:
    ours = Measured("responses: a", "l2s", 10, 5, 10, True, 0, seconds=1.0, median_ms=0.1, slowest_s=0.2)
    theirs = replace(ours, grader="math-verify", seconds=25.0)
    assert missed([ours, theirs]) == []
    assert missed([ours, replace(theirs, seconds=19.0)]) == [
        "responses: a: 19.0 times math-verify's throughput; expected at least 20"
    ]
    assert missed([replace(ours, file="b"), replace(theirs, file="b", seconds=1.5)]) == []
    assert "median of 2.00 ms" in missed([replace(ours, median_ms=2.0), theirs])[0]
    assert "agrees with 9 of 10 labels" in missed([replace(ours, agree=9), theirs])[0]
    assert as_table([ours, theirs]).row_count == 2
