"""Loops over the entries of a piece, compiled: one pass where a chain of array operations makes many.

Arrays are contiguous; those of one dimension have n entries, K rows are ``[K, n]``. The loops stand in
:mod:`l2s.merging.kernel_loops`; :mod:`l2s.merging.machine_code` finds what Numba made of them. They run without
Python's lock, so that threads run side by side.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from l2s.merging import machine_code

Floats = npt.NDArray[np.float32]
Halves = npt.NDArray[np.uint16]
"""bfloat16, as its bits."""
Words = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]
Doubles = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

BLOCK = 1 << 11
"""Entries of a kernel's own temporaries: they stay in the nearest cache."""
LANES = 1 << 10
"""Sums run side by side, in float32, before they are added up in float64."""

APART = 1 << 4
"""Entries between rows of temporaries: at distances of a page, a store would hold up the loads of other rows."""
LINE = 64
"""Bytes of a line of the cache."""

_run = machine_code.run


def _room(rows: int, entries: int = LANES) -> Floats:
    """Memory for temporaries, so many rows of at least so many entries, every one at the start of a line."""
    width = entries + APART
    memory = np.empty(rows * width * 4 + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + rows * width * 4].view(np.float32).reshape(rows, width)


class _Memory:
    """Memory as NumPy takes it for an array: an array is only a view of it."""

    def __init__(self, address: int, entries: int) -> None:
        self.__array_interface__ = {"data": (address, False), "shape": (entries,), "typestr": "<u2", "version": 3}


def _seen_as_one(rows: Sequence[Halves]) -> tuple[Halves, Counts]:
    """All that lies between rows, wherever they are, as one array, of which nothing else is touched; their places."""
    addresses = [row.ctypes.data for row in rows]
    first = min(addresses)
    places = np.array([(address - first) // 2 for address in addresses], np.int64)
    return np.asarray(_Memory(first, (max(addresses) - first) // 2 + rows[0].size)), places


def widen(stored: Halves, out: Floats) -> bool:
    """Bfloat16 to float32; are all entries finite?"""
    return _run("widen", stored, out)


def narrow(values: Floats, out: Halves, again: Floats) -> bool:
    """Float32 to bfloat16, rounded to nearest, ties to even, and to float32 again.

    Are all entries finite, before and after?
    """
    return _run("narrow", values, out, again)


def combine(base: Floats, share: float, rows: Floats, factors: Floats, out: Floats) -> None:
    """The base times its share, plus Σₖ fₖ rₖ in the order of rows. What has the factor 0 is left out."""
    _run("combine", base, share, rows, factors, out)


def elect(rows: Floats, factors: Floats, normalize: bool, out: Floats) -> None:
    """Σₖ fₖ rₖ over the rows that agree with the sign of the sum of all; ``normalize``: over the sum of their fₖ."""
    _run("elect", rows, factors, normalize, _room(3, BLOCK), out)


def add_onto(base: Floats, scale: float, out: Floats) -> None:
    """``out`` times ``scale``, plus ``base``; in place."""
    _run("add_onto", base, scale, out)


def choose(seeds: Words, first: int, steps: int, rest: float, out: Flags) -> None:
    """Which of the entries from ``first`` on are chosen, each with the chance (``steps`` + ``rest``) / 2¹⁶.

    The bits are SplitMix64's, of seed and place (Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195): 16 of
    the first seed for an entry, and 53 more of the second for the few whose 16 are ``steps``.
    """
    _run("choose", seeds, first, steps, rest, np.empty(BLOCK // 4 + 2, np.uint64), out)


def keep(row: Floats, chosen: Flags, out: Floats) -> None:
    """What is chosen, and 0 elsewhere."""
    _run("keep", row, chosen, out)


def keep_from(row: Floats, threshold: float, out: Floats) -> None:
    """What is at least as large as ``threshold`` in magnitude, and 0 elsewhere."""
    _run("keep_from", row, threshold, out)


def distances(models: Floats, base: Floats, out: Floats) -> None:
    """|θₖ − θ₀| of K rows."""
    _run("distances", models, base, out)


def between(values: Floats, low: float, high: float, out: Floats) -> tuple[int, int]:
    """Write what lies between, the bounds excluded, to ``out``, as far as it has room.

    Returns:
        How many entries are at most ``low``, and how many lie between.
    """
    counts = np.zeros(2, np.int64)
    _run("between", values, low, high, out, counts)
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
    room = _room(2 + len(models))
    _run("tally", merged, reference, stored, held, base, models, summands, room, squares, counts)


def merge(
    stored: Sequence[Halves], has_base: bool, own: float, weights: Floats, thins: int, thresholds: Floats,
    chosen: Flags, factors: Floats, elects: bool, normalize: bool, scale: float, out: Halves, squares: Doubles,
    counts: Counts,
) -> bool:  # fmt: skip
    """All that a method does to a bfloat16 piece, block after block: the loops above, while a block is at hand.

    Args:
        stored: the reference, which is the base if there is one, and K models; n entries each.
        has_base: is the first row the base? Otherwise the base is 0.
        own: the base's share, where ``thins`` is -1.
        weights: of each model, or task vector.
        thins: -1 combines base and models themselves. Otherwise task vectors are summed up, 1 those entries that
            reach a threshold, 2 those that are chosen, 0 all.
        thresholds: ``[K]``, for 1.
        chosen: ``[K, n]``, for 2.
        factors: on what is left of each task vector.
        elects: sum what agrees with the elected sign.
        normalize: over the weights of what agrees.
        scale: on the sum.
        out: the merged piece.
        squares: as of :func:`tally`.
        counts: as of :func:`tally`.

    Returns:
        Were all entries that were read and are written finite? If not, nothing of all this counts.
    """
    room = _room(9 + 4 * len(weights))
    forms = {(row.dtype, row.shape, row.flags.c_contiguous, row.flags.aligned) for row in stored}
    assert forms == {(out.dtype, out.shape, True, True)}, forms
    memory, places = _seen_as_one(stored)
    return _run(
        "merge", memory, places, has_base, own, weights, thins, thresholds, chosen, factors, elects, normalize, scale,
        room, out, squares, counts,
    )  # fmt: skip
