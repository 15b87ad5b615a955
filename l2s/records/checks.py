"""Checks: what is wrong with rows under a schema, one sentence a column or rule.

Kinds are checked on the rows themselves, before any table library may turn one into another; the
schema's rules (ranges, choices, uniqueness, agreement of columns) are checked by pandera on the frame.
"""

import json
import math
from collections.abc import Collection, Iterator
from typing import Any

import pandera.errors
import pandera.polars as pa
import polars as pl

from l2s.core.row import Row

Schema = type[pa.DataFrameModel]

_NUMBERED = ("id", "gold", "answer")
_KINDS = {pl.String: "text", pl.Int64: "a whole number", pl.Float64: "a number", pl.Boolean: "true or false"}
_RULES = {
    "greater_than_or_equal_to": "at least {min_value}",
    "less_than_or_equal_to": "at most {max_value}",
    "greater_than": "more than {min_value}",
    "less_than": "less than {max_value}",
}


def dtypes(schema: Schema) -> dict[str, Any]:
    """Polars type of each column the schema knows."""
    return {name: column.dtype.type for name, column in schema.to_schema().columns.items()}


def in_text(row: Row, schema: Schema) -> Row:
    """The row with names and answers that are numbers as text, as JSON writes them, where the schema wants text."""
    numbers = {
        name: json.dumps(row[name])
        for name in _NUMBERED
        if isinstance(row.get(name), int | float) and _is(row[name], pl.Float64) and name in schema.__annotations__
    }
    return {**row, **numbers} if numbers else row


def wrong_kinds(rows: list[Row], schema: Schema, where: str, added: Collection[str] = ()) -> Iterator[str]:
    """A sentence for each column that is missing, null where it must not be, or of another kind.

    Columns that were ``added`` to those of the file are not named as found there.
    """
    for name, column in schema.to_schema().columns.items():
        lacking = [number for number, row in enumerate(rows, 1) if name not in row]
        if lacking and column.required:
            place = "" if len(lacking) == len(rows) else f" in row {lacking[0]}{_and_more(len(lacking))}"
            there = [found for found in rows[lacking[0] - 1] if found not in added]
            yield f"{where}: column '{name}' is missing{place}; found {', '.join(there) or 'nothing'}"
        odd = [
            (number, row[name]) for number, row in enumerate(rows, 1) if name in row and not _fits(row[name], column)
        ]
        if odd:
            found = f"row {odd[0][0]} holds {_shown(odd[0][1])}{_and_more(len(odd))}"
            yield f"{where}: column '{name}': {found}; expected {_expected(column)}"


def row_faults(row: Row, schema: Schema) -> Iterator[str]:
    """The same for one row, without a place: it is the caller who knows the line."""
    for name, column in schema.to_schema().columns.items():
        if name not in row:
            if column.required:
                yield f"column '{name}' is missing; found {', '.join(row) or 'nothing'}"
        elif not _fits(row[name], column):
            yield f"column '{name}' holds {_shown(row[name])}; expected {_expected(column)}"


def broken_rules(errors: pandera.errors.SchemaErrors, rows: list[Row], schema: Schema, where: str) -> Iterator[str]:
    """A sentence for each rule the frame breaks, with the first row that breaks it."""
    for error in errors.schema_errors:
        if error.reason_code is not None and error.reason_code.name == "DUPLICATES":
            yield f"{where}: {_repeated(rows, schema.to_schema().unique)}"
            continue
        case = error.failure_cases.row(0, named=True)
        if isinstance(error.schema, pa.DataFrameSchema):
            known = {name: value for name, value in case.items() if name in error.schema.columns}
            yield f"{where}: row {_first(rows, known)} breaks the rule: {error.check.error}"
        else:
            name, value = error.schema.name, next(iter(case.values()))
            number = _first(rows, {name: value})
            yield f"{where}: column '{name}': row {number} holds {_shown(value)}; expected {_rule(error.check)}"


def rule_faults(errors: pandera.errors.SchemaErrors, rows: list[Row]) -> dict[int, list[str]]:
    """The rules that single rows break, by the row's number from 0; rules between rows are left out."""
    faults: dict[int, list[str]] = {}
    for error in errors.schema_errors:
        if error.reason_code is not None and error.reason_code.name == "DUPLICATES":
            continue
        held = error.check_output.lazy().collect().to_series()
        for number in (~held.fill_null(True)).arg_true():
            if isinstance(error.schema, pa.DataFrameSchema):
                said = f"it breaks the rule: {error.check.error}"
            else:
                name = error.schema.name
                said = f"column '{name}': it holds {_shown(rows[number][name])}; expected {_rule(error.check)}"
            faults.setdefault(number, []).append(said)
    return faults


def _fits(value: Any, column: Any) -> bool:
    return bool(column.nullable) if value is None else _is(value, column.dtype.type)


def _expected(column: Any) -> str:
    return _KINDS[column.dtype.type] + (" or null" if column.nullable else "")


def _is(value: Any, dtype: Any) -> bool:
    if dtype is pl.Boolean or isinstance(value, bool):
        return dtype is pl.Boolean and isinstance(value, bool)
    if dtype is pl.Int64:
        return isinstance(value, int) and -(2**63) <= value < 2**63
    if dtype is pl.Float64:
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, str)


def _rule(check: Any) -> str:
    if check.name == "isin":
        return f"one of {', '.join(map(str, check.statistics['allowed_values']))}"
    rule = _RULES.get(check.name)
    return rule.format(**check.statistics) if rule else str(check.error or check.name)


def _repeated(rows: list[Row], key: list[str]) -> str:
    seen: dict[tuple[Any, ...], int] = {}
    for number, row in enumerate(rows, 1):
        values = tuple(row[name] for name in key)
        if values in seen:
            same = ", ".join(f"{name} {_shown(value)}" for name, value in zip(key, values, strict=True))
            return f"rows {seen[values]} and {number} are the same {same}; expected one row each"
        seen[values] = number
    raise AssertionError("pandera found a repeated key that is not there")


def _first(rows: list[Row], case: Row) -> int:
    """Number of the first row that holds what ``case`` holds."""
    return next(n for n, row in enumerate(rows, 1) if all(row.get(name) == value for name, value in case.items()))


def _and_more(count: int) -> str:
    return f" (and {count - 1} more row{'s' if count > 2 else ''})" if count > 1 else ""


def _shown(value: Any) -> str:
    return "null" if value is None else f"{value!r:.60}"
