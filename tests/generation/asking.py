"""Problems put to a model in a folder, through the store beside them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from l2s.core.row import Row
from l2s.generation.controls.union import parse_control
from l2s.generation.generate import Counts, Run, generate_responses
from l2s.generation.settings import DecodingParams, PromptParams, SamplingParams
from l2s.records import Responses, read_rows, write_rows


def coins(count: int) -> list[str]:
    """So many questions."""
    return [f"Tom has {n} coins. Sam has 3 more than Tom. How many coins does Sam have?" for n in range(count)]


def write_problems(path: Path, questions: Sequence[str]) -> Path:
    rows = [
        {"benchmark": "b", "id": str(n), "problem": text, "gold": str(n + 3), "level": 1}
        for n, text in enumerate(questions)
    ]
    write_rows(path, rows)
    return path


def ask(
    model: Path, folder: Path, questions: Sequence[str], block: Mapping[str, Any] | None = None,
    prompt: PromptParams = PromptParams(), weights: str = "w", **sampling: Any,
) -> tuple[Counts, list[Row]]:  # fmt: skip
    """Answers under a control, in ``out.jsonl``; other models lie in ``folder`` too."""
    decoding = DecodingParams(
        engine="transformers", prompt=prompt, sampling=SamplingParams(**{"max_tokens": 24, **sampling})
    )
    run = Run("r", decoding, parse_control(dict(block or {}), "control"), folder)
    problems = [write_problems(folder / "p.jsonl", questions)]
    counts = generate_responses(model, weights, problems, folder / "out.jsonl", run, folder / "store.sqlite")
    return counts, read_rows(folder / "out.jsonl", Responses)
