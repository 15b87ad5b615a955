"""A search on model folders: the starting points, the live models, and the race."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from l2s.core.errors import ConfigError
from l2s.core.progress import Track, silent
from l2s.core.row import Row
from l2s.generation.controls.control import Control
from l2s.generation.settings import DecodingParams
from l2s.search.found import SearchResult
from l2s.search.live import LiveSettings, LiveTrialist
from l2s.search.outcome import Trialist
from l2s.search.search import refuse_few, search
from l2s.search.settings import SearchParams
from l2s.search.space import Space
from l2s.search.spread import SpreadTrialist, Worker, processes
from l2s.search.starts import starts_of

Workers = Callable[[LiveSettings, int], AbstractContextManager[Sequence[Worker]]]
"""Starts so many."""


class Slow(NamedTuple):
    """What parity is asked with."""

    model: Path
    control: Control


class Place(NamedTuple):
    """Where a search writes."""

    name: str
    """Of the search."""
    out: Path
    """A folder."""
    journal: Path
    """From which a killed search goes on."""
    store: Path
    """Responses."""
    folder: Path = Path()
    """What the name of another model in a control is relative to."""
    scratch: Path | None = None
    """Where folders of models are put for a fresh engine (default: the system's place for temporary files)."""


def run_search(
    settings: SearchParams,
    space: Space,
    problems: Sequence[Row],
    slow: Slow,
    place: Place,
    *,
    models: Mapping[str, Path],
    statistics: Mapping[str, Path],
    recipes: Mapping[str, dict[str, Any]],
    decoding: DecodingParams,
    grader: str = "l2s",
    pairs: int = 1,
    jobs: int = 1,
    workers: Workers = processes,
    track: Track = silent,
    say: Callable[[str], None] = lambda sentence: None,
) -> SearchResult:
    """Search; the folder ``place.out`` appears whole.

    Args:
        settings: of the search.
        space: what its ranges span.
        problems: rows of its benchmark.
        slow: the slow model, whose answers it asks for itself.
        place: where it writes.
        models: folders by the recipes' names.
        statistics: files of calibration statistics by the recipes' names.
        recipes: those that ``start`` may name.
        decoding: engine, prompt and sampling of all answers.
        grader: of all answers.
        pairs: of answers, that are compared at once.
        jobs: trials of a batch that are answered at once, each in a process with an engine of its own; changes no byte.
        workers: starts these processes, if there are several.
        track: shows the race, by problems.
        say: told what the user should know.

    Raises:
        ConfigError: the problems or the budget can certify nothing at the margin; before anything is merged.
        EngineError: there are fewer GPUs than engines.
    """
    if jobs < 1:
        raise ConfigError(f"jobs: found {jobs}, expected at least 1")
    refuse_few(len(problems), settings)
    starts = starts_of(settings.start, space, recipes, models, say)
    live = LiveSettings(
        place.name, models, slow.model, place.store, slow_control=slow.control, statistics=statistics,
        decoding=decoding, grader=grader, jobs=pairs, folder=place.folder, place=place.scratch,
    )  # fmt: skip
    with _trialist(live, min(jobs, settings.batch), workers, say) as trialist:
        return search(
            settings, space, problems, trialist, place.out, place.journal, starts=starts, track=track, say=say
        )


@contextmanager
def _trialist(live: LiveSettings, jobs: int, workers: Workers, say: Callable[[str], None]) -> Iterator[Trialist]:
    """Of this process, or several."""
    with LiveTrialist(live, say=say) as here:
        if jobs == 1:
            yield here
            return
        with workers(live, jobs) as started:
            yield SpreadTrialist(here, started, say)
