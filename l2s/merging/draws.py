"""Draws for random masks: from hash(seed, model's digest, weight's name, block), so that nothing else changes them.

A block has a generator of its own (PCG64, whose stream NumPy guarantees), which can be set forward: so a part
of a weight is drawn alone, and as it would be with the rest.
"""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from l2s.seeds import seed_for

BLOCK = 1 << 22
"""Entries drawn from one generator."""
STEPS = 1 << 16
"""Values of a short draw; sixteen bits an entry settle all but one entry in so many."""

Names = tuple[int, str, str]
"""The run's seed, the model's digest, the weight's name."""
Bits = NDArray[np.uint16] | NDArray[np.uint32]
Drawn = TypeVar("Drawn", bound=np.generic)


def uniform(names: Names, first: int, last: int) -> NDArray[np.float32]:
    """Draws from [0, 1) for entries ``first`` to ``last`` of a weight, float32."""

    def draw(block: int, start: int, stop: int) -> NDArray[np.float32]:
        return (_bits("draw", names, block, start, stop, "<u4") >> 8).astype(np.float32) * np.float32(2**-24)

    return _by_blocks(first, last, draw)


def chosen(names: Names, first: int, last: int, chance: float) -> NDArray[np.bool_]:
    """Which of the entries ``first`` to ``last`` are chosen, each with ``chance`` to within 2⁻⁶⁹.

    An entry is chosen if its short draw lies below ``chance`` in short steps; one that lies in the step where
    the chance itself lies is settled by 53 more bits, hashed from its place.
    """
    steps = int(chance * STEPS)
    rest = chance * STEPS - steps

    def draw(block: int, start: int, stop: int) -> NDArray[np.bool_]:
        if steps == STEPS:
            return np.ones(stop - start, np.bool_)
        short = _bits("choice", names, block, start, stop, "<u2")
        below = short < np.uint16(steps)
        if rest:
            undecided = _places(short == np.uint16(steps))
            finer = _hashed(seed_for(names[0], "finer choice", *names[1:], block), undecided + start) >> np.uint64(11)
            below[undecided] = finer * 2.0**-53 < rest
        return below

    return _by_blocks(first, last, draw)


def _bits(what: str, names: Names, block: int, start: int, stop: int, kind: str) -> Bits:
    """Random bits of entries ``start`` to ``stop`` of a block, as unsigned integers of that kind."""
    seed, digest, name = names
    each = 8 // np.dtype(kind).itemsize
    generator = np.random.PCG64(seed_for(seed, what, digest, name, block))
    raw = np.asarray(generator.advance(start // each).random_raw(-(-stop // each) - start // each), "<u8")
    return raw.view(kind)[start % each :][: stop - start]


def _places(flags: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Where the few are that are true: eight are looked at at once."""
    whole = len(flags) // 8 * 8
    eights = np.flatnonzero(flags[:whole].view(np.uint64) != 0)
    near = (eights[:, None] * 8 + np.arange(8)).reshape(-1)
    places: NDArray[np.intp] = np.concatenate([near[flags[near]], whole + np.flatnonzero(flags[whole:])])
    return places.astype(np.uint64)


def _hashed(seed: int, places: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """64 bits for each place: SplitMix64 (Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195)."""
    z: NDArray[np.uint64] = np.uint64(seed) + (places + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        z = (z ^ (z >> np.uint64(shift))) * np.uint64(factor)
    return z ^ (z >> np.uint64(31))


def _by_blocks(first: int, last: int, draw: Callable[[int, int, int], NDArray[Drawn]]) -> NDArray[Drawn]:
    blocks = range(first // BLOCK, max(first // BLOCK + 1, -(-last // BLOCK)))
    parts = [draw(b, max(first - b * BLOCK, 0), min(last - b * BLOCK, BLOCK)) for b in blocks]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
