"""Night rows: a verdict without its text; what two nights are compared by."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import pandera.polars as pa

from l2s.core.row import Row
from l2s.records import STATUSES

LENGTH = 16
"""Hex digits of a digest that are kept: equal texts are looked for, no forger is feared."""


class NightRows(pa.DataFrameModel):
    """One row per response of a night."""

    run: str
    benchmark: str
    id: str
    sample: int = pa.Field(ge=0)
    fresh: bool
    """A new sample, drawn from this night's own seed; else the accepted night's seeds."""
    problem: str
    """Digest of the problem and its gold answer: equal, and only then, verdicts can be compared."""
    response: str
    """Digest of the response's text."""
    status: str = pa.Field(isin=STATUSES)
    correct: bool
    tokens: int = pa.Field(ge=0)
    finish: str

    class Config:
        """What names a row."""

        unique = ["run", "benchmark", "id", "sample", "fresh"]


def night_rows(verdicts: Iterable[Row], problems: Mapping[tuple[str, str], str], fresh: bool) -> list[Row]:
    """Verdicts without their texts.

    Args:
        verdicts: under :class:`l2s.records.Verdicts`, with the columns of responses.
        problems: (benchmark, id) to :func:`problem_digest`.
        fresh: new samples.
    """
    return [
        {
            **{name: row[name] for name in ("run", "benchmark", "id", "sample")},
            "fresh": fresh,
            "problem": problems[row["benchmark"], row["id"]],
            "response": short_digest(row["response"]),
            **{name: row[name] for name in ("status", "correct", "tokens", "finish")},
        }
        for row in verdicts
    ]


def problem_digest(problem: Mapping[str, Any]) -> str:
    """Digest of what is asked and what is right."""
    return short_digest(f"{problem['problem']}\0{problem['gold']}")


def short_digest(text: str) -> str:
    """The first digits of the text's SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]
