"""What is refused before parsing, by a bound on the digits a formula's value could have."""

import time

import pytest

from l2s.verification.parsing.limits import MAX_DIGITS, Formula, exceeds_limits

REFUSED = [
    "9^{9^{9^9}}", "9^9^9", "9**9**9", r"\dfrac{5^{(5^{(5^{(5^5)})}-4)}-5}{16}", "(10^9)!", "10^{10}!", "9!!!!",
    "2^{10^7}+1", r"\frac{1}{2^{10^7}}", r"\sqrt{(1+1)^{(99999999)}}", "x^{10^9}", r"2^{10^{7}\log_{2}(4)}",
    "7" * 4_001, "{" * 100 + "}" * 100, "(" * 2_000, "^" * 3_999, "!" * 3_000,
]  # fmt: skip

ALLOWED = [
    "2^{2^{10}}", "10^{10000}", r"\frac{1}{2004!}", "x^{2023}", "e^{x^2}", r"e^{-\frac{2024}{2025}}", "3^{1999}+1",
    "2^{2024/2025}", r"\sqrt{2}^{3}", "123456789" * 40, r"x_{1}^{2}+\left(y-\frac{3}{4}\right)^{2}=z!", "}}}) a",
    r"\frac", r"\frac\frac\frac12", r"36^{\log _{36}(216)}=216", r"e^{\ln(10^{100})}", "", "\x00\ud800\u202e",
]  # fmt: skip


@pytest.mark.parametrize("formula", REFUSED)
def test_bombs_are_refused(formula: str) -> None:
    start = time.process_time()
    assert exceeds_limits(formula)
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize("formula", ALLOWED)
def test_ordinary_formulas_pass(formula: str) -> None:
    assert not exceeds_limits(formula)


@pytest.mark.parametrize(
    ("formula", "value"),
    [("7^{30}", 7**30), ("(2+2)^{9}", 4**9), ("2^{3^{4}}", 2**81), ("20!", 2432902008176640000), ("(3 5)^{2}", 225)],
)
def test_the_bound_is_never_below_the_value(formula: str, value: int) -> None:
    assert 10 ** Formula(formula).digits() >= value * (1 - 1e-9)
    assert Formula(formula).digits() < MAX_DIGITS
