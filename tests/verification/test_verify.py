"""Rows in, verdicts out: statuses, columns, order, errors, files; and real data where it is at hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from l2s.core.errors import ConfigError, RecordError
from l2s.core.progress import silent
from l2s.core.row import Row
from l2s.verification import grade, grade_pairs, verify_file, verify_rows
from tests.rows import published, written

STATUSES = [
    ({"response": r"\boxed{5}"}, "5", "correct"),
    ({"response": r"\boxed{6}"}, "6", "incorrect"),
    ({"response": "dunno"}, None, "no_answer"),
    ({"response": ""}, None, "no_answer"),
    ({"response": r"\boxed{5+}"}, "5+", "unparsed"),
    ({"response": r"\boxed{9^{9^9}}"}, "9^{9^9}", "limit"),
    ({"response": "dunno", "finish": "length"}, None, "truncated"),
    ({"response": r"<think>\boxed{5}", "finish": "length", "closed": False}, None, "truncated"),
    ({"response": r"<think>\boxed{5}", "finish": "length"}, None, "truncated"),
    ({"response": r"<think>\boxed{5}", "finish": "stop", "closed": False}, None, "no_answer"),
    ({"response": r"\boxed{5} and on", "finish": "stop", "closed": False}, None, "no_answer"),
    ({"response": r"\boxed{5} and on", "finish": "length", "closed": False}, None, "truncated"),
    ({"response": r"\boxed{5} and on", "finish": "length"}, None, "truncated"),
    ({"response": r"\boxed{5} and on", "finish": "length", "closed": True}, "5", "correct"),
    ({"response": r"<think>a</think>\boxed{5} and on", "finish": "length", "closed": True}, "5", "correct"),
    ({"response": r"<think>a</think>The answer is 5", "finish": "length", "closed": True}, None, "truncated"),
    ({"response": r"<think>a</think>\boxed{5}", "finish": "control", "closed": True}, "5", "correct"),
]


@pytest.mark.parametrize(("row", "answer", "status"), STATUSES)
def test_status_of_a_response(row: Row, answer: str | None, status: str) -> None:
    (verdict,) = verify_rows([{"gold": "5", **row}])
    assert (verdict["answer"], verdict["status"]) == (answer, status)
    assert verdict["correct"] is (status == "correct")


def test_columns_pass_through_and_the_verdict_stands_last() -> None:
    row = {"gold": "5", "correct": None, "extra": {"a": [1]}, "response": r"\boxed{5}", "tokens": 3}
    (verdict,) = verify_rows([row])
    assert list(verdict) == ["gold", "extra", "response", "tokens", "answer", "status", "correct", "grader"]
    assert verdict["extra"] == {"a": [1]} and verdict["grader"] == "l2s"
    assert row["correct"] is None, "the input rows are left alone"


@pytest.mark.parametrize(("gold", "text"), [(12, "12"), (12.0, "12.0"), (0.5, "0.5"), (1e22, "1e+22"), ("012", "012")])
def test_a_gold_number_becomes_text_as_json_writes_it(gold: Any, text: str) -> None:
    (verdict,) = verify_rows([{"gold": gold, "response": rf"\boxed{{{text}}}"}])
    assert (verdict["gold"], verdict["status"]) == (text, "correct")


def test_order_and_verdicts_do_not_depend_on_jobs() -> None:
    rows = [{"gold": f"x+{n}", "response": rf"\boxed{{{n - n % 3}+x}}", "id": n} for n in range(40)]
    alone = verify_rows(rows, jobs=1)
    assert alone == verify_rows(rows, jobs=4) == verify_rows(rows, jobs=1, track=silent)
    assert [row["id"] for row in alone] == list(range(40))
    assert [row["correct"] for row in alone] == [n % 3 == 0 for n in range(40)]


def test_no_rows_give_no_verdicts() -> None:
    assert verify_rows([]) == [] and grade_pairs([]) == []


def test_broken_rows_are_all_named() -> None:
    rows: list[Row] = [
        {"gold": "1", "response": "x"},
        {"response": None},
        {"gold": True, "response": "x"},
        {"gold": [1]},
    ]
    with pytest.raises(RecordError) as error:
        verify_rows(rows, where="some.jsonl")
    assert str(error.value) == (
        "some.jsonl: row 2 has no 'gold'; found response; "
        "some.jsonl: row 2: 'response' is None; expected text or a number; "
        "some.jsonl: row 3: 'gold' is True; expected text or a number; "
        "some.jsonl: row 4: 'gold' is [1]; expected text or a number; "
        "some.jsonl: row 4 has no 'response'; found gold"
    )


def test_many_broken_rows_are_counted() -> None:
    with pytest.raises(RecordError, match=r"row 5 has no 'gold'.*and 4 more like these$"):
        verify_rows([{"response": "x"}] * 9)


def test_grade_reads_boxes_and_knows_no_answer() -> None:
    assert grade(gold=r"$\boxed{7}$", answer=r"so \boxed{7.0}").correct
    assert grade(gold="7", answer="").status == "no_answer"
    with pytest.raises(TypeError):
        grade("7", "7")  # type: ignore[misc]


def test_pairs_keep_their_columns() -> None:
    rows = [{"gold": 7, "answer": "7", "id": "a"}, {"gold": "7", "answer": None}, {"gold": "7", "answer": "8"}]
    assert grade_pairs(rows) == [
        {"gold": "7", "answer": "7", "id": "a", "status": "correct", "correct": True, "grader": "l2s"},
        {"gold": "7", "answer": None, "status": "no_answer", "correct": False, "grader": "l2s"},
        {"gold": "7", "answer": "8", "status": "incorrect", "correct": False, "grader": "l2s"},
    ]


def test_a_file_becomes_a_file_of_the_same_bytes_twice(tmp_path: Path) -> None:
    rows = [{"gold": 5, "response": "\\boxed{5} \ud800 é\x00"}, {"gold": "x+1", "response": r"\boxed{1+x}"}]
    responses = written(tmp_path / "responses.jsonl", rows)
    verify_file(responses, tmp_path / "a.jsonl", jobs=1)
    verify_file(responses, tmp_path / "b.jsonl", jobs=3)
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    verdicts = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [row["status"] for row in verdicts] == ["correct", "correct"]
    assert list(tmp_path.glob(".*")) == [], "nothing is left aside"


def test_bad_input_overwrites_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("old")
    broken = written(tmp_path / "broken.jsonl", [{"gold": "1"}])
    with pytest.raises(RecordError, match=r"broken\.jsonl: every line is broken; line 1: column .response. is missing"):
        verify_file(broken, out)
    with pytest.raises(RecordError, match=r"absent\.jsonl: no such file"):
        verify_file(tmp_path / "absent.jsonl", out)
    with pytest.raises(ConfigError, match="grader"):
        verify_file(tmp_path / "absent.jsonl", out, grader="none")
    assert out.read_text() == "old"


def test_agrees_with_the_labels_of_real_responses() -> None:
    verdicts = verify_rows(published("responses/qwen25math_math100x8"), jobs=2)
    others = [(row["gold"], row["answer"]) for row in verdicts if row["correct"] != row["their_label"]]
    assert others == [("10{,}000", "10000")], "the one label that is wrong"


def test_a_sentence_counts_by_its_value_where_it_speaks_of_the_same() -> None:
    """``4 heads`` was met by the last 4 of any sentence."""
    assert not grade(gold="4 heads", answer="max at x=2, min at x=4").correct
    assert grade(gold="4 heads", answer="the number of heads is 4").correct
    assert grade(gold=r"\frac{1}{2}", answer="the chance is 1/2").correct
