"""Resampling whole problems: one set of draws a benchmark, the same for every run, so that runs stay paired."""

from collections import OrderedDict
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from l2s.core.seeds import seed_for

BLOCK = 2_000_000
"""Problems drawn at a time, all resamples together, so that memory does not grow with their number."""
KEPT = 120_000_000
"""Bytes of draws that are kept for the next run of the same benchmark."""

Weights = list[NDArray[np.uint8 | np.uint16]]
_kept: OrderedDict[tuple[int, int, int], Weights] = OrderedDict()


def resampled_sums(columns: NDArray[np.float64], bootstrap: int, seed: int) -> NDArray[np.float64]:
    """Sums of every column over resamples of the problems with replacement.

    Args:
        columns: ``[problems, columns]``, a problem's own totals.
        bootstrap: resamples.
        seed: the same seed and number of problems give the same draws.

    Returns:
        ``[bootstrap, columns]``.
    """
    return np.concatenate([block.astype(np.float64) @ columns for block in _weights(len(columns), bootstrap, seed)])


def percentiles(draws: NDArray[np.float64], confidence: float) -> tuple[float, float]:
    """The percentile interval of draws; those that are not finite have no value and are left out."""
    finite = draws[np.isfinite(draws)]
    low, high = np.quantile(finite, ((1 - confidence) / 2, (1 + confidence) / 2))
    return float(low), float(high)


def _weights(problems: int, bootstrap: int, seed: int) -> Iterator[NDArray[np.uint8 | np.uint16]]:
    """How often each resample draws each problem, ``[some, problems]`` at a time; kept where there is room."""
    key = (problems, bootstrap, seed)
    if problems * bootstrap > KEPT:
        yield from _drawn(*key)
        return
    if key not in _kept:
        _kept[key] = list(_drawn(*key))
        while sum(block.nbytes for blocks in _kept.values() for block in blocks) > KEPT and len(_kept) > 1:
            _kept.popitem(last=False)
    _kept.move_to_end(key)
    yield from _kept[key]


def _drawn(problems: int, bootstrap: int, seed: int) -> Iterator[NDArray[np.uint8 | np.uint16]]:
    rng = np.random.default_rng(seed_for(seed, "problems"))
    rows = max(1, min(200, BLOCK // problems))
    for start in range(0, bootstrap, rows):
        some = min(rows, bootstrap - start)
        drawn = rng.integers(0, problems, (some, problems))
        drawn += problems * np.arange(some)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=some * problems).reshape(some, problems)
        yield counts.astype(np.uint8 if counts.max() < 256 else np.uint16)
