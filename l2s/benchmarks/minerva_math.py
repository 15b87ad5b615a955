r"""Minerva Math (OCWCourses): 272 undergraduate problems (Lewkowycz et al., arXiv 2206.14858)."""

from l2s.benchmarks.source import Hub, Source, gold_of, made, text_of
from l2s.core.row import Row


def problem(row: Row, number: int, seed: int) -> Row:
    r"""``problem`` (or ``question``); gold: ``answer``, or else the last ``\boxed{…}`` of ``solution``."""
    gold, course = gold_of(row), str(row.get("type") or "").split(" (")[0]
    return made(row.get("idx", number), text_of(row, "problem", "question"), gold, subject=course)


SOURCE = Source(
    name="minerva_math",
    title="Minerva Math",
    count=272,
    licence="CC BY-NC-SA 4.0 (MIT OpenCourseWare)",
    origin="Lewkowycz et al., from MIT OpenCourseWare",
    problem=problem,
    hub={"test": Hub("math-ai/minervamath", "test.jsonl", None)},
)
