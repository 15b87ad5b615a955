"""JSONL in, JSONL out, each row under a schema; unknown columns pass through untouched.

Rows are plain dictionaries where one is handled at a time, a polars frame where columns are.
A line that is not a JSON object, a missing column and a value of the wrong kind are all one
sentence naming file, row and column.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import pandera.errors
import polars as pl

from l2s.core.errors import RecordError
from l2s.core.row import Row
from l2s.records.checks import Schema, broken_rules, dtypes, in_text, rule_faults, wrong_kinds
from l2s.records.lines import numbered_lines, replacing_lines

DEEPEST = 100
"""Brackets inside one another that a row may have."""
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def read_rows(path: Path, schema: Schema | None = None) -> list[Row]:
    """All rows of a JSONL file as dictionaries, checked against ``schema``.

    A name or a gold answer that is a number is taken as its text where ``schema`` wants text.
    Lone surrogates (legal in JSON, not in UTF-8) become U+FFFD, so that every row can be written again.
    """
    rows = list(iter_rows(path))
    if schema is not None:
        rows = [in_text(row, schema) for row in rows]
        table_of(rows, schema, str(path))
    return rows


def iter_rows(path: Path) -> Iterator[Row]:
    """Rows of a JSONL file one by one, for files that are too large to hold; not checked."""
    for number, line in numbered_lines(path):
        if line.strip():
            try:
                yield parse_line(line)
            except RecordError as error:
                raise RecordError(f"{path}: line {number} {error}") from None


def read_table(path: Path, schema: Schema) -> pl.DataFrame:
    """A JSONL file as a checked polars frame."""
    return table_of((in_text(row, schema) for row in iter_rows(path)), schema, str(path))


def table_of(rows: Iterable[Row], schema: Schema, where: str, added: Collection[str] = ()) -> pl.DataFrame:
    """Rows as a frame, checked against ``schema``; ``where`` names the rows in errors, without columns ``added``.

    A column the schema does not know keeps its own type; where that differs from row to row in a way
    no column type holds, the frame (not the rows) has it as JSON text.

    Raises:
        RecordError: names the first offending row (counted from 1) of every column and rule that fails.
    """
    rows = list(rows)
    if problems := list(wrong_kinds(rows, schema, where, added)):
        raise RecordError("; ".join(problems))
    try:
        checked: pl.DataFrame = schema.validate(_frame(rows, schema), lazy=True)
    except pandera.errors.SchemaErrors as errors:
        raise RecordError("; ".join(broken_rules(errors, rows, schema, where))) from None
    return checked


def broken_by_row(rows: list[Row], schema: Schema) -> dict[int, list[str]]:
    """What each row breaks of the schema's rules, by its number from 0; its kinds must fit already."""
    try:
        schema.validate(_frame(rows, schema), lazy=True)
    except pandera.errors.SchemaErrors as errors:
        return rule_faults(errors, rows)
    return {}


def write_rows(path: Path, rows: Iterable[Row], schema: Schema | None = None) -> None:
    """Write rows as JSONL, atomically, after checking them; keys stay in the order given."""
    rows = list(rows)
    if schema is not None:
        table_of(rows, schema, str(path))
    with replacing_lines(path) as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n")


def parse_line(line: str) -> Row:
    """One line as a row.

    Raises:
        RecordError: it is no JSON object; the sentence begins with "is", for the caller names the line.
    """
    try:
        row: Any = json.loads(line)
    except (ValueError, RecursionError) as error:  # not JSON, or an integer of too many digits
        raise RecordError(f"is not JSON ({error}); expected one object a line") from None
    if not isinstance(row, dict):
        raise RecordError(f"is a {type(row).__name__}; expected a JSON object")
    if "\\ud" in line.lower():
        row = json.loads(_LONE_SURROGATE.sub("\ufffd", json.dumps(row, ensure_ascii=False)))
    if line.count("[") + line.count("{") > DEEPEST and _depth(row) > DEEPEST:
        raise RecordError(f"is nested more than {DEEPEST} deep; expected a flat object")
    found: Row = row
    return found


def _depth(row: Row) -> int:
    """Brackets inside one another."""
    depth, level = 0, list[Any]([row])
    while level:
        depth += 1
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    return depth


def _frame(rows: list[Row], schema: Schema) -> pl.DataFrame:
    known = dtypes(schema)
    if not rows:
        return pl.DataFrame(schema=known)
    names = dict.fromkeys(name for row in rows for name in row)
    return pl.DataFrame([_series(name, [row.get(name) for row in rows], known.get(name)) for name in names])


def _series(name: str, values: list[Any], dtype: Any) -> pl.Series:
    try:
        return pl.Series(name, values, dtype=dtype, strict=dtype is None)
    except (TypeError, OverflowError, pl.exceptions.PolarsError):
        if all(value is None or type(value) in (int, float) for value in values):  # 3 and 4.5 in one column
            return pl.Series(name, values, dtype=pl.Float64, strict=False)
        return pl.Series(name, [None if value is None else json.dumps(value, ensure_ascii=False) for value in values])
