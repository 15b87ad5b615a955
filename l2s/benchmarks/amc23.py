"""AMC 2023: 40 problems of AMC 12 whose answers were made free-form."""

from l2s.benchmarks.source import Hub, Source, made, text_of
from l2s.core.row import Row


def problem(row: Row, number: int, seed: int) -> Row:
    """``problem`` or ``question``, and ``answer``, a float where it is whole, which is written as an integer."""
    return made(row.get("id", number), text_of(row, "problem", "question"), text_of(row, "answer"))


SOURCE = Source(
    name="amc23",
    title="AMC 2023",
    count=40,
    licence="problems © MAA, no licence granted by it; a copy declares Apache-2.0",
    origin="MAA, AMC 12A and 12B 2023",
    problem=problem,
    hub={"test": Hub("math-ai/amc23", "test-00000-of-00001.parquet", "80815d37005feb82cd7f8fbc6901d5d3eff43057")},
)
