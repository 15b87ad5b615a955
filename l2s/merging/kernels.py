"""Loops over the entries of a piece, compiled: one pass where a chain of array operations makes many.

What is summed is summed in a fixed order, without fused or reordered arithmetic, so that processors of all
widths give the same bits. Arrays are contiguous, of one dimension: n entries; K rows are ``[K, n]``. The machine
code is made by Numba when the product is installed, or else at the first calls, in some ten seconds, and kept beside
this file or in the user's cache folder; it runs without Python's lock, so that threads run side by side.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Halves = npt.NDArray[np.uint16]
"""bfloat16, as its bits."""
Words = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]
Doubles = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Loop = TypeVar("Loop", bound=Callable[..., Any])

BLOCK = 1 << 11
"""Entries of a kernel's own temporaries: they stay in the nearest cache."""
LANES = 1 << 10
"""Sums run side by side, in float32, before they are added up in float64."""
TURNS = 1 << 5
"""Summands of a lane."""
EXPONENT = np.uint32(0x7F800000)
"""The bits that are all set in NaN and in infinity, and in no other number."""
UPPER = np.uint32(0xFFFF0000)
"""The bits of a float32 that a bfloat16 has."""

U1, U16, U31 = np.uint32(1), np.uint32(16), np.uint32(31)
HALF, MAGNITUDE = np.uint32(0x7FFF), np.uint32(0x7FFFFFFF)
ZERO, ONE = np.float32(0), np.float32(1)
SMALLEST = np.float32(1e-8)
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FINE = 2.0**-53


def compiled(loop: Loop) -> Loop:
    """Machine code of a loop, with the same arguments and results."""
    options = {"nogil": True, "error_model": "numpy"}
    try:
        made: Loop = numba.njit(cache=True, **options)(loop)
    except RuntimeError:  # no folder can be written: compiled anew by every process
        made = numba.njit(**options)(loop)
    return made


@compiled
def widen(stored: Halves, out: Floats) -> bool:
    """Bfloat16 to float32; are all entries finite?"""
    bits = out.view(np.uint32)
    largest = np.uint32(0)
    for i in range(stored.size):
        entry = np.uint32(np.uint32(stored[i]) << U16)
        bits[i] = entry
        largest = np.uint32(max(largest, np.uint32(entry & EXPONENT)))
    return bool(largest < EXPONENT)


@compiled
def narrow(values: Floats, out: Halves, again: Floats) -> bool:
    """Float32 to bfloat16, rounded to nearest, ties to even, and to float32 again.

    Are all entries finite, before and after?
    """
    bits, back = values.view(np.uint32), again.view(np.uint32)
    largest = np.uint32(0)
    for i in range(out.size):
        entry = bits[i]
        rounded = np.uint32(np.uint32(entry + HALF + np.uint32(np.uint32(entry >> U16) & U1)) & UPPER)
        back[i] = rounded
        largest = np.uint32(max(largest, np.uint32(entry & EXPONENT), np.uint32(rounded & EXPONENT)))
    for i in range(out.size):
        out[i] = np.uint16(back[i] >> U16)
    return bool(largest < EXPONENT)


@compiled
def _add(row: Floats, factor: np.float32, total: Floats) -> None:
    for i in range(total.size):
        total[i] += row[i] * factor


@compiled
def _scale(row: Floats, factor: np.float32, out: Floats) -> None:
    for i in range(out.size):
        out[i] = row[i] * factor


@compiled
def _combine(
    base: Floats, share: np.float32, rows: Floats, first: int, width: int, factors: Floats, out: Floats
) -> None:
    """Of rows from ``first`` on, so many entries."""
    begun = share != ZERO
    if begun:
        _scale(base, share, out)
    for k in range(factors.size):
        if factors[k] == ZERO:
            continue
        if begun:
            _add(rows[first + k, :width], factors[k], out)
        else:
            _scale(rows[first + k, :width], factors[k], out)
        begun = True
    if not begun:
        out[:] = ZERO


@compiled
def combine(base: Floats, share: np.float32, rows: Floats, factors: Floats, out: Floats) -> None:
    """The base times its share, plus Σₖ fₖ rₖ in the order of rows. What has the factor 0 is left out."""
    _combine(base, share, rows, 0, out.size, factors, out)


@compiled
def _agree(row: Floats, factor: np.float32, vote: Floats, total: Floats, divisor: Floats) -> None:
    for i in range(total.size):
        part = row[i] * factor
        part = part if vote[i] >= ZERO else -part
        total[i] += max(part, ZERO)
        divisor[i] += factor if part > ZERO else ZERO


@compiled
def _divide(total: Floats, divisor: Floats) -> None:
    """Where it is next to zero, so is the total, or weights of both signs cancel: then as good as not divided."""
    for i in range(total.size):
        total[i] /= divisor[i] + (ONE if abs(divisor[i]) < SMALLEST else ZERO)


@compiled
def _turn(vote: Floats, total: Floats, out: Floats) -> None:
    for i in range(out.size):
        out[i] = total[i] if vote[i] >= ZERO else -total[i]


@compiled
def _elect(rows: Floats, start: int, stop: int, factors: Floats, normalize: bool, room: Floats, out: Floats) -> None:
    """A block of :func:`elect`; ``room`` has three rows."""
    vote, total, divisor = room[0, : stop - start], room[1, : stop - start], room[2, : stop - start]
    room[:] = ZERO
    for k in range(factors.size):
        _add(rows[k, start:stop], factors[k], vote)
    for k in range(factors.size):
        _agree(rows[k, start:stop], factors[k], vote, total, divisor)
    if normalize:
        _divide(total, divisor)
    _turn(vote, total, out)


@compiled
def elect(rows: Floats, factors: Floats, normalize: bool, out: Floats) -> None:
    """Σₖ fₖ rₖ over the rows that agree with the sign of the sum of all; ``normalize``: over the sum of their fₖ."""
    room = np.empty((3, BLOCK), np.float32)
    for start in range(0, out.size, BLOCK):
        stop = min(out.size, start + BLOCK)
        _elect(rows, start, stop, factors, normalize, room, out[start:stop])


@compiled
def add_onto(base: Floats, scale: np.float32, out: Floats) -> None:
    """``out`` times ``scale``, plus ``base``; in place."""
    for i in range(out.size):
        out[i] = out[i] * scale + base[i]


@compiled
def _mix(seed: np.uint64, first: np.uint64, words: Words) -> None:
    """64 random bits for each of consecutive numbers."""
    for i in range(words.size):
        z = seed + (first + np.uint64(i) + np.uint64(1)) * GOLDEN
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        words[i] = z ^ (z >> np.uint64(31))


@compiled
def _below(draws: Halves, steps: np.uint32, out: Flags) -> bool:
    """Which draws lie below; is any of them ``steps`` itself?"""
    equal = np.uint32(0)
    for i in range(out.size):
        draw = np.uint32(draws[i])
        out[i] = draw < steps
        equal = np.uint32(equal | np.uint32(draw == steps))
    return bool(equal != np.uint32(0))


@compiled
def choose(seeds: Words, first: int, steps: np.uint32, rest: float, out: Flags) -> None:
    """Which of the entries from ``first`` on are chosen, each with the chance (``steps`` + ``rest``) / 2¹⁶.

    The bits are SplitMix64's, of seed and place (Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195): 16 of
    the first seed for an entry, and 53 more of the second for the few whose 16 are ``steps``.
    """
    words, more = np.empty(BLOCK // 4 + 1, np.uint64), np.empty(1, np.uint64)
    for start in range(0, out.size, BLOCK):
        found = out[start : min(out.size, start + BLOCK)]
        word, skipped = (first + start) // 4, (first + start) % 4
        _mix(seeds[0], np.uint64(word), words)
        draws = words.view(np.uint16)[skipped : skipped + found.size]
        if _below(draws, steps, found):
            for i in range(found.size):
                if np.uint32(draws[i]) == steps:
                    _mix(seeds[1], np.uint64(first + start + i), more)
                    found[i] = np.float64(more[0] >> np.uint64(11)) * FINE < rest


@compiled
def keep(row: Floats, chosen: Flags, out: Floats) -> None:
    """What is chosen, and 0 elsewhere."""
    for i in range(out.size):
        out[i] = row[i] if chosen[i] else ZERO


@compiled
def keep_from(row: Floats, threshold: np.float32, out: Floats) -> None:
    """What is at least as large as ``threshold`` in magnitude, and 0 elsewhere."""
    for i in range(out.size):
        out[i] = row[i] if abs(row[i]) >= threshold else ZERO


@compiled
def _subtract(left: Floats, right: Floats, out: Floats) -> None:
    for i in range(out.size):
        out[i] = left[i] - right[i]


@compiled
def _stretch(row: Floats, factor: np.float32) -> None:
    for i in range(row.size):
        row[i] *= factor


@compiled
def distances(models: Floats, base: Floats, out: Floats) -> None:
    """|θₖ − θ₀| of K rows."""
    for k in range(models.shape[0]):
        row, found = models[k], out[k]
        for i in range(base.size):
            found[i] = abs(row[i] - base[i])


@compiled
def between(values: Floats, low: np.float32, high: np.float32, out: Floats) -> tuple[int, int]:
    """Write what lies between, the bounds excluded, to ``out``, as far as it has room.

    Returns:
        How many entries are at most ``low``, and how many lie between.
    """
    below, inside, room = 0, 0, out.size
    for i in range(values.size):
        value = values[i]
        above = value > low
        if inside < room:
            out[inside] = value
        inside += above and value < high
        below += not above
    return below, inside


@compiled
def _add_squares(left: Floats, right: Floats, lanes: Floats) -> None:
    for i in range(left.size):
        difference = left[i] - right[i]
        lanes[i] += difference * difference


@compiled
def _empty(lanes: Floats, totals: Doubles) -> None:
    """Add the lanes of each row up, and begin anew."""
    for k in range(lanes.shape[0]):
        for lane in lanes[k]:
            totals[k] += np.float64(lane)
    lanes[:] = ZERO


@compiled
def _differing(left: Floats, right: Floats) -> int:
    count = np.uint32(0)
    for i in range(left.size):
        count = np.uint32(count + np.uint32(left[i] != right[i]))
    return int(count)


@compiled
def _note_signs(row: Floats, signs: npt.NDArray[np.uint32]) -> int:
    bits = row.view(np.uint32)
    count = np.uint32(0)
    for i in range(row.size):
        present = np.uint32(np.uint32(bits[i] & MAGNITUDE) != np.uint32(0))  # neither 0 nor −0
        signs[i] = np.uint32(signs[i] | np.uint32(present << np.uint32(bits[i] >> U31)))
        count = np.uint32(count + present)
    return int(count)


@compiled
def _both(signs: npt.NDArray[np.uint32]) -> int:
    count = np.uint32(0)
    for i in range(signs.size):
        count = np.uint32(count + np.uint32(signs[i] == np.uint32(3)))
    return int(count)


@compiled
def _tally(
    merged: Floats, reference: Floats, stored: Floats, held: Floats, base: Floats, models: Floats, first: int,
    summands: Floats, start: int, stop: int, lanes: Floats, signs: npt.NDArray[np.uint32], counts: Counts,
) -> None:  # fmt: skip
    """A block of :func:`tally`: entries ``start`` to ``stop`` of summands, and of models from row ``first`` on."""
    width = stop - start
    found = signs[:width]
    found[:] = 0
    counts[0] += _differing(merged, reference)
    counts[1] += _differing(stored, held)
    _add_squares(merged, reference, lanes[0, :width])
    for k in range(summands.shape[0]):
        _add_squares(models[first + k, start:stop], base, lanes[1 + k, :width])
        counts[3 + k] += _note_signs(summands[k, start:stop], found)
    counts[2] += _both(found)


@compiled
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
    lanes = np.zeros((squares.size, LANES), np.float32)
    signs = np.empty(LANES, np.uint32)
    turns = 0
    for start in range(0, merged.size, LANES):
        stop = min(merged.size, start + LANES)
        _tally(
            merged[start:stop], reference[start:stop], stored[start:stop], held[start:stop], base[start:stop],
            models, 0, summands, start, stop, lanes, signs, counts,
        )  # fmt: skip
        turns += 1
        if turns == TURNS:
            _empty(lanes, squares)
            turns = 0
    _empty(lanes, squares)


@compiled
def merge(
    stored: Halves, has_base: bool, own: np.float32, weights: Floats, thins: int, thresholds: Floats, chosen: Flags,
    factors: Floats, elects: bool, normalize: bool, scale: np.float32, out: Halves, squares: Doubles, counts: Counts,
) -> bool:  # fmt: skip
    """All that a method does to a bfloat16 piece, block after block: the loops above, while a block is at hand.

    Args:
        stored: the reference, which is the base if there is one, and K models; ``[1 + K, n]``.
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
    count = weights.size
    rows = np.empty((1 + count, LANES), np.float32)
    vectors, thinned = np.empty((count, LANES), np.float32), np.empty((count, LANES), np.float32)
    room, votes = np.empty((2, LANES), np.float32), np.empty((3, LANES), np.float32)
    nothing = np.zeros(LANES, np.float32)
    lanes = np.zeros((1 + count, LANES), np.float32)
    signs = np.empty(LANES, np.uint32)
    turns, sound = 0, True
    for start in range(0, out.size, LANES):
        stop = min(out.size, start + LANES)
        width = stop - start
        reference, merged, again = rows[0, :width], room[0, :width], room[1, :width]
        sound &= widen(stored[0, start:stop], reference)
        base = reference if has_base else nothing[:width]
        for k in range(count):
            row = rows[1 + k, :width]
            sound &= widen(stored[1 + k, start:stop], row)
            _subtract(row, base, vectors[k, :width])
        if thins < 0:
            _combine(base, own, rows, 1, width, weights, merged)
        else:
            for k in range(count):
                if thins == 1:
                    keep_from(vectors[k, :width], thresholds[k], thinned[k, :width])
                elif thins == 2:
                    keep(vectors[k, :width], chosen[k, start:stop], thinned[k, :width])
                else:
                    thinned[k, :width] = vectors[k, :width]
                _stretch(thinned[k, :width], factors[k])
            if elects:
                _elect(thinned, 0, width, weights, normalize, votes, merged)
            else:
                _combine(nothing[:width], ZERO, thinned, 0, width, weights, merged)
            add_onto(base, scale, merged)
        sound &= narrow(merged, out[start:stop], again)
        summands = vectors if thins < 0 else thinned
        _tally(
            merged, reference, again, reference, base, rows, 1, summands, 0, width, lanes, signs, counts
        )  # fmt: skip
        turns += 1
        if turns == TURNS:
            _empty(lanes, squares)
            turns = 0
    _empty(lanes, squares)
    return sound


def load() -> None:
    """Let Numba read its own tables, for half a second: a program that waits for something else can do so meanwhile."""
    widen(np.empty(0, np.uint16), np.empty(0, np.float32))


def compile_all() -> None:
    """Compile everything now, half a minute at most, so that no merge has to; what is compiled already is not again."""
    halves, floats, rows = np.zeros(8, np.uint16), np.zeros(8, np.float32), np.zeros((1, 8), np.float32)
    flags, share, one = np.zeros(8, np.bool_), np.float32(1), np.ones(1, np.float32)
    squares, counts = np.zeros(2), np.zeros(4, np.int64)
    widen(halves, floats)
    narrow(floats, halves, floats.copy())
    combine(floats, share, rows, one, floats.copy())
    elect(rows, one, True, floats)
    add_onto(floats, share, floats.copy())
    choose(np.zeros(2, np.uint64), 0, np.uint32(1), 0.5, flags)
    keep(floats, flags, floats.copy())
    keep_from(floats, share, floats.copy())
    distances(rows, floats, rows.copy())
    between(floats, share, share, floats.copy())
    tally(floats, floats, floats, floats, floats, rows, rows, squares, counts)
    merge(
        np.zeros((2, 8), np.uint16), True, share, one, 0, one, flags.reshape(1, 8), one, True, True, share, halves,
        squares, counts,
    )  # fmt: skip
