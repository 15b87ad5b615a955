"""Tables for people and spreadsheets: CSV text, and numbers with as many digits as are worth writing."""

import json
from typing import Any

import polars as pl

from l2s.core.row import Row
from l2s.core.shown import plain_cell

DIGITS = 10


def csv_text(rows: list[Row], columns: tuple[str, ...]) -> str:
    """Rows under a header that is always whole, also where no row has a value for a column or there is no row."""
    cells = [{name: _cell(row.get(name)) for name in columns} for row in rows]
    return frame_text(pl.DataFrame(cells, schema=columns, infer_schema_length=None))


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value


def frame_text(frame: pl.DataFrame) -> str:
    """A frame as CSV."""
    return frame.with_columns(pl.col(pl.String).map_elements(plain_cell, return_dtype=pl.String)).write_csv()


def rounded(value: Any) -> Any:
    """A value with every number in it rounded to so many significant digits."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, (list, tuple)) else value
