"""A benchmark, as params.yaml names it, to one JSONL file of problems."""

import hashlib
import json
import random
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from l2s.benchmarks.arithmetic import EVEN, LEVELS, problem_rows
from l2s.benchmarks.published import hub_file, published_rows
from l2s.benchmarks.source import Hub, Source
from l2s.benchmarks.sources import SOURCES
from l2s.core.errors import ConfigError, RecordError
from l2s.core.params import Params, nearest
from l2s.core.row import Row
from l2s.core.seeds import seed_for

_OWN = ("arithmetic", "file", "jsonl")
_DIGITS = 12
Weight = Annotated[float, Field(ge=0, le=100)]


class ProblemParams(Params):
    """Problems: of the embedded graded arithmetic, of a published benchmark, or of the user's own."""

    source: str
    """``arithmetic``; ``gsm8k``, ``math500`` and the others of :data:`~l2s.benchmarks.sources.SOURCES`; ``jsonl``."""
    split: Literal["train", "validation", "test", "search"] = "test"
    """Of ``arithmetic``: train; validation, to choose on; test, to report on; search, for searches. Of ``gsm8k``: train
    or test."""
    per_level: int = Field(100, ge=1, le=10_000)
    """Of ``arithmetic``: problems of each of the five levels."""
    seed: int = 0
    """Which problems are drawn (``arithmetic``, ``sample``), and the order of choices (``gpqa``)."""
    path: Path | None = None
    """A local file: of ``jsonl``, rows with ``id``, ``problem``, ``gold``; of a published benchmark, its usual form."""
    revision: str | None = None
    """Of a published benchmark: another commit of its data set on the hub than the one we pin."""
    levels: list[int] | None = Field(None, min_length=1)
    """Problems of these levels only."""
    subjects: list[str] | None = Field(None, min_length=1)
    """Problems of these subjects only."""
    sample: int | None = Field(None, ge=1)
    """So many of them, drawn from the seed, in the order they stand in."""
    limit: int | None = Field(None, ge=1)
    """The first so many of what is left."""

    @field_validator("source")
    @classmethod
    def _exists(cls, found: str) -> str:
        known = [*_OWN, *SOURCES]
        if found not in known:
            raise ValueError(f"no benchmark has this name{nearest(found, known)}")
        return found

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """What one source takes and another does not."""
        if self.source in ("file", "jsonl") and self.path is None:
            raise ValueError(f"source {self.source} takes a path, to JSONL rows with id, problem and gold")
        if self.source == "arithmetic" and self.path is not None:
            raise ValueError("source arithmetic takes no path")
        published = SOURCES.get(self.source)
        if published is not None and self.path is None:
            takes = f"source {self.source} takes a path"
            if not published.hub:
                raise ValueError(f"{takes}, to a file of yours: it is not fetched (licence: {published.licence})")
            pinned = published.hub.get(self.split)
            if pinned is None:
                raise ValueError(f"{self.source} has split {' or '.join(published.hub)}, not {self.split}")
            if pinned.revision is None and self.revision is None:
                raise ValueError(f"{takes}, or a revision of {pinned.repository}")
        if self.revision is not None and (published is None or self.path is not None):
            raise ValueError("a revision is of a published benchmark's data set on the hub, and stands without a path")
        return self

    @property
    def drawn(self) -> int:
        """Of ``arithmetic``: problems of all levels together."""
        return sum(round(self.per_level * weight) for weight in self.weights)

    @property
    def weights(self) -> tuple[float, ...]:
        """Of ``arithmetic``: what ``per_level`` is multiplied with, by level."""
        weights: tuple[float, ...] = getattr(self, "level_weights", EVEN)
        return weights

    @property
    def named(self) -> str:
        """What problems that are no benchmark of params.yaml are known by: where they come from."""
        return self.path.stem if self.path is not None else f"{self.source}-{self.split}"

    def at_most(self) -> int | None:
        """How many problems there are at most, as far as that is known before they are read."""
        count = None
        if self.source == "arithmetic":
            count = self.per_level * len(set(LEVELS).intersection(self.levels or LEVELS))
        elif self.path is not None and self.path.is_file() and self.source in _OWN:
            from l2s.records.lines import numbered_lines  # whose package loads tables, which settings do without

            count = sum(1 for _, line in numbered_lines(self.path) if line.strip())
        elif self.path is None and self.split == "test":
            count = SOURCES[self.source].count
        return min((most for most in (count, self.sample, self.limit) if most is not None), default=None)


class TrainingProblems(ProblemParams):
    """Problems to learn from: by default of the embedded arithmetic, those that no benchmark holds."""

    source: str = "arithmetic"
    split: Literal["train", "validation", "test", "search"] = "train"
    level_weights: tuple[Weight, Weight, Weight, Weight, Weight] = EVEN
    """Of ``arithmetic``: ``per_level`` is multiplied with these; hard problems are where something is left to learn."""

    @field_validator("level_weights")
    @classmethod
    def _some(cls, found: tuple[float, ...]) -> tuple[float, ...]:
        if not any(found):
            raise ValueError("all are 0, which leaves no problem; expected five weights, e.g. [0.6, 0.7, 1, 1.7, 2]")
        return found


class BenchmarkParams(ProblemParams):
    """Problems that runs are measured on: none that the embedded models were trained on."""

    @model_validator(mode="after")
    def _is_not_trained_on(self) -> Self:
        if self.source == "arithmetic" and self.split == "train":
            raise ValueError(
                "a benchmark of source arithmetic has split validation, test or search; train is for training"
            )
        return self


def write_problems(name: str, params: ProblemParams, out: Path, where: str | None = None) -> int:
    """Write the problems of a benchmark, or others that are called ``name``; return their number.

    Every row has ``benchmark_digest``, the start of a digest of all that is asked and its gold answers; it
    travels with the problem's other columns into responses and verdicts.

    Raises:
        RecordError: the file's rows break the schema or are not of the benchmark's form; or it cannot be had.
        ConfigError: no problem is left.
    """
    from l2s.records import Problems, write_rows

    rows = _subset([{**row, "benchmark": name} for row in _problems(name, params)], params)
    if not rows:
        place = where or f"benchmarks.{name}"
        raise ConfigError(f"{place}: no problem has levels {params.levels} and subjects {params.subjects}")
    digest = problems_digest(rows)
    write_rows(out, [{"benchmark": name, **row, "benchmark_digest": digest} for row in rows], Problems)
    return len(rows)


def problems_digest(rows: list[Row]) -> str:
    """Twelve hexadecimal digits of the SHA-256 of every problem's id, text and gold answer, in order."""
    found = hashlib.sha256()
    for row in rows:
        found.update(json.dumps([row.get(key) for key in ("id", "problem", "gold")], ensure_ascii=False).encode())
    return found.hexdigest()[:_DIGITS]


def _problems(name: str, params: ProblemParams) -> list[Row]:
    if params.source == "arithmetic":
        return problem_rows(name, params.seed, params.split, params.per_level, params.weights)
    if params.source in SOURCES:
        return _published(SOURCES[params.source], params)
    assert params.path is not None
    return own_problems(name, params.path)


def own_problems(name: str, path: Path) -> list[Row]:
    """Problems of the user's own file.

    Raises:
        RecordError: it breaks the schema, or holds no problem; names that file, not one of ours.
    """
    from l2s.records import Problems, in_text, read_rows, table_of

    rows = [in_text({**row, "benchmark": name}, Problems) for row in read_rows(path)]
    if not rows:
        raise RecordError(f"{path}: holds no problem; expected rows of JSON with id, problem and gold")
    table_of(rows, Problems, str(path), added=("benchmark",))
    return rows


def _published(source: Source, params: ProblemParams) -> list[Row]:
    path = params.path
    if path is None:
        pinned = source.hub[params.split]
        path = hub_file(Hub(pinned.repository, pinned.file, params.revision or pinned.revision))
    rows = []
    for number, row in enumerate(published_rows(path)):
        try:
            rows.append(source.problem(row, number, params.seed))
        except RecordError as error:
            raise RecordError(f"{path}: row {number + 1} is not of {source.title}'s form: {error}") from None
    if not rows:
        raise RecordError(f"{path}: holds no problem; expected rows of {source.title}'s form")
    return rows


def _subset(rows: list[Row], params: ProblemParams) -> list[Row]:
    if params.levels is not None:
        rows = [row for row in rows if row.get("level") in params.levels]
    if params.subjects is not None:
        wanted = {subject.lower() for subject in params.subjects}
        rows = [row for row in rows if str(row.get("subject")).lower() in wanted]
    if params.sample is not None and params.sample < len(rows):
        drawn = random.Random(seed_for(params.seed, "benchmark", "sample")).sample(range(len(rows)), params.sample)
        rows = [rows[place] for place in sorted(drawn)]
    return rows[: params.limit]
