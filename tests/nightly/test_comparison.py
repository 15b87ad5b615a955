"""Two nights compared: counts by hand, tests against sums written out, noise that is no regression."""

from math import comb

import pytest

from l2s.nightly.comparison import Compared, compare_nights, outcome_of
from l2s.nightly.made import Change
from l2s.nightly.measured import clause_of, measure, sentence_of
from l2s.nightly.settings import NightlyParams
from tests.nightly.nights import row, sampled, table, wrong

SETTINGS = NightlyParams(bootstrap=200)
WEIGHTS = Change(kind="weights", what="slow", before="a", after="b", run="slow")
GRADER = Change(kind="grader", what="code", before="1", after="2")
TORCH = Change(kind="library", what="torch", before="1", after="2")


def compared(before: list, after: list, changed: tuple[Change, ...] = (), **settings: object) -> list[Compared]:
    return compare_nights(table(before), table(after), changed, SETTINGS.model_copy(update=settings))


def one(before: list, after: list, changed: tuple[Change, ...] = (), **settings: object) -> Compared:
    [found] = compared(before, after, changed, **settings)
    return found


def p_by_hand(won: int, lost: int) -> float:
    """McNemar's exact test, two-sided: twice the smaller tail of a fair coin."""
    n = won + lost
    return min(1.0, 2 * sum(comb(n, k) for k in range(min(won, lost) + 1)) / 2**n)


def test_equal_nights_are_the_same_and_nothing_is_tested() -> None:
    found = one([row(n) for n in range(9)], [row(n) for n in range(9)], (WEIGHTS,))
    assert (found.outcome, found.n, found.problems, found.p_value, found.causes) == ("same", 9, 9, None, [])
    assert outcome_of([found]) == "same"


def test_a_loss_is_worse_exactly_where_the_test_says_so() -> None:
    before = [row(n) for n in range(40)]
    for lost in (6, 7, 8, 9):
        found = one(before, [wrong(n) if n < lost else row(n) for n in range(40)], (WEIGHTS, GRADER))
        assert found.p_value == pytest.approx(p_by_hand(0, lost))
        assert found.outcome == ("worse" if p_by_hand(0, lost) < 0.01 else "noise"), lost
        assert (found.won, found.lost, found.rewritten, found.regraded) == (0, lost, lost, 0)
        assert found.difference == pytest.approx(-lost / 40)
        assert found.difference_low is not None and found.difference_high is not None
        assert found.difference_low < -lost / 40 < found.difference_high
        assert found.causes == [WEIGHTS], "the grader gave every unchanged response its old verdict"
    assert p_by_hand(0, 7) > 0.01 > p_by_hand(0, 8), "both sides of the line were tried"


def test_a_gain_is_drift_and_no_regression() -> None:
    found = one([wrong(n) for n in range(40)], [row(n) for n in range(40)], (WEIGHTS,))
    assert found.outcome == "better" and outcome_of([found]) == "drift"


def test_p_values_of_a_night_are_adjusted_together() -> None:
    before = [row(n, run=run) for run in ("a", "b", "c") for n in range(40)]
    after = [wrong(n, run=run) if n < lost else row(n, run=run)
             for run, lost in (("a", 8), ("b", 9), ("c", 1)) for n in range(40)]  # fmt: skip
    found = {each.run: each for each in compared(before, after)}
    assert found["b"].p_holm == pytest.approx(3 * p_by_hand(0, 9))
    assert found["a"].p_holm == pytest.approx(2 * p_by_hand(0, 8)) and found["c"].p_holm == 1.0
    assert (found["a"].outcome, found["b"].outcome) == ("noise", "noise"), "8 of 40 alone would have been worse"


def test_runs_that_stayed_cost_nothing() -> None:
    before = [row(n, run=run) for run in "abcdef" for n in range(40)]
    after = [wrong(n, run=run) if run == "a" and n < 8 else row(n, run=run) for run in "abcdef" for n in range(40)]
    assert [each.outcome for each in compared(before, after)] == ["worse"] + ["same"] * 5


def test_the_graders_doing_is_told_from_the_models() -> None:
    before = [row(n) for n in range(40)]
    regraded = [wrong(n, response=f"r{n}") if n < 10 else row(n) for n in range(40)]
    found = one(before, regraded, (WEIGHTS, GRADER, TORCH))
    assert (found.outcome, found.rewritten, found.regraded) == ("worse", 0, 10)
    assert found.causes == [GRADER, TORCH], "weights cannot change the verdict on an unchanged response"
    both = [wrong(n) if n < 5 else each for n, each in enumerate(regraded)]
    found = one(before, both, (WEIGHTS, GRADER))
    assert (found.rewritten, found.regraded) == (5, 5) and found.causes == [WEIGHTS, GRADER]
    every = one(before, [wrong(n) for n in range(40)], (WEIGHTS, GRADER))
    assert every.causes == [WEIGHTS, GRADER], "no response stayed to show that the grader is innocent"


def test_a_status_that_changes_without_the_verdict_is_the_graders_too() -> None:
    before = [wrong(n, response="x", status="no_answer") for n in range(5)]
    found = one(before, [wrong(n, response="x", status="unparsed") for n in range(5)], (GRADER,))
    assert (found.outcome, found.regraded, found.causes) == ("noise", 5, [GRADER])


def test_longer_and_shorter_responses() -> None:
    before = [row(n, tokens=100 + n % 7) for n in range(50)]

    def times(factor: float) -> str:
        return one(before, [row(n, response="x", tokens=round(factor * (100 + n % 7))) for n in range(50)]).outcome

    assert [times(f) for f in (0.8, 0.97, 1.0, 1.04, 1.2)] == ["shorter", "noise", "noise", "noise", "longer"]
    longer = one(before, [row(n, response="x", tokens=2 * (100 + n % 7)) for n in range(50)])
    assert longer.ratio == pytest.approx(2.0) and outcome_of([longer]) == "regression"


def test_length_intervals_hold_for_all_that_differ_together() -> None:
    def low(runs: str) -> float:
        before = [row(n, run=run, tokens=50 + 13 * (n % 7)) for run in runs for n in range(50)]
        after = [row(n, run=run, response="x", tokens=50 + 29 * (n % 5)) for run in runs for n in range(50)]
        found = compared(before, after, bootstrap=4000)[0].ratio_low
        assert found is not None
        return found

    assert low("abcdefgh") < low("a") - 0.01, "eight at once are held to a higher level"


def test_problems_that_changed_are_left_out() -> None:
    before = [row(n) for n in range(20)]
    after = [row(n, problem=f"q{n}") if n < 5 else row(n) for n in range(15)] + [row(30)]
    found = one(before, after)
    assert (found.outcome, found.n, found.left_out) == ("same", 10, 5 + 5 + 5 + 1)


def test_what_has_no_partner() -> None:
    benchmark = Change(kind="benchmark", what="test", before="1", after="2")
    found = one([row(1)], [row(2)], (benchmark,))
    assert (found.outcome, found.causes, outcome_of([found])) == ("unpaired", [benchmark], "regression")
    new = one([row(1, run="other")], [row(1)])
    assert (new.outcome, outcome_of([new])) == ("new", "first")


def test_new_samples_decide_nothing_while_the_old_seeds_repeat() -> None:
    old = [row(n) for n in range(50)]
    found = one(old, old + [wrong(n, fresh=True) for n in range(50)])
    assert (found.outcome, found.fresh, found.fresh_difference) == ("same", 50, -1.0)
    assert found.fresh_high is not None and found.fresh_high < 0
    accepted_with_new = old + [wrong(n, fresh=True) for n in range(50)]
    assert one(accepted_with_new, old).outcome == "same", "the accepted night's own new samples are no pairs"


def test_sampling_noise_is_no_regression_and_a_loss_is_found() -> None:
    """Other draws from the same model, night after night, at four samples a problem."""
    accepted = sampled(0, problems=60, samples=4)
    quiet = [one(accepted, sampled(seed, 60, 4)).outcome for seed in range(1, 21)]
    assert quiet.count("noise") >= 19, quiet
    lost = [one(accepted, sampled(seed, 60, 4, shift=-0.25)).outcome for seed in range(1, 11)]
    assert lost.count("worse") == 10


def test_the_sentence_says_numbers_and_causes() -> None:
    found = one([row(n) for n in range(40)], [wrong(n) if n < 10 else row(n) for n in range(40)], (WEIGHTS,))
    assert clause_of(found).startswith("slow on test: accuracy −25.0 points [")
    assert "10 of 40 responses changed (changed: weights slow: a → b)" in clause_of(found)
    assert sentence_of("regression", "2026-01-01", [found]).startswith("regression against the accepted night 2026-01-")
    unknown = one([row(n) for n in range(40)], [wrong(n) for n in range(40)])
    assert "nothing that is recorded changed" in clause_of(unknown)


def test_measured_by_hand() -> None:
    rows = [row(1, tokens=10), wrong(2, tokens=20, finish="length"), row(1, fresh=True, tokens=7)]
    old, fresh = measure(table(rows), 0.95)
    assert (old.fresh, old.n, old.accuracy, old.tokens, old.truncated) == (False, 2, 0.5, 15.0, 0.5)
    assert old.accuracy_low < 0.5 < old.accuracy_high
    assert (fresh.fresh, fresh.n, fresh.accuracy, fresh.tokens) == (True, 1, 1.0, 7.0)
