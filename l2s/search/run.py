"""A search on model folders: the starting points, the live models, and the race."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from l2s.core.errors import ConfigError
from l2s.core.progress import Track, silent
from l2s.core.row import Row
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
