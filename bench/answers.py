"""Answers to judge: the public battery, the pipeline's own verdicts, published gold answers and real responses."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from l2s.benchmarks import SOURCES, BenchmarkParams, write_problems
from l2s.records import read_rows
from l2s.verification import extract_answer

OWN = Path("data/verdicts")


@dataclass(frozen=True)
class Pair:
    """A gold answer, an answer, and whether they are equal, where that is known."""

    gold: str
    answer: str
    equal: bool | None = None


def files(data: Path | None) -> Iterator[tuple[str, list[Pair]]]:
    """Name and distinct pairs of each file that is at hand, in a fixed order."""
    yield "battery", battery()
    if own := [pair for path in sorted(OWN.glob("*.jsonl")) for pair in _graded(path)]:
        yield "pipeline's verdicts", list(dict.fromkeys(own))
    if data is None:
        return
    for path in sorted((data / "responses").glob("*.jsonl")):
        yield f"responses: {path.stem}", list(dict.fromkeys(_responses(path)))
    for name in SOURCES:
        path = data / ("gsm8k_test.jsonl" if name == "gsm8k" else f"{name}.jsonl")
        if path.is_file():
            golds = _golds(name, path)
            yield f"{name}: itself", [Pair(gold, gold, True) for gold in dict.fromkeys(golds)]
            beside = [Pair(*pair) for pair in zip(golds, golds[1:] + golds[:1], strict=True)]
            yield f"{name}: the next", list(dict.fromkeys(beside))


def battery() -> list[Pair]:
    """The public battery, without the kinds made to be stopped."""
    from tests.verification.battery import PAIRS

    return [Pair(pair.gold, pair.answer, pair.equal) for pair in PAIRS if pair.kind != "hostile"]


def _graded(path: Path) -> list[Pair]:
    return [Pair(row["gold"], row["answer"]) for row in read_rows(path) if row.get("answer") and "gold" in row]


def _responses(path: Path) -> Iterator[Pair]:
    for row in read_rows(path):
        answer = extract_answer(row["response"])
        if answer:
            yield Pair(str(row["gold"]), answer)


def _golds(name: str, path: Path) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "problems.jsonl"
        write_problems(name, BenchmarkParams(source=name, path=path), out)
        return [row["gold"] for row in read_rows(out)]
