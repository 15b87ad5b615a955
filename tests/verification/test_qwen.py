"""The grader by the Qwen2.5-Math rules against what the toolkit's own functions gave, run once and copied here."""

import time

import pytest

from l2s.verification import grade, verify_rows
from l2s.verification.graders.qwen import equal_as_qwen
from l2s.verification.graders.qwen_text import stripped

STRIPPED = [
    ("\\frac12", "\\frac{1}{2}"), ("\\dfrac{3}{4}", "\\frac{3}{4}"), ("3/4", "\\frac{3}{4}"), ("0.50", "0.50"),
    ("5.000", "5"), ("1,000", "1,000"), ("50\\%", "50"), ("x=5", "5"), ("k = 7", "7"), ("x \\in [1,2]", "x\\in[1,2]"),
    ("\\left( -\\infty, \\infty \\right)", "(-\\infty,\\infty)"), ("12\\text{ cm}", "12"), ("\\text{five}", "five"),
    ("five", "5"), ("$18", "18"), ("90^\\circ", "90"), ("{5}", "{5}"), (".5", "0.5"), ("\\sqrt2", "\\sqrt{2}"),
    ("\\begin{bmatrix}1&2\\\\3&4\\end{bmatrix}", "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}"), ("2 and 3", "23"),
    ("infinity", "\\infty"), ("3j", "3i"), ("12 miles", "12"), ("5.", "5"), ("1.0e3", "1e3"), ("\\text{(A)}", "(A)"),
    ("-1/2", "\\frac{-1}{2}"), ("a/b", "/b"), ("\\frac{a}b", "\\frac{}b"), ("\\boxed{4}", "\\boxed{4}"),
    ("10 minutes", "10"), ("2\\sqrt{3}\\text{ square units}", "2\\sqrt{3}"), ("x=1,y=2", "1,2"), ("3.140", "3.140"),
]  # fmt: skip

# The benchmark decides whether units are stripped.
EXTRACTED = [
    ("math500", "Step.\nThe answer is 42.", "42"),
    ("math500", "so we get $1,234$ dollars", "1234"),
    ("math500", "thus \\boxed{12} or \\boxed{13}.", "13"),
    ("math500", "no number", ""),
    ("math500", "\\boxed{\\frac{1}{2}}", "\\frac{1}{2}"),
    ("math500", "\\boxed 5$ done", "5"),
    ("math500", "The final answer is $x=3$. I hope it is correct.", "3"),
    ("math500", "unclosed \\boxed{3+4", "3+4"),
    ("minerva_math", "\\boxed{3.0 \\text{ m/s}}", "3"),
    ("minerva_math", "The answer is: 5 meters.", "5meters"),
    ("math500", "final answer is 7/8", "\\frac{7}{8}"),
    ("math500", "we get -3.5e2 at the end", "2"),
    ("math500", "答案是 12\n\nmore", "12"),
    ("math500", "\\boxed{073}", "73"),
    ("math500", "\\boxed{}", ""),
    ("math500", "\\boxed{ 3,\n 4 }", "3,4"),
    ("math500", "the boxed area 12$", "area12"),
]

EQUAL = [
    ("0.5", "\\frac{1}{2}", True), ("50", "0.5", True), ("0.005", "0.5", True), ("1,2", "12", True),
    ("(1,2)", "(2,1)", False), ("[1,2)", "(1,2]", True), ("(1,2)", "[1,2]", True), ("1.0001", "1", True),
    ("1.00011", "1", False), ("0.0001", "0", False), ("073", "73", True), ("{1,2}", "{2,1}", True),
    ("x+1", "1+x", True), ("\\frac{\\sqrt{3}}{3}", "\\frac{1}{\\sqrt{3}}", True), ("2x=4", "x=2", False),
    ("y=2x+1", "2x+1", True), ("y-2x=1", "y=2x+1", True),
    ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\begin{pmatrix}1\\\\2\\end{pmatrix}", True),
    ("\\begin{pmatrix}0.5\\\\2\\end{pmatrix}", "\\begin{pmatrix}\\frac{1}{2}\\\\2\\end{pmatrix}", True),
    ("(0.5,2)", "(\\frac{1}{2},2)", True), ("A", "A", True), ("(A)", "A", True), ("The answer A or B", "B", True),
    ("", "", True), ("", "0", False), ("nan", "nan", True), ("2^{10}", "1024", True), ("1e3", "1000", True),
    ("\\pi", "3.14159", False), ("\\pi", "3.14", False), ("1,2,3", "3,2,1", False), ("1,2", "2,1", False),
    ("x\\le 3", "x<=3", True), ("2+3i", "3i+2", True), ("3:4", "\\frac{3}{4}", True), ("10%", "0.1", True),
    ("even", "Even", True), ("\\frac{1}{3}", "0.3333", True), ("\\frac{1}{3}", "0.333", False),
    ("\\sin^2x+\\cos^2x", "1", True), ("\\sqrt{2}", "1.41421356", True), ("12", "12.0", True), ("1/2", "0.5", True),
    ("(-\\infty,2)\\cup(3,\\infty)", "(3,\\infty)\\cup(-\\infty,2)", False), ("\\frac{1}{2}", "50", False),
    ("5", "500", True), ("3\\frac{1}{2}", "3.5", False), ("a", "b", False),
]  # fmt: skip

STRIPPED_THEN_EQUAL = [
    ("x+a", "x+m", True), ("a/b", "c/b", True), ("a^2", "m^2", True), ("3a", "3m", False), ("\\pm 1", "1", False),
    ("50", "5000", True), ("\\{1,2\\}", "\\{2,1\\}", True), ("x=1,y=2", "1,2", True), ("3,4", "(3,4)", True),
    ("12", "1,2", True),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), STRIPPED)
def test_strips_as_the_toolkit_does(text: str, expected: str) -> None:
    assert stripped(text) == expected


@pytest.mark.parametrize(("benchmark", "response", "answer"), EXTRACTED)
def test_extracts_as_the_toolkit_does(benchmark: str, response: str, answer: str) -> None:
    (verdict,) = verify_rows([{"gold": "", "response": response, "benchmark": benchmark}], "qwen")
    assert (verdict["answer"] or "") == answer


@pytest.mark.parametrize(("prediction", "reference", "equal"), EQUAL)
def test_compares_as_the_toolkit_does(prediction: str, reference: str, equal: bool) -> None:
    assert equal_as_qwen(prediction, reference) is equal


@pytest.mark.parametrize(("prediction", "reference", "equal"), STRIPPED_THEN_EQUAL)
def test_stripping_makes_different_letters_equal_as_in_the_toolkit(
    prediction: str, reference: str, equal: bool
) -> None:
    assert equal_as_qwen(stripped(prediction), stripped(reference)) is equal


def test_a_response_is_read_whole_thinking_and_all() -> None:
    rows = [{"gold": "1", "response": r"<think>\boxed{1}", "finish": "length"}, {"gold": "1", "response": "dunno"}]
    verdicts = verify_rows(rows, "qwen")
    assert [(row["answer"], row["status"]) for row in verdicts] == [("1", "correct"), (None, "no_answer")]


@pytest.mark.parametrize("digits", [310, 4_000, 1_000_000])
def test_a_number_beyond_doubles_equals_no_other(digits: int) -> None:
    (verdict,) = verify_rows([{"gold": "5", "response": f"so {'7' * digits}."}], "qwen")
    assert not verdict["correct"]
    assert not grade(gold="5", answer="7" * digits, grader="qwen").correct


def test_its_false_accepts_are_part_of_it() -> None:
    assert grade(gold="5000", answer="50", grader="qwen").correct
    assert grade(gold="x+m", answer="x+a", grader="qwen").correct
    assert not grade(gold="3a", answer="3m", grader="qwen").correct


@pytest.mark.parametrize("answer", ["9^{9^{9^9}}", "7" * 5_000, "{" * 3_000, "__import__('os').system('true')"])
def test_hostile_answers_end_at_once(answer: str) -> None:
    start = time.process_time()
    assert not grade(gold="5", answer=answer, grader="qwen").correct
    assert time.process_time() - start < 1.0
