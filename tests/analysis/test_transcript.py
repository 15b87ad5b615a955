"""Where an answer is first stated, changes of mind, loops."""

import polars as pl
import pytest

from l2s.analysis.inputs.texts import without_texts
from l2s.analysis.inputs.transcript import first_statement, loops, plain
from l2s.analysis.settings import AnalysisParams


@pytest.mark.parametrize(
    ("text", "answer", "stated"),
    [
        ("We get 3+4=7. So 7.", "7", "We get 3+4=7"),
        ("There are 17 of 7, so x = 7.", "7", "There are 17 of 7, so x = 7"),
        (r"Thus \boxed{\frac{1}{2}}.", r"\frac{1}{2}", r"Thus \boxed{\frac{1}{2}"),
        ("x=7.5 and then x=7", "7", "x=7.5 and then x=7"),
        ("x=71, y=7,000, z=7", "7", "x=71, y=7,000, z=7"),
        ("it is 5, which is 6", "6", "it is 5, which is 6"),
        ("7 apples", "7", None),
        ("nothing", "7", None),
        ("x=7", "", None),
        ("is 7 or = 7", "7", "is 7"),
    ],
)
def test_first_statement(text: str, answer: str, stated: str | None) -> None:
    assert first_statement(text, answer) == (None if stated is None else len(stated))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("So it goes. " * 6, True),
        ("start " + "a long sentence that comes again and again. " * 3, True),
        ("a long sentence that comes again and again. " * 2, False),
        ("x" * 60, True),
        ("x" * 59, False),
        ("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26", False),
        ("So it goes. " * 6 + "And that was it.", False),
        ("", False),
    ],
)
def test_loops(text: str, found: bool) -> None:
    assert loops(text) is found


def test_a_loop_is_found_by_brute_force_too() -> None:
    """Every period and number of repetitions: a loop from three times and 60 characters on."""
    for period in (1, 7, 20, 33, 59, 61):
        unit = "".join(chr(97 + (k * k + period) % 26) for k in range(period - 1)) + "#"
        for times in (1, 2, 3, 4, 70):
            expected = times >= 3 and times * period >= 60
            assert loops("0123 " + unit * times) is expected, (period, times)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1,000", "1000"), ("$8.0$", "8"), (r"\dfrac12", r"\frac12"), ("−3", "-3"), (" x + 1.", "x+1"), (r"\(5\)", "5")],
)
def test_plain(one: str, other: str) -> None:
    assert plain(one) == plain(other)


def test_plain_keeps_different_values_apart() -> None:
    assert len({plain(value) for value in ("1,2", "12", "1.2", "-12", "x", "X", "")}) == 7


def measured(text: str, answer: str | None, gold: str, correct: bool, **settings):  # type: ignore[no-untyped-def]
    frame = pl.DataFrame(
        {"response": [text], "answer": [answer], "gold": [gold], "correct": [correct]},
        schema_overrides={"answer": pl.String},
    )
    return without_texts(frame, AnalysisParams(**settings)).row(0, named=True)


RESTART = "<think> Al:3+4=7. Wait, let me re-examine from the start. Al:3+5={}.</think> The answer is \\boxed{{{}}}."


def test_changes_of_mind() -> None:
    """Right at first, wrong in the end; the other way round; and no change."""
    spoiled = measured(RESTART.format(8, 8), "8", "7", False)
    assert (spoiled["answers"], spoiled["changed"], spoiled["spoiled"], spoiled["corrected"]) == (2, True, True, False)
    corrected = measured(RESTART.format(8, 8), "8", "8", True)
    assert (corrected["changed"], corrected["spoiled"], corrected["corrected"]) == (True, False, True)
    kept = measured(RESTART.format(7, 7), "7", "7", True)
    assert (kept["answers"], kept["changed"], kept["spoiled"], kept["corrected"]) == (2, False, False, False)
    assert kept["reflections"] == 2 and kept["stated_share"] == pytest.approx(
        len("<think> Al:3+4=7") / kept["characters"]
    )


def test_answers_are_boxes_announcements_and_values_before_restarts() -> None:
    text = "The answer is 5. Alternatively, \\boxed{6}. Start over: x is 9. Another way: the final answer: 10"
    found = measured(text, "10", "5", False)
    assert found["answers"] == 4 and found["spoiled"] and not found["corrected"], "5, 6, 9, 10"
    nested = measured(r"\boxed{\frac{1}{2}} no, \boxed{\frac{1}{3}}", r"\frac{1}{3}", r"\frac{1}{3}", True)
    assert nested["answers"] == 2 and nested["corrected"]


def test_a_right_value_that_was_given_up_without_an_answer_is_spoiled() -> None:
    assert measured("x=7. From scratch: hm", None, "7", False)["spoiled"]
    assert not measured("x=7. Hm", None, "7", False)["spoiled"], "nothing says that 7 was an answer"


def test_places_are_characters_whatever_the_alphabet() -> None:
    plain_text = measured("a = 4. Alternatively, it is 5. \\boxed{5}", "5", "5", True)
    for filler in ("é", "漢", "😀"):
        other = measured(f"{filler} = 4. Alternatively, it is 5. \\boxed{{5}}", "5", "5", True)
        assert other == plain_text


def test_loops_in_closed_thinking_count() -> None:
    looping = "<think>" + "Let me see once more. " * 5 + "</think> The answer is 3"
    assert (
        measured(looping, "3", "3", True)["looping"] and not measured("<think>a</think> 3", "3", "3", True)["looping"]
    )


def test_the_study_s_rule_counts_parts_of_words() -> None:
    found = measured("The waiter awaits; Wait! let me just check: recapture, DOUBLE-CHECK", "3", "3", True)
    assert (found["reflections"], found["reflections_study"]) == (2, 6)
    own = measured("Hoppla. hoppla", "3", "3", True, reflection_words=("hoppla",))
    assert own["reflections"] == 2


def test_texts_are_let_go() -> None:
    frame = pl.DataFrame({"response": ["7"], "answer": ["7"], "gold": ["7"], "correct": [True], "prompt": ["12345"]})
    found = without_texts(frame, AnalysisParams())
    assert "response" not in found.columns and "prompt" not in found.columns
    assert found["prompt_characters"].item() == 5
