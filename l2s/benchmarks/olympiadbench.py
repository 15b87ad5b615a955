"""OlympiadBench: open-ended English olympiad mathematics without images (He et al., arXiv 2402.14008)."""

from l2s.benchmarks.source import Hub, Source, made, text_of
from l2s.core.errors import RecordError
from l2s.core.row import Row


def problem(row: Row, number: int, seed: int) -> Row:
    """``context`` and ``question``; gold: ``final_answer``, a list, joined by commas."""
    found = row.get("final_answer")
    answers = [found] if isinstance(found, str) else found
    if not isinstance(answers, list) or not answers or not all(isinstance(answer, str) for answer in answers):
        raise RecordError("'final_answer' is no list of texts")
    context = str(row.get("context") or "").strip()
    question = f"{context}\n{text_of(row, 'question')}".strip()
    gold = ", ".join(answer.strip().rstrip(",") for answer in answers)
    return made(row.get("id", number), question, gold, subject=row.get("subfield"))


SOURCE = Source(
    name="olympiadbench",
    title="OlympiadBench (OE_TO_maths_en_COMP)",
    count=675,
    licence="MIT",
    origin="OpenBMB; the file of the Qwen2.5-Math evaluation has 675 problems, the hub's 674",
    problem=problem,
    hub={"test": Hub("Hothan/OlympiadBench", "OlympiadBench/OE_TO_maths_en_COMP/OE_TO_maths_en_COMP.parquet", None)},
)
