"""Runs that stand on one another in a plot."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

Row = TypeVar("Row", bound=Mapping[str, Any])

CROWD, NEAR = 4, 0.08
"""So many runs within this share of both axes are shown once more, close up."""


def crowd(rows: Sequence[Row], first: str | None) -> list[Row]:
    """The runs around the one with most others near it, ``first`` before equals; none if they are few."""
    wide = NEAR * max(1e-9, max(row["tokens"] for row in rows) - min(row["tokens"] for row in rows))
    high = NEAR * max(1e-9, max(row["accuracy"] for row in rows) - min(row["accuracy"] for row in rows))
    circles = [
        [o for o in rows if abs(o["tokens"] - row["tokens"]) <= wide and abs(o["accuracy"] - row["accuracy"]) <= high]
        for row in sorted(rows, key=lambda row: (row["run"] != first, row["run"]))
    ]
    largest = max(circles, key=len)
    return largest if CROWD <= len(largest) < len(rows) else []
