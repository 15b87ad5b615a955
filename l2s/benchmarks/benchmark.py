"""A benchmark, as params.yaml names it, to one JSONL file of problems."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from l2s.benchmarks.arithmetic import problem_rows
from l2s.errors import ConfigError
from l2s.params import Params
from l2s.records import Problems, read_rows, write_rows


class BenchmarkParams(Params):
    """The embedded graded arithmetic, or problems of the user's own."""

    source: Literal["arithmetic", "file"]
    split: Literal["validation", "test"] = "test"
    """Of ``arithmetic``: problems to choose on, or to report on. No model is trained on either."""
    per_level: int = Field(100, ge=1)
    """Of ``arithmetic``: problems of each of the five levels."""
    seed: int = 0
    """Of ``arithmetic``: which problems are drawn."""
    path: Path | None = None
    """Of ``file``: JSONL with ``id``, ``problem``, ``gold``; ``level`` and ``subject`` may be there."""
    limit: int | None = Field(None, ge=1)
    """The first so many problems only."""

    def model_post_init(self, _: object) -> None:
        """A file needs its path."""
        if self.source == "file" and self.path is None:
            raise ValueError("source file takes a path, to JSONL rows with id, problem and gold")


def write_problems(name: str, params: BenchmarkParams, out: Path) -> int:
    """Write the problems of a benchmark; return their number.

    Raises:
        RecordError: the file's rows break the schema.
    """
    if params.source == "arithmetic":
        rows = problem_rows(name, params.seed, params.split, params.per_level)
    else:
        if params.path is None:
            raise ConfigError(f"benchmarks.{name}: source file takes a path")
        rows = [{**row, "benchmark": name} for row in read_rows(params.path)]
    rows = rows[: params.limit]
    write_rows(out, rows, Problems)
    return len(rows)
