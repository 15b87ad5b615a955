r"""MATH500: the 500 problems of MATH that PRM800K held out (arXiv 2103.03874, 2305.20050)."""

from l2s.benchmarks.source import Hub, Source, gold_of, made, text_of
from l2s.core.row import Row


def problem(row: Row, number: int, seed: int) -> Row:
    r"""``problem``; ``answer``, or else the last ``\boxed{…}`` of ``solution``; ``level`` as 3 or "Level 3"."""
    gold = gold_of(row)
    identity = text_of(row, "unique_id") if row.get("unique_id") else number
    subject = row.get("subject") or row.get("type")
    return made(identity, text_of(row, "problem"), gold, _level(row.get("level")), subject)


def _level(found: object) -> int | None:
    digits = "".join(sign for sign in str(found) if sign.isdigit())
    return int(digits) if digits else None


SOURCE = Source(
    name="math500",
    title="MATH500",
    count=500,
    licence="MIT (hendrycks/math, openai/prm800k)",
    origin="Hendrycks et al.; the split of Lightman et al.",
    problem=problem,
    hub={"test": Hub("HuggingFaceH4/MATH-500", "test.jsonl", "6e4ed1a2a79af7d8630a6b768ec859cb5af4d3be")},
)
