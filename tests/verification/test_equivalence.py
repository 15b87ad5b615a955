"""What a comparison ends in, besides the labels of the battery; plain pairs must start no worker."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from l2s.core.errors import ConfigError
from l2s.verification import find_grader, grade, grader_names
from l2s.verification.compare.equivalence import equivalent
from l2s.verification.parsing.units import measure, unit_of

INCORRECT = [
    ("12", "1,2"), ("1000", "(1,000)"), ("(1,2)", "(2,1)"), ("(1,2)", "[1,2]"), ("-2,1", "(-2,1)"),
    ("(-2,1)", "-2,1"), (r"\frac{1}{2004!}", r"\frac{1}{2006!}"), ("2^{-99}", "2^{-98}"), ("10^{-20}", "0"),
    ("x+y=13", "3x-y+13=0"), ("4", r"4\sqrt{2}"), ("4", r"4\sqrt(2)"),
    (r"1-\frac1{\mathrm e}", r"1+\frac1{\mathrm e}"), ("7", "7!"), ("5", "5 or 6"), (r"\pi", "3.14"), ("1/3", "0.3"),
    ("a", "b"), ("x>3", r"x\ge 3"), ("12:00", "1:00"),
]  # fmt: skip

UNPARSED = [
    (r"1,2,\ldots,n", r"1,3,5,\ldots,2n-1"),
    ("5", "a+b+"),
    ("5", "5 ) $ 5"),
    ("", "5"),
    ("5", " "),
]


@pytest.mark.parametrize(("gold", "answer"), INCORRECT)
def test_different_by_algebra(gold: str, answer: str) -> None:
    assert equivalent(gold, answer) == "incorrect"


@pytest.mark.parametrize(("gold", "answer"), UNPARSED)
def test_what_is_not_a_whole_formula_is_not_compared(gold: str, answer: str) -> None:
    assert equivalent(gold, answer) == "unparsed"


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


def test_text_too_long_to_parse_is_equal_only_to_itself() -> None:
    assert equivalent("x" * 5_000, "x" * 5_000) == "correct"
    assert equivalent("x" * 5_000, "x" * 4_999) == "limit"


def test_gold_and_answer_are_not_exchanged() -> None:
    assert grade(gold="2x+z=1", answer="1").status == "incorrect"
    assert grade(gold="1", answer="2x+z=1").status == "correct"
    assert grade(gold="2x+z=1", answer="1", grader="math-verify").status == "incorrect"
    assert grade(gold="1", answer="2x+z=1", grader="math-verify").status == "correct"


def test_math_verify_stays_as_it_comes() -> None:
    compare = find_grader("math-verify").compare
    assert compare("2^{-99}", "2^{-98}") == "correct"  # its absolute tolerance, which ours does not share
    assert compare("3", "4") == "incorrect"
    assert compare("9^{9^{9^9}}", "1") == "limit"


def test_an_unknown_grader_is_answered_with_those_there_are() -> None:
    assert grader_names() == ["l2s", "math-verify", "qwen"]
    with pytest.raises(
        ConfigError, match=r"'mathverify' does not exist; did you mean 'math-verify'.*l2s, math-verify, qwen"
    ):
        find_grader("mathverify")
    with pytest.raises(ConfigError, match="'judge' does not exist; graders: l2s, math-verify, qwen"):
        grade(gold="1", answer="1", grader="judge")


def test_plain_pairs_start_no_worker_and_load_no_heavy_library() -> None:
    script = """
import json, sys
from l2s.verification import verify_rows
from l2s.verification.workers import POOL
rows = [{"gold": str(n), "response": f"<think>{n}</think> The answer is \\\\boxed{{{n + n % 2}}}."} for n in range(50)]
statuses = [row["status"] for row in verify_rows(rows)]
heavy = "sympy math_verify polars pandera torch transformers prefect dvc matplotlib numpy".split()
heavy = [name for name in heavy if name in sys.modules]
print(json.dumps([statuses, heavy, len(POOL._idle)]))
"""
    assert _printed(script) == [["correct", "incorrect"] * 25, [], 0]


@pytest.mark.parametrize("name", grader_names())
def test_a_grader_is_loaded_by_name_and_no_other_with_it(name: str) -> None:
    script = f"""
import json, sys
from l2s.verification import find_grader
before = [name for name in sys.modules if name.startswith(("l2s.verification.graders.", "l2s.verification.compare."))]
find_grader({name!r})
after = [name for name in sys.modules if name.startswith("l2s.verification.graders.")]
print(json.dumps([before, sorted(after)]))
"""
    own = {"l2s": ["l2s"], "math-verify": ["math_verify"], "qwen": ["qwen", "qwen_text"]}[name]
    modules = sorted(f"l2s.verification.graders.{module}" for module in ["grader", *own])
    assert _printed(script) == [["l2s.verification.graders.grader"], modules]


def _printed(script: str) -> Any:
    """What a fresh interpreter prints, as JSON."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", script]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout)
