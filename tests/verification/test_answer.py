"""Which words of a response are its answer; every row was decided by hand."""

import time

import pytest

from l2s.verification import extract_answer
from l2s.verification.extract.markup import ANSWER_TAGS, BOX_TOKENS

WHOLE = [
    (r"so \boxed{42}.", "42"),
    (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
    (r"\boxed{\left\{ 1, \{2\} \right\}}", r"\left\{ 1, \{2\} \right\}"),
    (r"\fbox{7}", "7"),
    (r"\boxed 5$ done", "5"),
    (r"\boxed{ $3$. }", "3"),
    ("$$\n\\boxed{\n 9 \n}\n$$", "9"),
    (r"\boxed{1} no wait, \boxed{2}", "2"),
    (r"\boxed{\text{so } \boxed{5}}", "5"),
    (r"\boxed{8}. Put it in \boxed{}.", "8"),
    (r"\boxed{3} and unfinished \boxed{\frac{1}{2}", "3"),
    (r"ANSWER: \boxed{42}", "42"),
    ("ANSWER: 42", "42"),
    ("Final answer:\n\n42", "42"),
    ("**Answer:** 42", "42"),
    ("The answer is 41.", "41"),
    ("The answer is 3.5. It fits.", "3.5"),
    ("Final Answer: The final answer is $x=3$. I hope it is correct.", "x=3"),
    (r"The answer to the puzzle is \(\frac{1}{2}\) of it", r"\frac{1}{2}"),
    ("the answer is 4. wait, the answer is 5", "5"),
    ("the answer is 4.\nAnswer:", "4"),
    ("16 - 3 = 13\n#### 42", "42"),
    ("答案是 12\n\n更多", "12"),
    ("答案：12。", "12"),
    ("It comes to **73**.", "73"),
    ("It comes to **1/2** of **Step 3**", "1/2"),
    ("\\boxed{\\Delta E}\nAnswer: D", "D"),
    ("\\boxed{5}\nThe answer is a whole number.", "5"),
    (r"\boxed{10} and then some more work gives \boxed{42}", "42"),
    (r"First \boxed{10}. Hmm, I was wrong: the value is \boxed{42}", "42"),
    (r"\boxed{1}, actually \boxed{2}", "2"),
    (r"The roots are \boxed{3} and \boxed{5}.", "3, 5"),
    (r"$\boxed{(1,2)}, \boxed{(2,1)}$", "(1,2), (2,1)"),
    (r"$$\boxed{7} \quad \text{or} \quad \boxed{9}$$", "7, 9"),
    (r"\( x = \boxed{1} \) and \( y = \boxed{2} \)", "1, 2"),
    ("\\boxed{5}\n\n\\boxed{5}", "5"),
    (r"so $a = -\boxed{256}$", "-256"),
    (r"\boxed{\frac{1}{2}", None),
    ("Final Answer: The largest $n$ is 34.", "34"),
    ("The volume of the cube is 120", "120"),
    ("The answer is 42 because nothing else fits", "42"),
    (r"答案为：$\frac{1}{2}$", r"\frac{1}{2}"),
    ("42", "42"),
    ("First compute 6*7.\n42", "42"),
    ("So 3 + 4 = 7.\nThus the total is 7.", "7"),
    (r"Therefore, \(a + b = 121 + 909 = 1030\).", "a + b = 121 + 909 = 1030"),
    ("I think it could be 3 or 4, hard to", None),
    ("So the correct option is C.", "C"),
    ("**Evelyn**", "Evelyn"),
    ("so we get $1,234 dollars", "$1,234 dollars"),
    ("Hence 140 miles is the answer.", "140"),
    ("The correct answer is 42, since 6*7=42.", "42"),
    ("no number", None),
    ("", None),
    (r"\boxed{", None),
    (r"\boxedness{5}", None),
    ("**Step 3**", None),
]


@pytest.mark.parametrize(("response", "answer"), WHOLE)
def test_reads_the_answer_of_a_whole_response(response: str, answer: str | None) -> None:
    assert extract_answer(response) == answer


THINKING = [
    (r"<think>\boxed{1}</think>So \boxed{2}", "2"),
    (r"<think>\boxed{1}</think>The answer is 2.", "2"),
    (r"<think>\boxed{1}</think>Done.", "1"),
    (r"opened by the template \boxed{1}</think> x </think>\boxed{3}", "3"),
    ("<think>the answer is 1</think>Done.", None),
    (r"<think>\boxed{1}", None),
    (r"<think>a</think>\boxed{1}<think>again \boxed{2}", None),
]


@pytest.mark.parametrize(("response", "answer"), THINKING)
def test_thinking_comes_second_and_open_thinking_never(response: str, answer: str | None) -> None:
    assert extract_answer(response) == answer


def test_thinking_the_template_opened_is_open_where_the_caller_says_so() -> None:
    assert extract_answer(r"so \boxed{1}", unclosed=True) is None
    assert extract_answer(r"so \boxed{1}", unclosed=False) == "1"


CUT = [
    (r"<think>a</think>\boxed{2} and then the mod", "2"),
    (r"<think>\boxed{1}</think>So the", None),
    (r"<think>a</think>The answer is 1", None),
    (r"<think>a</think>\boxed{12", None),
    (r"\boxed{1} but perhaps in thinking the template opened", None),
    ("so 3+4 = 7", None),
]


@pytest.mark.parametrize(("response", "answer"), CUT)
def test_a_cut_response_answers_only_by_a_closed_box_after_thinking(response: str, answer: str | None) -> None:
    assert extract_answer(response, cut=True) == answer


def test_a_cut_response_that_never_thought_answers_by_its_box() -> None:
    assert extract_answer(r"\boxed{1} and on and on", cut=True, unclosed=False) == "1"


PIECES = [
    "a", " ", "\n", "{", "}", "\\", "\\{", "$", "*", "**1", "** ", "\\boxed", "\\boxed{", "\\boxed ", "\\boxed{1}",
    "answer", "answer:", "answer to ", "the answer is ", "\nanswer: *", "####", "答案", "<think>", "</think>",
    *(mark for pair in (*BOX_TOKENS, *ANSWER_TAGS[:2]) for mark in pair), "not able to find the answer", "So the ",
    "1.", "\x00", "\u202e", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
def test_a_long_run_of_anything_takes_linear_time(piece: str) -> None:
    start = time.process_time()
    extract_answer(piece * (300_000 // len(piece)))
    assert time.process_time() - start < 1.0


def test_ten_thousand_nested_braces_take_no_time() -> None:
    start = time.process_time()
    answer = extract_answer(r"\boxed{" + "{" * 10_000 + "5" + "}" * 10_000 + "}")
    assert time.process_time() - start < 0.1
    assert answer == "{" * 10_000 + "5" + "}" * 10_000
