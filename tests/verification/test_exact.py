"""Pairs that arithmetic and text settle, and those they must leave to algebra."""

from fractions import Fraction

import pytest

from l2s.verification.compare.values.exact import quantity, settle
from l2s.verification.parsing.normalised import normalised

EQUAL = [
    ("73", "073"), ("16", "016"), ("1000", "1,000"), ("1000", "1{,}000"), ("1000", r"1\,000"),
    ("11111111100", r"11,\! 111,\! 111,\! 100"), ("36.0", "36"), ("0.5", ".5"), ("0.5", r"\frac12"),
    (r"\frac{3}{4}", r"\tfrac34"), ("-1/2", r"-\dfrac{1}{2}"), (r"\frac{-1}{2}", r"-\frac12"), ("2.5", "2 1/2"),
    ("918.5", r"918\frac{1}{2}"), ("-2.5", r"-2\frac{1}{2}"), ("1000", "1e3"), ("18", r"\$18"), ("5", "$5$"),
    ("5", "5."), ("5", "\u202e5\u202c"), ("5\x00", "5"), ("−3", "-3"), ("10", r"10\%"), ("0.1", r"10\%"),
    (r"10\%", "0.1"), (r"\text{Evelyn}", "Evelyn"), (r"\left( 3, \frac{\pi}{2} \right)", r"(3,\frac{\pi}{2})"),
    (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", r"\begin{pmatrix}1\\2\end{pmatrix}"),
]  # fmt: skip

DIFFERENT = [
    ("100000", "100001"), ("1" * 400, "1" * 399 + "2"), ("1", "100"), ("50", "0.5"), ("1.0001", "1"),
    ("3.14", "3.14159"), ("2 1/2", "21/2"), ("5", "-5"), (r"10\%", r"0.1\%"), ("1/3", "1/4"), ("10", "1010"),
]  # fmt: skip

UNSETTLED = [
    ("12", "1,2"), ("1,2", "12"), ("1000", "(1,000)"), ("12", "1 2"), ("12", "1,23"), ("3, 100", "3,100"),
    ("3.5", "2 3/2"), ("1/3", "0.333333"), ("0", "x"), ("1/0", "1"), ("2^{10}", "1024"), ("x", "X"), ("", ""),
    (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}1\\3\end{pmatrix}"),
]  # fmt: skip


@pytest.mark.parametrize(("gold", "answer"), EQUAL)
def test_equal(gold: str, answer: str) -> None:
    assert settle(gold, answer) is True
    assert settle(answer, gold) is True


@pytest.mark.parametrize(("gold", "answer"), DIFFERENT)
def test_different(gold: str, answer: str) -> None:
    assert settle(gold, answer) is False
    assert settle(answer, gold) is False


@pytest.mark.parametrize(("gold", "answer"), UNSETTLED)
def test_left_to_algebra(gold: str, answer: str) -> None:
    assert settle(gold, answer) is None
    assert settle(answer, gold) is None


def test_quantities_keep_what_their_writing_promises() -> None:
    ten_percent = quantity(normalised(r"10.0\%"))
    assert ten_percent is not None
    assert (ten_percent.value, ten_percent.decimal, ten_percent.percent) == (Fraction(10), True, True)


def test_row_breaks_of_a_matrix_are_not_spacing() -> None:
    assert normalised(r"-1 \\ \dfrac{2}{3}") == r"-1\\\frac{2}{3}"
