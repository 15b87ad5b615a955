"""GSM8K: grade-school word problems (Cobbe et al., arXiv 2110.14168); the gold answer follows ``####``."""

from l2s.benchmarks.source import Hub, Source, made, text_of
from l2s.core.errors import RecordError
from l2s.core.row import Row


def problem(row: Row, number: int, seed: int) -> Row:
    """``question`` and ``answer``, a worked solution that ends in ``#### 1,234``."""
    solution = text_of(row, "answer")
    _, mark, gold = solution.rpartition("####")
    if not mark or not gold.strip():
        raise RecordError("'answer' holds no '####' with the gold answer behind it")
    return made(number, text_of(row, "question"), gold.strip().replace(",", ""))


_REVISION = "cc7b047b6e5bb11b4f1af84efc572db110a51b3c"
SOURCE = Source(
    name="gsm8k",
    title="GSM8K",
    count=1319,
    licence="MIT",
    origin="OpenAI, grade-school-math",
    problem=problem,
    hub={
        "test": Hub("openai/gsm8k", "main/test-00000-of-00001.parquet", _REVISION),
        "train": Hub("openai/gsm8k", "main/train-00000-of-00001.parquet", _REVISION),
    },
)
