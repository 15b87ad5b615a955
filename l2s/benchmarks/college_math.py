"""CollegeMath: exercises of nine open textbooks (Tang et al., MathScale, arXiv 2403.02884)."""

from l2s.benchmarks.source import Source, made, text_of
from l2s.core.row import Row


def problem(row: Row, number: int, seed: int) -> Row:
    """``question`` and ``answer``; subject: ``data_topic`` without its prefix."""
    topic = str(row.get("data_topic") or "").rpartition(".")[2]
    return made(number, text_of(row, "question", "problem"), text_of(row, "answer"), subject=topic)


SOURCE = Source(
    name="college_math",
    title="CollegeMath",
    count=2818,
    licence="per item: CC BY, CC BY-SA, CC BY-NC-SA (about 809 items), GFDL",
    origin="Tang et al., from open textbooks; the file of the Qwen2.5-Math evaluation",
    problem=problem,
)
