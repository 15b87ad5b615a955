"""Samples: graded responses, as training data are made from them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from l2s.core.errors import RecordError
from l2s.core.row import Row

COLUMNS: dict[str, type] = {
    "id": str, "sample": int, "problem": str, "prompt": str, "response": str,
    "correct": bool, "finish": str, "tokens": int,
}  # fmt: skip
"""What a row must have; others are ignored."""
SHOWN = 3


@dataclass(frozen=True)
class Sample:
    """One response of a model to a problem."""

    id: str
    sample: int
    problem: str
    prompt: str
    response: str
    right: bool
    """Graded right, and ended by itself: a truncated response is wrong whatever number stands in it."""
    tokens: int
    level: Any = None
    """The problem's difficulty, where it has one."""


def read_samples(path: Path) -> list[Sample]:
    """The samples of a file of verdict rows.

    Raises:
        RecordError: no such file; rows lack columns or hold other values there.
    """
    from l2s.records import read_rows

    return samples_of(read_rows(path), str(path))


def samples_of(rows: Iterable[Row], where: str) -> list[Sample]:
    """Verdict rows as samples; ``where`` names them in errors."""
    rows = list(rows)
    if wrong := [said for number, row in enumerate(rows, 1) for said in _wrong(row, number)]:
        more = f"; and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise RecordError(
            f"{where}: {'; '.join(wrong[:SHOWN])}{more}; expected graded responses, as 'l2s sample' writes"
        )
    return [_sample(row) for row in rows]


def _wrong(row: Row, number: int) -> Sequence[str]:
    absent = [key for key in COLUMNS if key not in row]
    odd = [key for key, kind in COLUMNS.items() if key in row and type(row[key]) is not kind]
    told = [f"row {number} lacks {', '.join(absent)}"] if absent else []
    told += [f"row {number}: {key} is {row[key]}, which is less than 0" for key in ("sample", "tokens")
             if key not in [*absent, *odd] and row[key] < 0]  # fmt: skip
    return told + [f"row {number}: {key} is {row[key]!r:.40}, expected {COLUMNS[key].__name__}" for key in odd]


def _sample(row: Row) -> Sample:
    right = row["correct"] and row["finish"] == "stop"
    kept = {key: row[key] for key in ("id", "sample", "problem", "prompt", "response", "tokens")}
    return Sample(**kept, right=right, level=row.get("level"))
