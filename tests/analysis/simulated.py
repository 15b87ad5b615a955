"""Designs in which the intervals of several samples must hold their level, and how often they do."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from l2s.analysis.statistics.accuracy import accuracy, wilson
from l2s.analysis.statistics.paired import mean_gain, tango

MARGIN = 0.02
DESIGNS = ((30, 1), (200, 1), (1000, 1), (30, 16), (40, 8), (100, 4), (200, 4), (500, 2), (1000, 16))
"""Problems and samples of each."""
LOSSES = ("spread", "concentrated", "half")
"""Every problem loses a little; a few lose all their samples; twice as many lose half of theirs."""
LEVELS: dict[str, Callable[[np.random.Generator, int], NDArray[np.float64]]] = {
    "always right": lambda rng, n: np.ones(n),
    "near the ceiling": lambda rng, n: rng.beta(40, 1, n),
    "in the middle": lambda rng, n: rng.uniform(0.1, 0.9, n),
    "all or nothing": lambda rng, n: (rng.random(n) < 0.8).astype(float),
}
"""The slow model's chance of a right answer, problem by problem."""

Counts = NDArray[np.int64]


class Levels(NamedTuple):
    """Shares of experiments."""

    covered: float
    """Whose interval holds the true difference, which lies exactly at the margin."""
    parity: float
    """That would be called parity, or better: an error."""


def paired(
    rng: np.random.Generator, n: int, m: int, loss: str, level: str, times: int
) -> tuple[NDArray[np.float64], float]:
    """Gains of each problem in each experiment, ``[times, n]``, and the true mean gain a response."""
    hard = LEVELS[level](rng, times * n).reshape(times, n)
    if loss == "spread":
        ours = (hard - MARGIN).clip(0)
    elif loss == "concentrated":
        ours = np.where(rng.random((times, n)) < MARGIN / max(hard.mean(), 1e-9), 0.0, hard)
    else:
        ours = np.where(rng.random((times, n)) < 2 * MARGIN / max(hard.mean(), 1e-9), hard / 2, hard)
    gains = rng.binomial(m, ours).astype(np.float64) - rng.binomial(m, hard)
    return gains, float((ours - hard).mean())


def difference_levels(n: int, m: int, loss: str, level: str, times: int, seed: int = 0) -> Levels:
    """How the paired difference's interval and the verdict of parity do; the margin is the true loss."""
    gains, truth = paired(np.random.default_rng(seed), n, m, loss, level, times)
    counts = np.full(n, m)
    found: dict[bytes, tuple[float, float]] = {}
    for row in np.sort(gains, axis=1):
        key = row.tobytes()
        if key not in found:
            interval = (
                tango(int((row > 0).sum()), int((row < 0).sum()), n, 0.95) if m == 1 else mean_gain(row, counts, 0.95)
            )
            found[key] = interval[1:]
    ends = np.array([found[row.tobytes()] for row in np.sort(gains, axis=1)])
    return Levels(float(np.mean((ends[:, 0] <= truth) & (truth <= ends[:, 1]))), float(np.mean(ends[:, 0] > truth)))


def accuracy_covered(n: int, m: int, level: str, times: int, seed: int = 0) -> float:
    """How often the interval of accuracy holds the truth."""
    rng = np.random.default_rng(seed)
    hard = LEVELS[level](rng, times * n).reshape(times, n)
    truth = float(LEVELS[level](np.random.default_rng(99), 2_000_000).mean())
    right = rng.binomial(m, hard)
    covered = 0
    for row in right:
        flags = (np.arange(m) < row[:, None]).ravel()
        found = wilson(int(row.sum()), n, 0.95) if m == 1 else accuracy(flags, np.repeat(np.arange(n), m), 0.95)
        covered += found.low <= truth <= found.high
    return covered / times


def main(times: int = 1000) -> None:
    """Print the table of docs/analysis.md: a row a design, the worst of all losses and levels."""
    print("| problems x samples | difference covers | parity at the margin | accuracy covers |\n|---|---|---|---|")
    for n, m in DESIGNS:
        some = times if n * m < 10_000 else times // 4
        found = [difference_levels(n, m, loss, level, some) for level in LEVELS for loss in LOSSES]
        right = min(accuracy_covered(n, m, level, some) for level in LEVELS)
        print(
            f"| {n} x {m} | {100 * min(one.covered for one in found):.1f} % "
            f"| {100 * max(one.parity for one in found):.1f} % | {100 * right:.1f} % |",
            flush=True,
        )


if __name__ == "__main__":
    main()
