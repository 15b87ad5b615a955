"""JSONL in, JSONL out, each row under a schema; unknown columns pass through untouched.

Rows are plain dictionaries where one is handled at a time, a polars frame where columns are.
A line that is not a JSON object, a missing column and a value of the wrong kind are all one
sentence naming file, line and column.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandera.errors
import pandera.polars as pa
import polars as pl

from l2s.errors import RecordError
from l2s.files import replacing

Row = dict[str, Any]
Schema = type[pa.DataFrameModel]


def read_rows(path: Path, schema: Schema | None = None) -> list[Row]:
    """All rows of a JSONL file as dictionaries, checked against ``schema``.

    Lone surrogates (legal in JSON, not in UTF-8) become U+FFFD, so that every row can be written again.
    """
    if not path.is_file():
        raise RecordError(f"{path}: no such file; expected JSONL, one row a line")
    rows = []
    with open(path, encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                rows.append(_parse(line, path, number))
    if schema is not None:
        table_of(rows, schema, str(path))
    return rows


def read_table(path: Path, schema: Schema) -> pl.DataFrame:
    """A JSONL file as a checked polars frame."""
    return table_of(read_rows(path), schema, str(path))


def table_of(rows: Iterable[Row], schema: Schema, where: str) -> pl.DataFrame:
    """Rows as a frame, checked against ``schema``; ``where`` names the rows in errors.

    Raises:
        RecordError: names the first offending row (counted from 1) and column of each failed check.
    """
    rows = list(rows)
    columns = {name: field.dtype.type for name, field in schema.to_schema().columns.items()}
    try:
        frame = pl.DataFrame(rows, infer_schema_length=None, strict=False) if rows else pl.DataFrame(schema=columns)
        empty = [name for name in frame.columns if frame.schema[name] == pl.Null and name in columns]
        return schema.validate(frame.with_columns(pl.col(name).cast(columns[name]) for name in empty), lazy=True)
    except pandera.errors.SchemaErrors as errors:
        raise RecordError("; ".join(_sentences(errors, rows, where))) from None


def write_rows(path: Path, rows: Iterable[Row], schema: Schema | None = None) -> None:
    """Write rows as JSONL, atomically, after checking them; keys stay in the order given."""
    rows = list(rows)
    if schema is not None:
        table_of(rows, schema, str(path))
    with replacing(path) as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n")


def _parse(line: str, path: Path, number: int) -> Row:
    try:
        row = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        raise RecordError(f"{path}: line {number} is not JSON ({error}); expected one object a line") from None
    if not isinstance(row, dict):
        raise RecordError(f"{path}: line {number} is a {type(row).__name__}; expected a JSON object")
    if "\\ud" in line.lower():
        cleaned: Row = json.loads(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace"))
        return cleaned
    return row


def _sentences(errors: pandera.errors.SchemaErrors, rows: list[Row], where: str) -> list[str]:
    """One sentence a failed check: where, what was found, what was expected."""
    sentences = []
    for error in errors.schema_errors:
        column = getattr(error.schema, "name", None) or "rows"
        if error.reason_code.name == "COLUMN_NOT_IN_DATAFRAME":
            found = f"; found columns {', '.join(rows[0])}" if rows else ""
            sentences.append(f"{where}: column '{error.failure_cases}' is missing{found}")
        elif error.reason_code.name == "WRONG_DATATYPE":
            kind = error.check.split("(")[-1].strip("')") if isinstance(error.check, str) else error.check
            sentences.append(f"{where}: column '{column}' is not {_plain(kind)} in every row{_first_odd(rows, column)}")
        else:
            sentences.append(f"{where}: column '{column}' fails {error.check}{_first_bad(error)}")
    return list(dict.fromkeys(sentences))


def _plain(kind: Any) -> str:
    return {"String": "text", "Int64": "a whole number", "Float64": "a number", "Boolean": "true or false"}.get(
        str(kind), str(kind)
    )


def _first_odd(rows: list[Row], column: str) -> str:
    """Where the kind of a column's values first changes, which is usually the culprit."""
    kinds = [type(row.get(column)) for row in rows]
    for number, kind in enumerate(kinds, 1):
        if kind is not max(set(kinds), key=kinds.count) or len(set(kinds)) == 1:
            return f"; row {number} holds {rows[number - 1].get(column)!r:.60}"
    return ""


def _first_bad(error: pandera.errors.SchemaError) -> str:
    cases = error.failure_cases
    if isinstance(cases, pl.DataFrame) and cases.height:
        index = cases.get_column("index")[0] if "index" in cases.columns else None
        shown = {key: value for key, value in cases.row(0, named=True).items() if key != "index"}
        value = next(iter(shown.values())) if len(shown) == 1 else shown
        return f"; first at row {index + 1}: {value!r:.80}" if index is not None else f"; found {value!r:.80}"
    return ""
