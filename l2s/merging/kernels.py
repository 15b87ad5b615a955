"""Loops over the entries of a piece, compiled: one pass where a chain of array operations makes many.

Arrays are contiguous; those of one dimension have n entries, K rows are ``[K, n]``. The loops stand in
:mod:`l2s.merging.kernel_loops`; :mod:`l2s.machine_code` finds what Numba made of them. They run without
Python's lock, so that threads run side by side.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from l2s.checkpoints.sha256 import Source
from l2s.files import LINE
from l2s.machine_code import MachineCode, lined

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
TURNS = 1 << 5
"""Summands of a lane."""
CHUNK = TURNS * LANES
"""Entries that :func:`merge` reads at once: they stay in the second cache."""

APART = 1 << 4
"""Entries between rows of temporaries: at distances of a page, a store would hold up the loads of other rows."""

F = np.float32
LOOPS = MachineCode("l2s.merging.kernel_loops", "kernels")
_run = LOOPS.run


def _room(rows: int, entries: int = LANES) -> Floats:
    """Memory for temporaries, so many rows of at least so many entries, every one at the start of a line."""
    found: Floats = lined(rows * (entries + APART), F).reshape(rows, entries + APART)
    return found


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
    sources: Sequence[Source], has_base: bool, share: float, weights: Floats, keeps: int, thresholds: Floats,
    chosen: Flags, factors: Floats, elects: bool, normalize: bool, scale: float, out: Halves, squares: Doubles,
    counts: Counts,
) -> bool:  # fmt: skip
    """All that a method does to bfloat16 entries: they are read into a buffer, and merged while they are at hand.

    Args:
        sources: where n entries of the reference lie, which is the base if there is one, and of K models.
        has_base: is the first the base? Otherwise the base is 0.
        share: the base's, where ``keeps`` is -1.
        weights: of each model, or task vector.
        keeps: -1 combines base and models themselves. Otherwise task vectors are summed up, 1 those entries that
            reach a threshold, 2 those that are chosen, 0 all.
        thresholds: ``[K]``, for 1.
        chosen: ``[K, n]``, for 2.
        factors: on what is left of each task vector.
        elects: sum what agrees with the elected sign.
        normalize: over the weights of what agrees.
        scale: on the sum.
        out: the n merged entries.
        squares: as of :func:`tally`; not finite if any entry read or merged is not.
        counts: as of :func:`tally`.

    Returns:
        Could all be read? If not, nothing of all this counts.
    """
    assert has_base or not share
    width = CHUNK + LINE // 2
    memory, room = lined((1 + len(weights)) * width, np.uint16), lined((8 + 2 * len(weights)) * (LANES + APART), F)
    places = [
        (source.file, source.start, row * width + source.start % LINE // 2)  # elsewhere in a line, copying is slower
        for row, source in enumerate(sources)
    ]
    return _run(
        "merge", np.array(places, np.int64), has_base, share, weights, keeps, thresholds, chosen, factors, elects,
        normalize, scale, memory, room, out, squares, counts,
    )  # fmt: skip
