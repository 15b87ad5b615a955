"""One row never ends a file: not by its digits, not by a grader that fails."""

import sys
from types import SimpleNamespace

import pytest

from l2s.verification import grade_pairs, grader_names, verify_rows
from l2s.verification.graders import Grader, grader

ODD = ["②", "²", "②③", "५", "½", "Ⅷ", "１②", "٣²", "\u0bf0", "10\u00b2", "²³", "\x00", "\ud800", "①,②", "𝟙", "𝟚²"]


@pytest.mark.parametrize("name", grader_names())
def test_digits_that_are_no_decimals_end_no_file(name: str) -> None:
    rows = [{"gold": gold, "answer": answer} for gold in ODD for answer in ("1", "2, 3", gold)]
    assert len(grade_pairs(rows, name)) == len(rows)
    responses = [{"gold": gold, "response": rf"so \boxed{{{gold}}}"} for gold in ODD]
    assert len(verify_rows(responses, name)) == len(ODD)


@pytest.mark.parametrize("error", [ValueError, KeyError, RecursionError, MemoryError, ZeroDivisionError, IndexError])
def test_a_grader_that_fails_on_a_row_costs_that_row(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    def failing(gold: str, answer: str) -> str:
        if answer == "2":
            raise error("boom")
        return "correct"

    def extract(response: str, benchmark: str) -> str:
        if response == "3":
            raise error("boom")
        return response

    monkeypatch.setitem(sys.modules, "odd", SimpleNamespace(GRADER=Grader("odd", failing, extract)))
    monkeypatch.setitem(grader.MODULES, "odd", "odd")
    rows = verify_rows([{"gold": "1", "response": text} for text in ("1", "2", "3", "4")], "odd")
    assert [row["correct"] for row in rows] == [True, False, False, True]
    assert {row["status"] for row in rows[1:3]} <= {"unparsed", "limit"}
