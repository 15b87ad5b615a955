"""Numbers that differ are never equal, however they are written; and no text whatever is a crash or a hang."""

import random
import time

import pytest

from l2s.verification import extract_answer, grade
from l2s.verification.compare import equivalence
from tests.verification.battery import HOSTILE
from tests.verification.notations import differing_pairs, equal_pairs

PIECES = [
    "1", "2", "10", "0.5", "1e5", "x", "n", "e", "i", "+", "-", "*", "/", "^", "_", "{", "}", "(", ")", "[", "]",
    "|", ",", ";", "=", "<", ">", ":", "!", "'", "$", "%", "&", " ", r"\{", r"\}", r"\le", r"\ne", r"\frac",
    r"\sqrt", r"\sqrt[3]", r"\sin", r"\log_2", r"\pi", r"\infty", r"\cup", r"\in", r"\pm", r"\begin{pmatrix}",
    r"\end{pmatrix}", "\\\\", r"\text{ cm}", r"\text{ and }", "and", "or", r"\%", r"^\circ", "three", "(A)",
    r"\boxed{", r"\left", r"\right", r"\cdot", r"\binom", r"\lfloor", r"\rfloor", r"\overline", "f(x)", r"\approx",
    r"\mathbb{R}", r"\setminus", "0", r"\emptyset", "元", "≤", "\x00", "\ud800", "\u202e", "max", "floor", "^{-1}",
    r"\arcsin", r"\dots", "\n",
]  # fmt: skip


def assert_none_accepted(seed: int, count: int) -> None:
    rng = random.Random(seed)
    accepted = [pair for pair in differing_pairs(rng, count) if equivalence.equivalent(*pair) == "correct"]
    assert accepted == []


def test_two_thousand_pairs_of_numbers_that_differ() -> None:
    assert_none_accepted(seed=1, count=2_000)


@pytest.mark.slow
def test_a_hundred_thousand_pairs_of_numbers_that_differ() -> None:
    assert_none_accepted(seed=2, count=100_000)


def test_one_number_in_two_notations_is_equal() -> None:
    rng = random.Random(3)
    refused = [pair for pair in equal_pairs(rng, 1_500) if equivalence.equivalent(*pair) != "correct"]
    assert refused == []


def test_any_text_gets_a_verdict_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equivalence, "compared_by", lambda *_: "unparsed")  # workers have tests of their own
    rng = random.Random(4)
    for _ in range(700):
        gold, answer = ("".join(rng.choices(PIECES, k=rng.randint(1, 16))) for _ in range(2))
        start = time.process_time()
        for other in (gold, answer):
            assert equivalence.equivalent(gold, other) in ("correct", "incorrect", "unparsed", "limit")
        assert grade(gold=gold, answer=answer, grader="qwen").status != ""
        extract_answer(answer)
        assert time.process_time() - start < 1.0, (gold, answer)


WORK = [
    (",".join(rf"\sqrt{{{n}}}" for n in range(2, 200)), ",".join(rf"\sqrt{{{n}}}" for n in range(199, 1, -1))),
    ("+".join(rf"\sin({n}x)" for n in range(200)) + "+e^{10^4}", "e^{10^4}+2"),
    (r"\cup".join(f"({n},{n + 1})" for n in range(40)), r"\cup".join(f"({n},{n + 1})" for n in range(1, 40))),
    (", ".join(f"x_{{{n}}}+y^{n}" for n in range(48)), ", ".join(f"y^{n}+x_{{{n}}}" for n in range(48))),
    tuple(rf"\begin{{pmatrix}}{'&'.join(digit * 900)}\end{{pmatrix}}" for digit in "12"),
    *(("5", answer) for answer in HOSTILE),
    *(("1", answer) for answer in (r"\binom{100000}{50000}", r"\dbinom{10^9}{10^8}", "C(100000,50000)", "(9999!)!")),
    *(("1", answer) for answer in (r"\binom{\binom{1000}{500}}{10}", "9^{9^{9^9}}", "1/" * 500 + "2", "the " * 900)),
    *(("1", answer) for answer in ("7" * 10_000_000, "\x00" * 3_999, "\ud800" * 500, "5 " + "cm " * 900)),
    *(("1", answer) for answer in ("*".join(["2^{13000}"] * 300), "+".join([r"\frac{1}{3^{5000}}"] * 200))),
    ("1", r"\frac{1}{7}" + r"^{999}" * 9),
    ("1", r"\begin{vmatrix}" + r"\\".join(["&".join("12345678")] * 8) + r"\end{vmatrix}"),
    ("1", r"(\pm 1" + r", \pm 1" * 200 + ")"),
    ("6", r"\boxed{" * 400 + "5" + "}" * 400),
]


@pytest.mark.parametrize(("gold", "answer"), WORK)
def test_work_in_this_process_is_bounded(monkeypatch: pytest.MonkeyPatch, gold: str, answer: str) -> None:
    monkeypatch.setattr(equivalence, "compared_by", lambda *_: "limit")
    start = time.process_time()
    assert equivalence.equivalent(gold, answer) in ("correct", "incorrect", "unparsed", "limit")
    assert time.process_time() - start < 3.0
