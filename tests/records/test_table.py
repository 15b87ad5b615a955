"""Rows under a schema: what passes, and the sentence for each thing that does not."""

import json
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from l2s.core.errors import RecordError
from l2s.core.row import Row
from l2s.records import Problems, Responses, Summary, Verdicts, read_rows, read_table, table_of, write_rows


def problem(**changes: Any) -> Row:
    return {"benchmark": "b", "id": "1", "problem": "p", "gold": "1", **changes}


def response(**changes: Any) -> Row:
    row: Row = {"run": "r", "model": "m", "benchmark": "b", "id": "1", "sample": 0, "gold": "1", "prompt": "p"}
    row |= {"response": "x", "tokens": 1, "response_tokens": 1, "think_tokens": 0, "finish": "stop", "closed": True}
    return {**row, "seed": 1, "engine": "e", **changes}


def verdict(**changes: Any) -> Row:
    row = {"gold": "1", "response": "x", "answer": "1", "status": "correct", "correct": True, "grader": "l2s"}
    return {**row, **changes}


def summary(**changes: Any) -> Row:
    row: Row = {"run": "r", "model": "m", "control": "none", "benchmark": "b", "n": 3, "accuracy": 0.5}
    row |= {"accuracy_low": 0.1, "accuracy_high": 0.9, "tokens": 3.5, "reduction": None, "truncated": 0.0}
    return {**row, "reflective": 0.0, "verdict": "parity", "chosen": False, **changes}


WRONG = [
    (Problems, [problem(gold=3)], "column 'gold': row 1 holds 3; expected text"),
    (Problems, [problem(), problem(id="2", gold=3)], "column 'gold': row 2 holds 3; expected text"),
    (Problems, [problem(), problem(id="2", gold=None)], "column 'gold': row 2 holds null; expected text"),
    (Problems, [problem(gold=3), problem(gold=4)], "column 'gold': row 1 holds 3 (and 1 more row); expected text"),
    (Problems, [problem(level="x")], "column 'level': row 1 holds 'x'; expected a whole number or null"),
    (Problems, [problem(level=True)], "column 'level': row 1 holds True; expected a whole number or null"),
    (Problems, [problem(problem={"a": 1})], "column 'problem': row 1 holds {'a': 1}; expected text"),
    (
        Problems,
        [{"benchmark": "b", "id": "1"}],
        "column 'problem' is missing; found benchmark, id; x.jsonl: column 'gold' is missing; found benchmark, id",
    ),
    (
        Problems,
        [problem(), {"benchmark": "b", "id": "2", "problem": "q"}],
        "column 'gold' is missing in row 2; found benchmark, id, problem",
    ),
    (
        Problems,
        [problem(), problem(id="2"), problem()],
        "rows 1 and 3 are the same benchmark 'b', id '1'; expected one row each",
    ),
    (Responses, [response(), response(id="2", sample=-1)], "column 'sample': row 2 holds -1; expected at least 0"),
    (Responses, [response(finish="eos")], "column 'finish': row 1 holds 'eos'; expected one of stop, length, control"),
    (Responses, [response(closed=1)], "column 'closed': row 1 holds 1; expected true or false"),
    (Responses, [response(tokens=1.5)], "column 'tokens': row 1 holds 1.5; expected a whole number"),
    (Responses, [response(seed=2**63)], f"column 'seed': row 1 holds {2**63}; expected a whole number"),
    (
        Responses,
        [response(tokens="many", closed="yes")],
        "column 'tokens': row 1 holds 'many'; expected a whole number; "
        "x.jsonl: column 'closed': row 1 holds 'yes'; expected true or false",
    ),
    (
        Verdicts,
        [verdict(extra=1), verdict(extra=2, status="incorrect")],
        "row 2 breaks the rule: status and correct agree",
    ),
    (Verdicts, [verdict(answer=None)], "row 1 breaks the rule: a correct response has an answer"),
    (Summary, [summary(accuracy=1.2)], "column 'accuracy': row 1 holds 1.2; expected at most 1"),
    (Summary, [summary(n=0)], "column 'n': row 1 holds 0; expected at least 1"),
    (Summary, [summary(accuracy=math.nan)], "column 'accuracy': row 1 holds nan; expected a number"),
]


@pytest.mark.parametrize(("schema", "rows", "sentence"), WRONG)
def test_wrong_rows_are_refused_in_a_sentence(schema: Any, rows: list[Row], sentence: str) -> None:
    with pytest.raises(RecordError) as error:
        table_of(rows, schema, "x.jsonl")
    assert str(error.value) == f"x.jsonl: {sentence}"


@pytest.mark.parametrize(
    ("schema", "rows"),
    [
        (Problems, [problem(), problem(id="2", level=None), problem(id="3", level=2, subject="algebra")]),
        (Responses, [response(), response(sample=1, seed=2**63 - 1)]),
        (Verdicts, [verdict(), verdict(answer=None, status="truncated", correct=False)]),
        (Summary, [summary(), summary(run="q", reduction=0, tokens=3)]),
    ],
)
def test_right_rows_keep_their_values_under_the_schema_types(schema: Any, rows: list[Row]) -> None:
    frame = table_of(rows, schema, "x.jsonl")
    assert [{key: row[key] for key in given} for given, row in zip(rows, frame.to_dicts(), strict=True)] == rows
    types = {name: column.dtype.type for name, column in schema.to_schema().columns.items()}
    assert {name: frame.schema[name] for name in frame.columns if name in types} == {
        name: types[name] for name in frame.columns
    }


@pytest.mark.parametrize("schema", [Problems, Responses, Verdicts, Summary])
def test_no_rows_are_a_frame_with_every_column(schema: Any) -> None:
    frame = table_of([], schema, "x.jsonl")
    assert frame.height == 0 and frame.columns == list(schema.to_schema().columns)


def test_unknown_columns_may_hold_anything() -> None:
    rows = [problem(extra=[1, {"a": 2}], plain=1), problem(id="2", extra="x", plain=2)]
    frame = table_of(rows, Problems, "x.jsonl")
    assert frame["extra"].to_list() == ['[1, {"a": 2}]', '"x"']
    assert frame["plain"].dtype == pl.Int64
    assert rows[0]["extra"] == [1, {"a": 2}], "the rows keep it as it was"


def test_rows_survive_writing_and_reading(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "problems.jsonl"
    rows = [problem(problem="é \u2028 \x00 \\boxed{1}", extra={"z": [1, None], "a": 0.1}), problem(id="2", level=3)]
    write_rows(path, rows, Problems)
    assert read_rows(path, Problems) == rows
    assert [list(row) for row in read_rows(path)] == [list(row) for row in rows], "keys keep their order"
    assert read_table(path, Problems)["level"].to_list() == [None, 3]


def test_refused_rows_leave_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "problems.jsonl"
    write_rows(path, [problem()], Problems)
    before = path.read_bytes()
    with pytest.raises(RecordError, match="column 'gold'"):
        write_rows(path, [problem(gold=1)], Problems)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"a": 1}\n\n{"a": \n', "line 3 is not JSON"),
        ('{"a": 1}\n[1]\n', "line 2 is a list; expected a JSON object"),
        ("[" * 100_000, "line 1 is not JSON"),
    ],
)
def test_broken_lines_are_named(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(text)
    with pytest.raises(RecordError) as error:
        read_rows(path)
    assert str(error.value).startswith(f"{path}: {sentence}")


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"absent\.jsonl: no such file; expected JSONL"):
        read_rows(tmp_path / "absent.jsonl")


def test_text_that_utf8_cannot_hold_is_replaced_on_reading(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(json.dumps({"a": "\ud800x\udc00", "b": "\U0001f600"}).encode() + b"\n")
    rows = read_rows(path)
    assert rows == [{"a": "\ufffdx\ufffd", "b": "\U0001f600"}]
    write_rows(path, rows)
    assert read_rows(path) == rows


def test_a_response_says_which_limit_cut_it_and_older_rows_pass_without() -> None:
    row = response(finish="length")
    for limit in (None, "max_tokens", "context", "max_think", "max_answer"):
        assert table_of([{**row, "limit": limit}], Responses, "rows")["limit"].to_list() == [limit]
    table_of([row], Responses, "rows")
    with pytest.raises(RecordError, match="column 'limit': row 1 holds 'time'; expected one of max_tokens, context"):
        table_of([{**row, "limit": "time"}], Responses, "rows")
    with pytest.raises(RecordError, match="column 'depth': row 1 holds 0; expected at least 1"):
        table_of([{**row, "depth": 0}], Responses, "rows")


def test_whole_and_broken_numbers_make_a_column_of_numbers() -> None:
    frame = table_of([problem(length=3), problem(id="2", length=4.5), problem(id="3", length=None)], Problems, "x")
    assert frame["length"].to_list() == [3.0, 4.5, None]
