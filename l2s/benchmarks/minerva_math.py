r"""Minerva Math (OCWCourses): 272 undergraduate problems (Lewkowycz et al., arXiv 2206.14858)."""

from l2s.benchmarks.source import Hub, Source, last_box, made, text_of
from l2s.core.errors import RecordError
from l2s.core.row import Row


def problem(row: Row, number: int, seed: int) -> Row:
    r"""``problem`` (or ``question``); gold: ``answer``, or else the last ``\boxed{…}`` of ``solution``."""
    gold = text_of(row, "answer") if row.get("answer") else last_box(text_of(row, "solution"))
    if not gold:
        raise RecordError(r"neither an 'answer' nor a \boxed{…} in 'solution'")
    course = row.get("type")
    subject = str(course).split(" (")[0] if course else None
    return made(str(row.get("idx", number)), text_of(row, "problem", "question"), gold, subject=subject)


SOURCE = Source(
    name="minerva_math",
    title="Minerva Math",
    count=272,
    licence="CC BY-NC-SA 4.0 (MIT OpenCourseWare)",
    origin="Lewkowycz et al., from MIT OpenCourseWare",
    problem=problem,
    hub={"test": Hub("math-ai/minervamath", "test.jsonl", None)},
    errata=(
        "some gold answers are code, not LaTeX (np.arcsin(10/13), -1./3)",
        "some are rounded to two digits, so that a more precise answer does not equal them",
    ),
)
