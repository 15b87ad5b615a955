"""What a training reads, in one folder: the samples that it names, its problems, and those that it is chosen on.

The folder changes with these alone, so that a training is done again when something that it reads has changed, and
not when other samples or benchmarks have.
"""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from l2s.benchmarks import ProblemParams, write_problems
from l2s.benchmarks.contamination import normalised, refuse_contamination
from l2s.core.errors import ConfigError, RecordError
from l2s.core.files import replacing
from l2s.core.row import Row
from l2s.records import read_rows
from l2s.training.settings import RolloutParams, TrainingParams


class Gathered(NamedTuple):
    """Where it lies."""

    samples: dict[str, Path]
    """By the names that the training knows them by."""
    problems: Path | None
    """To answer while it trains."""
    validation: Path | None
    """To look at while it trains."""

    @property
    def learned_from(self) -> list[Path]:
        """Everything whose problems the training learns from."""
        return [*self.samples.values(), *([self.problems] if self.problems else [])]


def places(settings: TrainingParams, folder: Path) -> Gathered:
    """Where a training's material lies in a folder that :func:`gather` wrote."""
    asked = _asked(settings)
    return Gathered(
        {name: folder / "samples" / f"{name}.jsonl" for name in dict.fromkeys(settings.sources)},
        *(folder / f"{key}.jsonl" if key in asked else None for key in ("problems", "validation")),
    )


def _asked(settings: TrainingParams) -> dict[str, ProblemParams]:
    """The problems that a training answers, and those that it looks at to choose, as far as it has any."""
    found = dict[str, ProblemParams]()
    if isinstance(settings, RolloutParams):
        found["problems"] = settings.problems
    if settings.validation is not None:
        found["validation"] = settings.validation.problems
    return found


def gather(settings: TrainingParams, samples: Mapping[str, Path], folder: Path, where: str) -> Gathered:
    """Copy the samples that a training names, and draw its problems, into ``folder``.

    Raises:
        RecordError: samples are not there.
        ConfigError: no problem is left; ``where`` names the training's block.
    """
    for name, place in places(settings, folder).samples.items():
        if not samples[name].is_file():
            raise RecordError(f"{samples[name]}: no such file; expected graded responses, as l2s sample writes")
        with open(samples[name], "rb") as source, replacing(place) as copy:
            shutil.copyfileobj(source, copy)
    return draw(settings, folder, where)


def draw(settings: TrainingParams, folder: Path, where: str) -> Gathered:
    """Write the problems that a training answers and is chosen on into a folder."""
    for key, params in _asked(settings).items():
        write_problems(params.named, params, folder / f"{key}.jsonl", f"{where}.{key}")
    return places(settings, folder)


def check_apart(gathered: Gathered, benchmarks: Sequence[Path]) -> None:
    """No problem that is learned from is one of a benchmark's, or one on which a checkpoint is chosen.

    Raises:
        ConfigError: some are, with examples.
    """
    learned = {path.stem: read_rows(path) for path in gathered.learned_from}
    refuse_contamination(learned, {path.stem: read_rows(path) for path in benchmarks})
    if gathered.validation is not None:
        refuse_learned_validation(learned, read_rows(gathered.validation))


def refuse_learned_validation(learned: Mapping[str, Iterable[Row]], validation: Iterable[Row]) -> None:
    """A checkpoint is not chosen on what it was trained on, where it is as good as it has learned by heart.

    Args:
        learned: rows with ``id`` and ``problem``, by the name of what they belong to.
        validation: rows of the problems to choose on.

    Raises:
        ConfigError: they share problems; names the first.
    """
    texts = {normalised(row["problem"]): f"{row['id']} of {name}" for name, rows in learned.items() for row in rows}
    asked = {normalised(row["problem"]): row["id"] for row in validation}
    shared = [f"{one} is {texts[text]}" for text, one in asked.items() if text in texts]
    if shared:
        raise ConfigError(
            f"training: {len(shared)} of {len(asked)} validation problems are learned from: {shared[0]}"
            f"{', …' if len(shared) > 1 else ''}; give validation.problems others than those that are trained on"
        )
