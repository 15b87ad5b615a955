"""The study's own tables (arXiv:2503.20641), and what follows from them by arithmetic alone."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from l2s.analysis.results.differences import newcombe
from l2s.analysis.statistics.accuracy import Interval, wilson

SIZES = ("1.5B", "7B", "14B", "32B")


@dataclass(frozen=True)
class StudyRow:
    """One method at one size; numbers as printed (percent, mean tokens)."""

    size: str
    method: str
    group: str
    """``quick``, ``slow``, ``training``, ``task_vector``, ``svd`` or ``activation``."""
    benchmarks: dict[str, dict[str, float]]
    """Benchmark to ``accuracy``, ``tokens``, and where printed ``reflective`` (responses), ``keywords``."""
    avg_accuracy: float | None = None
    avg_length_change: float | None = None

    @property
    def merged(self) -> bool:
        """Whether it is a merge."""
        return self.group in ("task_vector", "svd", "activation")


@dataclass(frozen=True)
class Recomputed:
    """A printed average and what its own row gives."""

    size: str
    method: str
    column: str
    printed: float
    computed: float
    """Unweighted mean over benchmarks: of accuracies, or of relative changes of length; percent."""

    @property
    def reproduced(self) -> bool:
        """Whether the two agree to the printed digit."""
        return abs(self.printed - self.computed) <= 0.0501


@lru_cache(maxsize=1)
def tables() -> dict[str, Any]:
    """The embedded file, as it stands."""
    content: dict[str, Any] = json.loads(
        files("l2s.analysis.findings").joinpath("study_tables.json").read_text("utf-8")
    )
    return content


def study_rows(size: str) -> list[StudyRow]:
    """All methods of one size."""
    return [StudyRow(size=size, **row) for row in tables()["tables"][size]["rows"]]


def study_row(size: str, method: str) -> StudyRow:
    """One method; ``slow`` names the reasoning model."""
    return next(row for row in study_rows(size) if method in (row.method, row.group))


def mean_accuracy(row: StudyRow) -> float:
    """The study's Avg: unweighted over benchmarks, percent."""
    return sum(cell["accuracy"] for cell in row.benchmarks.values()) / len(row.benchmarks)


def length_change(row: StudyRow) -> float:
    """The study's Avg of lengths: unweighted mean of the benchmarks' relative changes against R1, percent."""
    slow = study_row(row.size, "slow").benchmarks
    changes = [cell["tokens"] / slow[name]["tokens"] - 1 for name, cell in row.benchmarks.items()]
    return 100 * sum(changes) / len(changes)


def recomputed() -> Iterator[Recomputed]:
    """Every printed average beside what its row gives."""
    for size in SIZES:
        for row in study_rows(size):
            if row.avg_accuracy is not None:
                yield Recomputed(size, row.method, "accuracy", row.avg_accuracy, mean_accuracy(row))
            if row.avg_length_change is not None:
                yield Recomputed(size, row.method, "length", row.avg_length_change, length_change(row))
    for row in tables()["reflective_share_7B"]["rows"]:
        shares = row["benchmarks"].values()
        yield Recomputed("7B", row["method"], "reflective", row["avg"], sum(shares) / len(shares))


def pooled_accuracy(row: StudyRow, confidence: float) -> Interval:
    """Share of all problems answered rightly, with Wilson's interval."""
    problems = tables()["problems"]
    right = sum(cell["accuracy"] / 100 * problems[name] for name, cell in row.benchmarks.items())
    return wilson(right, sum(problems[name] for name in row.benchmarks), confidence)


def pooled_difference(row: StudyRow, other: StudyRow, confidence: float) -> Interval:
    """The difference of two rows' pooled accuracies; unpaired, as only shares are printed."""
    return newcombe(pooled_accuracy(row, confidence), pooled_accuracy(other, confidence))


def reflective_share(row: StudyRow, benchmark: str) -> float | None:
    """Share of reflective responses, where printed."""
    count = row.benchmarks[benchmark].get("reflective")
    return None if count is None else count / float(tables()["problems"][benchmark])
