"""A search on model folders: the starting points, the live models, and the race."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from l2s.benchmarks import write_problems
from l2s.benchmarks.contamination import refuse_contamination
from l2s.core.errors import ConfigError
from l2s.core.progress import Track, silent
from l2s.core.row import Row
from l2s.records import Problems, read_rows
from l2s.search.candidates.starts import starts_of
from l2s.search.file import SearchFile
from l2s.search.found import SearchResult
from l2s.search.live.trialist import LiveSettings, LiveTrialist
from l2s.search.live.workers import SpreadTrialist, Worker, processes
from l2s.search.outcome import Trialist
from l2s.search.race.few import refuse_few
from l2s.search.search import search
from l2s.search.settings import SearchParams
from l2s.search.space import Space

Workers = Callable[[LiveSettings, int], AbstractContextManager[Sequence[Worker]]]
"""Starts so many."""


def problems_of(search: SearchFile, place: Path, where: str) -> dict[str, list[Row]]:
    """The problems of a search in a file of its own, by their benchmarks' names; they are written to ``place``.

    Raises:
        ConfigError: one stands in two benchmarks; ``where`` is the search's file.
        RecordError: rows that are no problems.
    """
    found = dict[str, list[Row]]()
    for one in search.asked():
        write_problems(one.named, one, place, f"{where}: benchmark")
        rows = read_rows(place, Problems)
        refuse_contamination({one.named: rows}, found, "search")
        found[one.named] = rows
    return found


def live_settings(search: SearchFile, name: str, store: Path, place: Path | None = None) -> LiveSettings:
    """What a search in a file of its own says of the models, and how they are asked and graded."""
    return LiveSettings(
        name, {model: Path(folder) for model, folder in search.models.items()}, Path(search.models[search.slow]), store,
        slow_control=search.controls[search.slow_control],
        statistics={statistics: Path(file) for statistics, file in search.calibration.items()},
        decoding=search.decoding, grader=search.grading.grader, jobs=search.grading.jobs, place=place,
    )  # fmt: skip


def run_search(
    settings: SearchParams,
    space: Space,
    problems: Sequence[Row],
    live: LiveSettings,
    out: Path,
    journal: Path,
    *,
    recipes: Mapping[str, dict[str, Any]],
    jobs: int = 1,
    workers: Workers = processes,
    track: Track = silent,
    say: Callable[[str], None] = lambda sentence: None,
) -> SearchResult:
    """Search on model folders; arguments but these are those of :func:`~l2s.search.search.search`.

    Args:
        live: the models, and how they are asked and graded.
        recipes: those that ``start`` may name.
        jobs: trials of a batch that are answered at once, each in a process with an engine of its own; changes no byte.
        workers: starts these processes, if there are several.

    Raises:
        ConfigError: the problems or the budget can certify nothing at the margin; before anything is merged.
        EngineError: there are fewer GPUs than engines.
    """
    if jobs < 1:
        raise ConfigError(f"jobs: found {jobs}, expected at least 1")
    refuse_few(len(problems), settings)
    starts = starts_of(settings.start, space, recipes, live.models, say)
    with _trialist(live, min(jobs, settings.batch), workers, say) as trialist:
        return search(settings, space, problems, trialist, out, journal, starts=starts, track=track, say=say)


@contextmanager
def _trialist(live: LiveSettings, jobs: int, workers: Workers, say: Callable[[str], None]) -> Iterator[Trialist]:
    """A trialist that answers in this process, or one that asks several."""
    with LiveTrialist(live, say=say) as here:
        if jobs == 1:
            yield here
            return
        with workers(live, jobs) as started:
            yield SpreadTrialist(here, started, say)
