"""Resampling whole problems: one set of draws a benchmark, the same for every run, so that runs stay paired."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from l2s.seeds import seed_for

BLOCK = 2_000_000
"""Problems drawn at a time, all resamples together, so that memory does not grow with their number."""
KEPT = 40_000_000
"""Entries of a weight matrix up to which it is kept for the next run of the same benchmark."""


def resampled_sums(columns: NDArray[np.float64], bootstrap: int, seed: int) -> NDArray[np.float64]:
    """Sums of every column over resamples of the problems with replacement.

    Args:
        columns: ``[problems, columns]``, a problem's own totals.
        bootstrap: resamples.
        seed: the same seed and number of problems give the same draws.

    Returns:
        ``[bootstrap, columns]``.
    """
    problems = len(columns)
    if problems * bootstrap <= KEPT:
        blocks: Iterator[NDArray[np.uint16]] = iter(_kept(problems, bootstrap, seed))
    else:
        blocks = _weights(problems, bootstrap, seed)
    return np.concatenate([block.astype(np.float64) @ columns for block in blocks])


def percentiles(draws: NDArray[np.float64], confidence: float) -> tuple[float, float]:
    """The percentile interval of draws; those that are not finite have no value and are left out."""
    finite = draws[np.isfinite(draws)]
    low, high = np.quantile(finite, ((1 - confidence) / 2, (1 + confidence) / 2))
    return float(low), float(high)


@lru_cache(maxsize=2)
def _kept(problems: int, bootstrap: int, seed: int) -> tuple[NDArray[np.uint16], ...]:
    return tuple(_weights(problems, bootstrap, seed))


def _weights(problems: int, bootstrap: int, seed: int) -> Iterator[NDArray[np.uint16]]:
    """How often each resample draws each problem, ``[some, problems]`` at a time."""
    rng = np.random.default_rng(seed_for(seed, "problems"))
    rows = max(1, min(200, BLOCK // problems))
    for start in range(0, bootstrap, rows):
        some = min(rows, bootstrap - start)
        drawn = rng.integers(0, problems, (some, problems))
        drawn += problems * np.arange(some)[:, None]
        yield np.bincount(drawn.ravel(), minlength=some * problems).reshape(some, problems).astype(np.uint16)
