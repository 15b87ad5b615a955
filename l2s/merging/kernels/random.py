"""Draws for random masks: from hash(seed, model's digest, weight's name, block), so that nothing else changes them.

A part of a weight is drawn alone, and as it would be with the rest: choices are hashed from an entry's place in
its block; for ``uniform`` a block has a generator (PCG64, whose stream NumPy guarantees) that can be set forward.
"""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from l2s.core.seeds import seed_for
from l2s.merging.kernels import kernels

BLOCK = 1 << 22
"""Entries drawn from one generator."""
STEPS = 1 << 16
"""Values of a short draw; 16 bits settle all but one entry in so many."""

Names = tuple[int, str, str]
"""The run's seed, the model's digest, the weight's name."""
Drawn = TypeVar("Drawn", bound=np.generic)


def uniform(names: Names, first: int, last: int) -> NDArray[np.float32]:
    """Draws from [0, 1) for entries ``first`` to ``last`` of a weight, float32."""

    def draw(block: int, start: int, stop: int) -> NDArray[np.float32]:
        generator = np.random.PCG64(seed_for(names[0], "draw", *names[1:], block))
        raw = np.asarray(generator.advance(start // 2).random_raw(-(-stop // 2) - start // 2), "<u8")
        bits = raw.view("<u4")[start % 2 :][: stop - start]
        return (bits >> 8).astype(np.float32) * np.float32(2**-24)

    return _by_blocks(first, last, draw)


def bernoulli_mask(names: Names, first: int, last: int, chance: float) -> NDArray[np.bool_]:
    """Which of the entries ``first`` to ``last`` are chosen, each with ``chance`` to within 2⁻⁶⁹.

    An entry is chosen if its draw of 16 bits lies below ``chance`` in steps of 2⁻¹⁶; one that lies in the step
    where the chance itself lies is settled by 53 more. Both are hashed from its place.
    """
    steps = int(chance * STEPS)

    def draw(block: int, start: int, stop: int) -> NDArray[np.bool_]:
        found = np.ones(stop - start, np.bool_)
        if steps < STEPS:
            seeds = [seed_for(names[0], what, *names[1:], block) for what in ("choice", "finer choice")]
            kernels.choose(np.array(seeds, np.uint64), start, steps, chance * STEPS - steps, found)
        return found

    return _by_blocks(first, last, draw)


def _by_blocks(first: int, last: int, draw: Callable[[int, int, int], NDArray[Drawn]]) -> NDArray[Drawn]:
    blocks = range(first // BLOCK, max(first // BLOCK + 1, -(-last // BLOCK)))
    parts = [draw(b, max(first - b * BLOCK, 0), min(last - b * BLOCK, BLOCK)) for b in blocks]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
