"""Published: a benchmark's file in the form it was published in, as rows."""

import csv
from pathlib import Path

from l2s.core.errors import RecordError
from l2s.core.row import Row


def published_rows(path: Path) -> list[Row]:
    """Rows of a JSONL, CSV or Parquet file, by its ending (JSONL for any other).

    Raises:
        RecordError: there is no such file, or it is not of its kind.
    """
    if not path.is_file():
        raise RecordError(f"{path}: no such file; expected the benchmark as JSONL, CSV or Parquet")
    if path.suffix == ".csv":
        try:
            with open(path, encoding="utf-8-sig", newline="") as file:
                return [dict(row) for row in csv.DictReader(file)]
        except (UnicodeDecodeError, csv.Error) as error:
            raise RecordError(f"{path}: no CSV in UTF-8: {error}") from None
    if path.suffix == ".parquet":
        import polars as pl

        try:
            return pl.read_parquet(path).to_dicts()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise RecordError(f"{path}: no Parquet file: {str(error).splitlines()[0]}") from None
    from l2s.records import read_rows

    return read_rows(path)
