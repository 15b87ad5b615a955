"""What each control does to a scripted model, token by token: positions, forced text, counts."""

from dataclasses import replace

import pytest
import torch

from l2s.generation.controls.control import Control
from l2s.generation.controls.delimiters import Delimiters
from l2s.generation.controls.kinds.early_exit import confidence
from l2s.generation.controls.kinds.entropy_stop import LARGEST, mean_entropy, settled
from l2s.generation.controls.kinds.none import NoControl
from l2s.generation.controls.transcript import Transcript
from l2s.generation.controls.union import KINDS, parse_control

OPEN, CLOSE, STOP, WAIT, A, B = 1, 2, 3, 4, 30, 31
MARKS = Delimiters(
    (OPEN,), (CLOSE,), (CLOSE, 40, 41), continuation=(WAIT, 5), triggers=((WAIT,), (6, 7)),
    probe=(40, 12), probe_depth=1, braces={12: "{", 13: "}", 14: "{}"},
)  # fmt: skip
TWO = Delimiters((1, 8), (2, 9), (2, 9, 40, 41), continuation=(WAIT,))


def follow(
    wishes: list[int],
    control: Control,
    marks: Delimiters = MARKS,
    opened: bool = True,
    trials: list[list[tuple[int, float]]] | None = None,
    most: int = 1000,
) -> Transcript:
    """Feed the model's wishes until they are used up or the response ends."""
    transcript = Transcript(control, marks, frozenset({STOP}), most, opened=opened)
    wished, tried = iter(wishes), iter(trials or [])
    while transcript.finish is None:
        forced = transcript.forced_token()
        if forced is not None:
            transcript.append(forced)
        elif wanted := transcript.top_k:
            likeliest = next(tried)
            assert len(likeliest) == wanted
            transcript.append(likeliest[0][0], likeliest)
        elif (wish := next(wished, None)) is not None:
            transcript.append(wish)
        else:
            break
    assert next(tried, None) is None, "fewer trial tokens than scripted"
    return transcript


def state(transcript: Transcript) -> tuple[list[int], int, int, str | None, bool]:
    thinking = transcript.thinking
    return transcript.ids, transcript.tokens, thinking.tokens, transcript.finish, thinking.closed


# ---- thinking and its budget


@pytest.mark.parametrize(("opening", "closing"), [((1,), (2,)), ((1, 8), (2, 9)), ((1, 8, 8), (2,)), ((1,), (2, 9, 2))])
def test_thinking_tokens_are_those_between_the_delimiters(opening: tuple[int, ...], closing: tuple[int, ...]) -> None:
    wishes = [5, *opening, 5, 6, 7, *closing, 5, 5]
    transcript = follow(wishes, NoControl(), Delimiters(opening, closing), opened=False)
    assert state(transcript) == (wishes, len(wishes), 3, None, True)


def test_no_thinking_is_closed_and_counts_nothing() -> None:
    assert state(follow([5, 6, 7], NoControl(), opened=False)) == ([5, 6, 7], 3, 0, None, True)


@pytest.mark.parametrize("budget", [0, 1, 4])
def test_budget_forces_every_token_of_the_close(budget: int) -> None:
    control = KINDS["budget"](max_think=budget, max_answer=3)
    transcript = follow([1, 8, *[5] * budget, 5, 5, STOP], control, TWO, opened=False)
    ids = [1, 8, *[5] * budget, 2, 9, 40, 41, 5, 5, STOP]
    assert state(transcript) == (ids, len(ids), budget, "control", True)
    assert state(follow([1, 8, *[5] * 20], control, TWO, opened=False))[0] == [*ids[:-1], 5], "three answer tokens"


@pytest.mark.parametrize(("most", "closed"), [(4, False), (5, True), (6, True)])
def test_a_limit_inside_the_forced_close_says_whether_it_closed(most: int, closed: bool) -> None:
    control = KINDS["budget"](max_think=3)
    transcript = follow([5] * 9, control, TWO, most=most)
    assert state(transcript) == ([5, 5, 5, 2, 9, 40][:most], most, 3, "length", closed)


# ---- the whole text as thinking


def test_a_text_without_thinking_is_thinking_as_a_whole_where_asked() -> None:
    control = KINDS["budget"](max_think=4, max_answer=2, thinking_scope="response")
    ids = [A, A, A, A, 40, 41, B, STOP]
    assert state(follow([A, A, A, A, B, STOP], control, opened=False)) == (ids, 8, 4, "control", True)
    assert state(follow([A, STOP], control, opened=False)) == ([A, STOP], 2, 1, "stop", True)
    assert state(follow([A, A, A, A, B, B, B], control, opened=False))[3] == "length"
    assert state(follow([A, A, A], control, opened=False, most=3)) == ([A, A, A], 3, 3, "length", False)
    thought = follow([OPEN, A, CLOSE, B, B, B, B, STOP], control, opened=False)
    assert state(thought) == ([OPEN, A, CLOSE, B, B, B, B, STOP], 8, 1, "stop", True)
    late = follow([A, A, OPEN, A, A, A, A], control, opened=False)
    assert late.ids == [A, A, OPEN, A, A, A, A, CLOSE, 40, 41], "it opens thinking after all"


def test_a_text_without_thinking_is_left_alone_otherwise() -> None:
    for block in ({"kind": "budget", "max_think": 1}, {"kind": "min_think", "min_think": 9}, {"kind": "early_exit"}):
        transcript = follow([A, WAIT, A, STOP], parse_control(block, "control"), opened=False)
        assert state(transcript) == ([A, WAIT, A, STOP], 4, 0, "stop", True)


# ---- min_think


def test_min_think_drops_early_ends_and_counts_them() -> None:
    control = KINDS["min_think"](min_think=6)
    transcript = follow([A, CLOSE, A, STOP, B, CLOSE, B, STOP], control)
    ids = [A, WAIT, 5, A, WAIT, 5, B, CLOSE, B, STOP]
    assert state(transcript) == (ids, len(ids) + 2, 7, "stop", True)


def test_min_think_drops_a_close_of_several_tokens() -> None:
    control = KINDS["min_think"](min_think=3)
    transcript = follow([A, 2, 9, B, 2, 9, B, STOP], control, TWO)
    assert state(transcript) == ([A, WAIT, B, 2, 9, B, STOP], 9, 3, "stop", True)


def test_ignores_count_ends_however_late() -> None:
    control = KINDS["min_think"](ignores=2)
    transcript = follow([A] * 9 + [CLOSE, CLOSE, CLOSE, B], control)
    assert state(transcript) == ([A] * 9 + [WAIT, 5, WAIT, 5, CLOSE, B], 17, 13, None, True)


def test_min_think_stays_under_its_budget() -> None:
    """The budget is one for the whole thinking, whatever was added to it."""
    control = KINDS["min_think"](ignores=9, max_think=5, max_answer=2)
    transcript = follow([A, CLOSE, CLOSE, B, B, B], control)
    assert state(transcript) == ([A, WAIT, 5, WAIT, 5, CLOSE, 40, 41, B, B], 12, 5, "length", True)


def test_min_think_ends_at_the_limit_of_all_tokens() -> None:
    control = KINDS["min_think"](ignores=50)
    transcript = follow([CLOSE] * 50, control, most=10)
    assert state(transcript) == ([WAIT, 5, WAIT, 5, WAIT, 5], 10, 6, "length", False)


# ---- eot_temperature


def test_eot_raises_inside_thinking_only_and_forces_the_rest_of_the_close() -> None:
    control = KINDS["eot_temperature"](form="bias", value=3, min_think=2)
    transcript = Transcript(control, TWO, frozenset({STOP}), 100)
    raised = []
    for wish in (A, 1, 8, A, A, A, 2, 9, A, STOP):
        due = transcript.forced_token()
        raised.append(transcript.close_ids if due is None else due)
        transcript.append(wish)
    assert raised == [(), (), (), (), (), (2,), (2,), 9, (), ()]
    assert state(transcript) == ([A, 1, 8, A, A, A, 2, 9, A, STOP], 10, 3, "stop", True)


def test_eot_raises_the_stop_tokens_of_a_whole_text() -> None:
    control = KINDS["eot_temperature"](value=0, thinking_scope="response")
    transcript = follow([A, A], control, opened=False)
    assert transcript.close_ids == (STOP,)


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        ("gap", 1.0, [[1.0, 3.0, 0.5], [-1.0, -2.0, -4.0], [5.0, 1.0, 0.0]]),
        ("gap", 0.5, [[2.0, 3.0, 0.5], [-1.0, -2.0, -4.0], [5.0, 1.0, 0.0]]),
        ("bias", 1.5, [[2.5, 3.0, 0.5], [0.5, -2.0, -4.0], [6.5, 1.0, 0.0]]),
        ("divide", 0.5, [[2.0, 3.0, 0.5], [-0.5, -2.0, -4.0], [10.0, 1.0, 0.0]]),
    ],
)
def test_forms_of_eot(form: str, value: float, expected: list[list[float]]) -> None:
    logits = torch.tensor([[1.0, 3.0, 0.5], [-1.0, -2.0, -4.0], [5.0, 1.0, 0.0]])
    control = parse_control({"kind": "eot_temperature", "form": form, "value": value}, "control")
    assert control.raise_close(logits, (0,)).tolist() == expected


def test_gap_moves_with_the_logits_and_wins_at_zero() -> None:
    logits = torch.tensor([[0.0, 37.25, 3.0, -8.0]])
    gap = lambda value: KINDS["eot_temperature"](value=value)  # noqa: E731
    torch.testing.assert_close(gap(0.8).raise_close(logits + 5, (3,)), gap(0.8).raise_close(logits, (3,)) + 5)
    assert gap(0).raise_close(logits, (3,)).argmax() == 3
    assert gap(0.01).raise_close(logits, (3,)).argmax() == 1, "short of 0 no greedy choice changes"
    tied = torch.tensor([[2.0, 2.0]])
    assert gap(0).raise_close(tied, (1,)).argmax() == 1


def test_top_k_gate_lets_only_likely_closes_through() -> None:
    logits = torch.tensor([[1.0, 3.0, 2.0, 1.0, 0.0]])
    lifted = [
        float(KINDS["eot_temperature"](form="bias", value=9, top_k_gate=k).raise_close(logits, (0,))[0, 0])
        for k in (1, 2, 3)
    ]
    assert lifted == [1.0, 1.0, 10.0]


def test_of_several_closers_each_rows_likeliest_is_raised() -> None:
    logits = torch.tensor([[1.0, 0.0, 4.0], [0.0, 2.0, 4.0]])
    control = KINDS["eot_temperature"](form="bias", value=10)
    assert control.raise_close(logits, (0, 1)).tolist() == [[11.0, 0.0, 4.0], [0.0, 12.0, 4.0]]


# ---- early_exit


def sure(tokens: list[int], probability: float = 0.99) -> list[list[tuple[int, float]]]:
    return [[(token, probability)] for token in tokens]


def test_a_sure_trial_closes_thinking_at_the_word() -> None:
    control = KINDS["early_exit"](max_answer=4)
    transcript = follow([A, WAIT, B, STOP], control, trials=sure([20, 21, 13]))
    ids = [A, CLOSE, 40, 41, B, STOP]
    assert state(transcript) == (ids, len(ids) + 1 + 2 + 3, 1, "control", True)


def test_an_unsure_trial_puts_the_word_back_and_stays_counted() -> None:
    control = KINDS["early_exit"]()
    transcript = follow([A, WAIT, B, 6, 7, B, CLOSE, STOP], control, trials=sure([20, 13], 0.9) + sure([STOP], 0.2))
    ids = [A, WAIT, B, 6, 7, B, CLOSE, STOP]
    assert state(transcript) == (ids, len(ids) + (2 + 2) + (2 + 1), 6, "stop", True)
    assert transcript.trials == 2


def test_the_last_trial_closes_whatever_it_says() -> None:
    control = KINDS["early_exit"](max_probes=2)
    transcript = follow([WAIT, A, WAIT, B, STOP], control, trials=sure([13], 0.1) * 2)
    assert transcript.ids == [WAIT, A, CLOSE, 40, 41, B, STOP]


@pytest.mark.parametrize(
    "trial", [[20, 13], [20, 12, 21, 13, 13], [20, 14, 13], [CLOSE], [20, STOP], [20, 21, 22, 23, 24, 25]]
)
def test_a_trial_ends_where_its_braces_close(trial: list[int]) -> None:
    """Or at the closing delimiter, a stop token, or its most tokens (6)."""
    control = KINDS["early_exit"](probe_tokens=6)
    transcript = follow([WAIT, B], control, trials=sure(trial, 0.5))
    assert (transcript.ids, transcript.tokens) == ([WAIT, B], 2 + 2 + len(trial))


def test_an_opening_brace_is_not_scored_and_an_answer_without_braces_is_never_sure() -> None:
    marks = Delimiters((OPEN,), (CLOSE,), (CLOSE,), triggers=((WAIT,),), probe=(40,), braces={12: "{", 13: "}"})
    control = KINDS["early_exit"](probe_tokens=3, threshold=0.8)
    opened = follow([WAIT], control, marks, trials=[[(12, 0.1)], [(20, 0.9)], [(13, 0.9)]])
    assert opened.ids == [CLOSE]
    assert follow([WAIT], control, marks, trials=sure([20, 21, 22])).ids == [WAIT]


def test_a_limit_inside_a_trial_leaves_the_word_standing() -> None:
    transcript = follow([A, WAIT], KINDS["early_exit"](), trials=sure([20]), most=5)
    assert state(transcript) == ([A, WAIT], 5, 2, "length", False)


def test_no_trial_where_the_budget_is_spent_and_none_after_thinking() -> None:
    control = KINDS["early_exit"](max_think=2, max_answer=2)
    assert follow([A, WAIT, B, B], control).ids == [A, WAIT, CLOSE, 40, 41, B, B]
    assert follow([A, CLOSE, WAIT, STOP], KINDS["early_exit"]()).trials == 0


def test_words_are_sequences_and_the_longest_is_held() -> None:
    marks = Delimiters((OPEN,), (CLOSE,), (CLOSE,), triggers=((7,), (6, 7)), probe=(40, 12), probe_depth=1)
    control = KINDS["early_exit"](probe_tokens=1)
    assert follow([6, A, 6, 7], control, marks, trials=sure([20])).ids == [6, A, CLOSE]


def test_means() -> None:
    shares = [0.5, 0.8, 0.9]
    assert confidence(shares, "geometric") == pytest.approx((0.5 * 0.8 * 0.9) ** (1 / 3))
    assert confidence(shares, "arithmetic") == pytest.approx(2.2 / 3)
    assert confidence(shares, "min") == 0.5
    assert confidence([0.0, 1.0], "geometric") == 0 and confidence([], "arithmetic") == 0
    exact = KINDS["early_exit"](threshold=0.5, mean="min")
    assert follow([WAIT], exact, trials=sure([20, 13], 0.5)).ids == [WAIT], "the threshold itself is not above it"


# ---- entropy_stop

PARAGRAPHS = replace(MARKS, triggers=((8,),))
STEADY = {"kind": "entropy_stop", "every": 3, "candidates": 3, "probe_tokens": 2, "alpha": 0.3}


def test_candidates_branch_after_the_same_text_and_all_are_charged() -> None:
    control = parse_control(STEADY, "control")
    unsure = [[(20, 0.4), (21, 0.3), (22, 0.3)], [(13, 1.0)], [(13, 1.0)], [(23, 1.0)]]
    transcript = follow([A, 8, A, 8, B, CLOSE, STOP], control, PARAGRAPHS, trials=unsure * 2)
    assert transcript.ids == [A, 8, A, 8, B, CLOSE, STOP]
    assert transcript.trials == 2, "before thinking, and at the second paragraph: the first is too short"
    assert transcript.tokens == 7 + 2 * (2 + 6)


def test_settled_answers_end_thinking() -> None:
    control = parse_control({**STEADY, "max_answer": 2}, "control")
    certain = [[(20, 0.98), (13, 0.01), (22, 0.01)], [(13, 1.0)], [(13, 1.0)]]
    transcript = follow([OPEN, A, STOP], control, PARAGRAPHS, opened=False, trials=certain)
    assert transcript.ids == [OPEN, CLOSE, 40, 41, A, STOP]
    assert state(transcript)[1:] == (6 + 2 + 2 + 1 + 2, 0, "control", True)


def test_entropy_is_in_bits_over_the_number_of_candidates() -> None:
    assert mean_entropy([0.1, 0.1, 0.1, 0.1]) == pytest.approx(2 / 4)
    assert mean_entropy([0.2]) == 0 and mean_entropy([0.3, 0.0]) == 0
    assert pytest.approx(0.5307, abs=1e-4) == LARGEST
    assert settled([[0.5], [0.01, 0.1], []], alpha=0.3) and not settled([[0.5], [0.5]], alpha=0.3)
    assert not settled([[], []], alpha=1.0) and settled([[0.2], []], alpha=0.1)
