"""AIME 2024 and 2025: 30 contest problems a year, answers 0 to 999."""

from l2s.benchmarks.source import Hub, Source, made, text_of
from l2s.core.row import Row

_LICENCE = "problems © MAA, no licence granted by it; copies declare Apache-2.0"


def problem(row: Row, number: int, seed: int) -> Row:
    """``problem`` (or ``question``, or the capitalised names of one copy) and ``answer``."""
    identity = row.get("id", row.get("ID", number))
    return made(identity, text_of(row, "problem", "question", "Problem"), text_of(row, "answer", "Answer"))


AIME24 = Source(
    name="aime24",
    title="AIME 2024",
    count=30,
    licence=_LICENCE,
    origin="MAA, AIME I and II 2024",
    problem=problem,
    hub={
        "test": Hub(
            "HuggingFaceH4/aime_2024", "data/train-00000-of-00001.parquet", "2fe88a2f1091d5048c0f36abc874fb997b3dd99a"
        )
    },
)
AIME25 = Source(
    name="aime25",
    title="AIME 2025",
    count=30,
    licence=_LICENCE,
    origin="MAA, AIME I and II 2025",
    problem=problem,
    hub={"test": Hub("math-ai/aime25", "test.jsonl", "563bb8404243c5f09de6ec262f2db674fe5bce9b")},
)
