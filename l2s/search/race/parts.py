"""Parts of the problems on which a trial must not be worse: benchmarks, where there are several, and their levels.

Parity is certified on all problems together. A part alone is too small for that, but may show the contrary: by the
same evidence that throws out a trial, on the part's own problems, at a chance of error of α over all parts.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from l2s.core.errors import ConfigError
from l2s.core.row import Row
from l2s.search.settings import SearchParams


class Part(NamedTuple):
    """Some of the problems."""

    benchmark: str
    level: int | None
    """None: all of them."""
    margin: float
    places: tuple[int, ...]
    """In the order of all problems."""


def parts_of(problems: Sequence[Row], settings: SearchParams) -> tuple[Part, ...]:
    """What the settings ask to be looked at.

    Raises:
        ConfigError: a margin by level, and no problem has a level.
    """
    benchmarks, levels = defaultdict[str, list[int]](list), defaultdict[tuple[str, int], list[int]](list)
    for place, row in enumerate(problems):
        benchmarks[row["benchmark"]].append(place)
        if row.get("level") is not None:
            levels[row["benchmark"], row["level"]].append(place)
    found = list[Part]()
    if len(benchmarks) > 1 and settings.goal != "front":
        found += [Part(name, None, settings.margin, tuple(places)) for name, places in sorted(benchmarks.items())]
    if settings.level_margin is not None:
        if not levels:
            raise ConfigError("level_margin: no problem of the search has a level; leave it out, or give them levels")
        found += [Part(*key, settings.level_margin, tuple(places)) for key, places in sorted(levels.items())]
    return tuple(found)
