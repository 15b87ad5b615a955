"""Each kind of equality holds, its near misses are refused, and nothing is worked out without a limit."""

import random
import time
from itertools import permutations

import pytest

from l2s.verification import grade
from l2s.verification.compare.equivalence import equivalent
from l2s.verification.parsing.units import measure, unit_of
from tests.verification.kinds import DIFFERENT, SAME, pairs

SAYINGS = (
    "the ellipse|a hyperbola|it converges|it diverges|top left|top right|Tim wins|Tim loses|not possible|not impossible"
    "|is it so|it is so|on|no|dog|god|tap|pat|stop|spot|even|odd|neither|both|n even|n odd|team A|team B|Plan B"
    "|increasing|decreasing|strictly increasing|linear|nonlinear|dependent|independent|the first player"
    "|the second player|at most 5|at least 5|more than 5|less than 5|5 or more|5 or fewer|red and blue|red or blue"
    "|true for all n|false for all n|5 left|5 right|5 profit|5 loss|3 wins|3 losses|12 noon|12 midnight|10 N|10 Pa"
    "|5 km/h|5 m/s|5 m|5 s|2 hours|2 minutes|7 apples|7 oranges|Alice|Bob|Alice and Bob|consistent|inconsistent"
)


@pytest.mark.parametrize("kind", SAME)
def test_what_is_equal_is_accepted(kind: str) -> None:
    assert [pair for pair in pairs(SAME[kind]) if not grade(gold=pair[0], answer=pair[1]).correct] == []


@pytest.mark.parametrize("kind", DIFFERENT)
def test_what_is_near_is_refused(kind: str) -> None:
    assert [pair for pair in pairs(DIFFERENT[kind]) if grade(gold=pair[0], answer=pair[1]).correct] == []


def test_no_two_sayings_are_equal() -> None:
    said = random.Random(7).sample(list(permutations(SAYINGS.split("|"), 2)), 1_500)
    assert [pair for pair in said if grade(gold=pair[0], answer=pair[1]).correct] == []


def test_letters_of_a_formula_stay_letters() -> None:
    for gold, answer in (("abc", "cab"), ("xy", "yx"), ("v+at", "at+v"), ("an+b", "b+na"), ("ma", "am + 0")):
        assert equivalent(gold, answer) == "correct", gold


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("1", r"\binom{100000}{50000}"),
        ("1", r"\dbinom{10^9}{10^8}"),
        ("1", "C(100000,50000)"),
        ("1", "(9999!)!"),
        ("1", r"\binom{\binom{1000}{500}}{10}"),
        ("1", "9^{9^{9^9}}"),
        ("1", "{" * 100_000 + "1" + "}" * 100_000),
        ("1", r"\sqrt{" * 20_000 + "2" + "}" * 20_000),
        ("1", "7" * 10_000_000),
        ("1", "\x00" * 3_999),
        ("1", "\ud800" * 500),
        ("1", "*".join(["2^{13000}"] * 300)),
        ("1", "+".join([r"\frac{1}{3^{5000}}"] * 200)),
        ("1", r"\frac{1}{7}" + r"^{999}" * 9),
        (", ".join(f"x_{{{n}}}+y^{n}" for n in range(48)), ", ".join(f"y^{n}+x_{{{n}}}" for n in range(48))),
        ("1", r"\begin{vmatrix}" + r"\\".join(["&".join("12345678")] * 8) + r"\end{vmatrix}"),
        ("1", "5 " + "cm " * 900),
        ("1", "the " * 900),
        ("1", r"(\pm 1" + r", \pm 1" * 200 + ")"),
    ],
)
def test_nothing_is_worked_out_without_a_limit(gold: str, answer: str) -> None:
    start = time.process_time()
    assert equivalent(gold, answer) in ("incorrect", "unparsed", "limit", "correct")
    assert time.process_time() - start < 3


def test_binomials_within_the_limit_are_worked_out() -> None:
    assert equivalent("49995000", r"\binom{10000}{2}") == "correct"
    assert equivalent("49995001", r"\binom{10000}{2}") == "incorrect"
    assert equivalent(r"\binom{3000}{1500}", r"\binom{3000}{1500}+1") == "incorrect"


def test_units_have_dimensions_powers_and_quotients() -> None:
    for one, other in (
        ("km/h", "kilometers per hour"),
        ("m s^{-2}", "meters per second squared"),
        ("sq ft", "square feet"),
        ("cm^2", "square centimeters"),
        ("J/(kg K)", "joules per kilogram per kelvin"),
        ("fl oz", "fluid ounces"),
        ("N m", "newton meters"),
    ):
        assert unit_of(one) == unit_of(other) is not None, one
    for word in ("left", "right", "profit", "noon", "A.D.", "of the cake", "apples", "people", "the"):
        assert unit_of(word) is None, word
    unit, words = measure("miles per hour north")
    assert unit == unit_of("mph") and words == "north"
