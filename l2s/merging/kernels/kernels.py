"""Loops over the entries of a piece, compiled: one pass where a chain of array operations makes many.

Arrays are contiguous; those of one dimension have n entries, K rows are ``[K, n]``. The loops stand in
:mod:`l2s.merging.kernels.loops`, which is imported, with Numba, at the first call. They run without Python's lock,
so that threads run side by side.
"""

from functools import cache
from typing import Any

import numpy as np

from l2s.core.files import LINE
from l2s.merging.kernels.arrays import Counts, Doubles, Flags, Floats, Halves, Words

F = np.float32


@cache
def _loops() -> Any:
    from l2s.merging.kernels import loops as kernel_loops

    return kernel_loops


def aligned_empty(entries: int, dtype: type[np.generic]) -> Any:
    """An array of undefined entries that begins where a line of the processor's cache does."""
    size = entries * np.dtype(dtype).itemsize
    memory = np.empty(size + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + size].view(dtype)


def _scratch(rows: int, entries: int) -> Floats:
    """A scratch buffer of so many rows of at least so many entries, every one at the start of a line."""
    width = entries + _loops().PADDING
    found: Floats = aligned_empty(rows * width, F).reshape(rows, width)
    return found


def widen(stored: Halves, out: Floats) -> bool:
    """Bfloat16 to float32; are all entries finite?"""
    return bool(_loops().widen(stored, out))


def choose(seeds: Words, first: int, steps: int, rest: float, out: Flags) -> None:
    """Which of the entries from ``first`` on are chosen, each with the chance (``steps`` + ``rest``) / 2¹⁶.

    The bits are SplitMix64's, of seed and place (Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195): 16 of
    the first seed for an entry, and 53 more of the second for the few whose 16 are ``steps``.
    """
    scratch = np.empty(_loops().BLOCK // 4 + 2, np.uint64)
    _loops().choose(seeds, first, np.uint32(steps), float(rest), scratch, out)


def distances(models: Floats, base: Floats, out: Floats) -> None:
    """|θₖ − θ₀| of K rows."""
    _loops().distances(models, base, out)


def between(values: Floats, low: float, high: float, out: Floats) -> tuple[int, int]:
    """Write what lies between, the bounds excluded, to ``out``, as far as it has room.

    Returns:
        How many entries are at most ``low``, and how many lie between.
    """
    counts = np.zeros(2, np.int64)
    _loops().between(values, F(low), F(high), out, counts)
    return int(counts[0]), int(counts[1])


def tally(
    merged: Floats, reference: Floats, stored: Floats, held: Floats, base: Floats, models: Floats, summands: Floats,
    squares: Doubles, counts: Counts,
) -> None:  # fmt: skip
    """Add a piece's numbers up.

    Args:
        merged: before rounding.
        reference: what it is compared with.
        stored: merged, after rounding.
        held: the reference after rounding.
        base: what the K models' task vectors start from.
        models: ``[K, n]``.
        summands: task vectors after trimming or dropping, ``[K, n]``.
        squares: of the lengths of merged − reference, and of each task vector, ``[1 + K]``; added to.
        counts: entries that were moved, and that rounding left moved; entries where summands point both ways;
            each summand's entries that are not 0; ``[3 + K]``; added to.
    """
    scratch = _scratch(2 + len(models), _loops().ACCUMULATORS)
    _loops().tally(merged, reference, stored, held, base, models, summands, scratch, squares, counts)


def merge(
    memory: Halves, firsts: Counts, skipped: int, has_base: bool, share: float, weights: Floats, keeps: int,
    thresholds: Floats, masks: Flags, factors: Floats, elects: bool, normalize: bool, scale: float, out: Halves,
    squares: Doubles, counts: Counts,
) -> None:  # fmt: skip
    """All that a method does to n bfloat16 entries, while they are at hand.

    Args:
        memory: the entries of the reference, which is the base if there is one, and of K models.
        firsts: where in ``memory`` each of them begins, ``[1 + K]``.
        skipped: entries of the weight that were merged before; whole chunks.
        has_base: is the first the base? Otherwise the base is 0.
        share: the base's, where ``keeps`` is -1.
        weights: of each model, or task vector.
        keeps: -1 combines base and models themselves. Otherwise task vectors are summed up, 1 those entries that
            reach a threshold, 2 those that are chosen, 0 all.
        thresholds: ``[K]``, for 1.
        masks: ``[K, skipped + n or more]``, for 2.
        factors: on what is left of each task vector.
        elects: sum what agrees with the elected sign.
        normalize: over the weights of what agrees.
        scale: on the sum.
        out: the n merged entries.
        squares: as of :func:`tally`; not finite if any entry read or merged is not.
        counts: as of :func:`tally`.
    """
    loops = _loops()
    assert has_base or not share
    assert skipped % loops.CHUNK == 0, skipped
    scratch = aligned_empty((8 + 2 * len(weights)) * loops.PITCH, F)
    loops.merge(
        memory, firsts, skipped, has_base, F(share), weights, keeps, thresholds, masks, factors, elects, normalize,
        F(scale), scratch, out, squares, counts,
    )  # fmt: skip
