"""The loops behind :mod:`l2s.merging.kernels.kernels`, compiled by Numba, which only this module imports.

Every constant that they are compiled with stands here: Numba compiles anew when this file changes, and only then.

What is summed is summed in a fixed order, without fused or reordered arithmetic, so that processors of all
widths give the same bits. Sums of 32 bits are written as such: Numba's own would take 64.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
import numpy.typing as npt

from l2s.merging.kernels.arrays import Counts, Doubles, Flags, Floats, Halves, Words

BLOCK = 1 << 11
"""Entries of a kernel's own temporaries: they stay in the nearest cache."""
ACCUMULATORS = 1 << 10
"""Sums run side by side, in float32, before they are added up in float64."""
UNROLL = 1 << 5
"""Summands of an accumulator."""
CHUNK = UNROLL * ACCUMULATORS
"""Entries after which accumulators are added up."""
PADDING = 1 << 4
"""Entries between rows of temporaries: at distances of a page, a store would hold up the loads of other rows."""

Bits = npt.NDArray[np.uint32]

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

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a kernel at its first call, or load what an earlier process compiled; it runs without Python's lock.

    Numba keeps the code beside the source, or in the user's cache folder, or in ``NUMBA_CACHE_DIR``. Where it can
    write to none of them, every process compiles anew.
    """
    try:
        made: Function = numba.njit(function, nogil=True, error_model="numpy", cache=True)
    except RuntimeError:  # nowhere to keep it
        made = inlined(function)
    return made


def inlined(function: Function) -> Function:
    """Compile a function as a part of the kernels that call it."""
    made: Function = numba.njit(function, nogil=True, error_model="numpy")
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


@inlined
def _agree(row: Floats, factor: np.float32, vote: Floats, total: Floats, divisor: Floats) -> None:
    for i in range(total.size):
        part = row[i] * factor
        part = part if vote[i] >= ZERO else -part
        total[i] += max(part, ZERO)
        divisor[i] += factor if part > ZERO else ZERO


@inlined
def _divide(total: Floats, divisor: Floats) -> None:
    """Where it is next to zero, so is the total, or weights of both signs cancel: then as good as not divided."""
    for i in range(total.size):
        total[i] /= divisor[i] + (ONE if abs(divisor[i]) < SMALLEST else ZERO)


@inlined
def _turn(vote: Floats, total: Floats, out: Floats) -> None:
    for i in range(out.size):
        out[i] = total[i] if vote[i] >= ZERO else -total[i]


@inlined
def _add_onto(base: Floats, scale: np.float32, out: Floats) -> None:
    """``out`` times ``scale``, plus ``base``; in place."""
    for i in range(out.size):
        out[i] = out[i] * scale + base[i]


@inlined
def _mix(seed: np.uint64, first: np.uint64, words: Words) -> None:
    """64 random bits for each of consecutive numbers."""
    for i in range(words.size):
        z = seed + (first + np.uint64(i) + np.uint64(1)) * GOLDEN
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        words[i] = z ^ (z >> np.uint64(31))


@inlined
def _below(draws: Halves, steps: np.uint32, out: Flags) -> bool:
    """Which draws lie below; is any of them ``steps`` itself?"""
    equal = np.uint32(0)
    for i in range(out.size):
        draw = np.uint32(draws[i])
        out[i] = draw < steps
        equal = np.uint32(equal | np.uint32(draw == steps))
    return bool(equal != np.uint32(0))


@compiled
def choose(seeds: Words, first: int, steps: np.uint32, rest: float, scratch: Words, out: Flags) -> None:
    """``scratch`` is ``[BLOCK / 4 + 2]``."""
    words, more = scratch[:-1], scratch[-1:]
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
def distances(models: Floats, base: Floats, out: Floats) -> None:
    """|θₖ − θ₀| of K rows."""
    for k in range(models.shape[0]):
        row, found = models[k], out[k]
        for i in range(base.size):
            found[i] = abs(row[i] - base[i])


@compiled
def between(values: Floats, low: np.float32, high: np.float32, out: Floats, counts: Counts) -> None:
    """Adds to ``counts`` how many are at most ``low``, and how many lie between."""
    below, inside, scratch = 0, 0, out.size
    for i in range(values.size):
        value = values[i]
        above = value > low
        if inside < scratch:
            out[inside] = value
        inside += above and value < high
        below += not above
    counts[0] += below
    counts[1] += inside


@inlined
def _add_squares(left: Floats, right: Floats, accumulators: Floats) -> None:
    for i in range(left.size):
        difference = left[i] - right[i]
        accumulators[i] += difference * difference


@inlined
def _empty(accumulators: Floats, totals: Doubles) -> None:
    """Add the accumulators of each row up, and begin anew."""
    for k in range(accumulators.shape[0]):
        for accumulator in accumulators[k]:
            totals[k] += np.float64(accumulator)
    accumulators[:] = ZERO


@inlined
def _differing(left: Floats, right: Floats) -> int:
    count = np.uint32(0)
    for i in range(left.size):
        count = np.uint32(count + np.uint32(left[i] != right[i]))
    return int(count)


@inlined
def _note_signs(row: Floats, signs: Bits) -> int:
    bits = row.view(np.uint32)
    count = np.uint32(0)
    for i in range(row.size):
        present = np.uint32(np.uint32(bits[i] & MAGNITUDE) != np.uint32(0))  # neither 0 nor −0
        signs[i] = np.uint32(signs[i] | np.uint32(present << np.uint32(bits[i] >> U31)))
        count = np.uint32(count + present)
    return int(count)


@inlined
def _both(signs: Bits) -> int:
    count = np.uint32(0)
    for i in range(signs.size):
        count = np.uint32(count + np.uint32(signs[i] == np.uint32(3)))
    return int(count)


@compiled
def tally(
    merged: Floats, reference: Floats, stored: Floats, held: Floats, base: Floats, models: Floats, summands: Floats,
    scratch: Floats, squares: Doubles, counts: Counts,
) -> None:  # fmt: skip
    """``scratch`` is ``[2 + K, ACCUMULATORS]``."""
    accumulators, signs = scratch[:-1], scratch[-1].view(np.uint32)
    accumulators[:] = ZERO
    for start in range(0, merged.size, ACCUMULATORS):
        stop = min(merged.size, start + ACCUMULATORS)
        width = stop - start
        found = signs[:width]
        found[:] = 0
        counts[0] += _differing(merged[start:stop], reference[start:stop])
        counts[1] += _differing(stored[start:stop], held[start:stop])
        _add_squares(merged[start:stop], reference[start:stop], accumulators[0, :width])
        for k in range(models.shape[0]):
            _add_squares(models[k, start:stop], base[start:stop], accumulators[1 + k, :width])
            counts[3 + k] += _note_signs(summands[k, start:stop], found)
        counts[2] += _both(found)
        if stop % CHUNK == 0:
            _empty(accumulators, squares)
    _empty(accumulators, squares)


PITCH = ACCUMULATORS + PADDING
"""Entries from row to row of :func:`merge`'s scratch: known to the compiler, which then needs not ask what overlaps."""
REFERENCE, MERGED, SIGNS, ACCUMULATOR, TOTAL, DIVISOR, NOUGHT, OWN = (row * PITCH for row in range(8))
"""Its rows; from OWN on each model has two, its accumulators, and what is left of its task vector."""
UNCHANGED = np.float32(-0.0)
"""What changes no number it is added to, −0 neither."""
ALL, LARGE, CHOSEN = 0, 1, 2
"""What is kept of a task vector; below these, models themselves are summed up."""


@inlined
def _begin(stored: Halves, share: np.float32, begun: np.float32, scratch: Floats) -> None:
    """Widen the reference, and begin the sum with its share."""
    bits = scratch.view(np.uint32)
    for i in range(stored.size):
        entry = np.uint32(np.uint32(stored[i]) << U16)
        bits[REFERENCE + i] = entry
        bits[SIGNS + i] = np.uint32(0)
        scratch[MERGED + i] = entry.view(np.float32) * share if share != ZERO else begun


@inlined
def _add_model(stored: Halves, has_base: bool, factor: np.float32, scratch: Floats, own: Floats) -> int:
    """Widen a model's block, measure its task vector, and add the model to the sum.

    Returns:
        How many of the task vector's entries are not 0.
    """
    signs, count = scratch.view(np.uint32), np.uint32(0)
    for i in range(stored.size):
        value = np.uint32(np.uint32(stored[i]) << U16).view(np.float32)
        base = scratch[REFERENCE + i] if has_base else ZERO
        vector = np.float32(value - base)
        own[i] += vector * vector
        bits = vector.view(np.uint32)
        present = np.uint32(np.uint32(bits & MAGNITUDE) != np.uint32(0))  # neither 0 nor −0
        signs[SIGNS + i] = np.uint32(signs[SIGNS + i] | np.uint32(present << np.uint32(bits >> U31)))
        count = np.uint32(count + present)
        scratch[MERGED + i] += value * factor if factor != ZERO else UNCHANGED
    return int(count)


@inlined
def _add_vector(
    stored: Halves, has_base: bool, threshold: np.float32, masks: Flags, by_flag: bool, rescale: np.float32,
    factor: np.float32, scratch: Floats, own: Floats,
) -> int:  # fmt: skip
    """The same of what is left of the task vector after thinning, which stays in the model's second row."""
    signs, count = scratch.view(np.uint32), np.uint32(0)
    for i in range(stored.size):
        value = np.uint32(np.uint32(stored[i]) << U16).view(np.float32)
        base = scratch[REFERENCE + i] if has_base else ZERO
        vector = np.float32(value - base)
        own[i] += vector * vector
        keeps = masks[i] if by_flag else abs(vector) >= threshold
        kept = vector if keeps else ZERO
        left = np.float32(kept * rescale)
        own[PITCH + i] = left
        bits = left.view(np.uint32)
        present = np.uint32(np.uint32(bits & MAGNITUDE) != np.uint32(0))
        signs[SIGNS + i] = np.uint32(signs[SIGNS + i] | np.uint32(present << np.uint32(bits >> U31)))
        count = np.uint32(count + present)
        scratch[MERGED + i] += left * factor if factor != ZERO else UNCHANGED
    return int(count)


@inlined
def _end(scratch: Floats, out: Halves, counts: Counts) -> None:
    """Round a block, and measure it."""
    bits = scratch.view(np.uint32)
    moved, still, both = np.uint32(0), np.uint32(0), np.uint32(0)
    for i in range(out.size):
        reference, merged, entry = scratch[REFERENCE + i], scratch[MERGED + i], bits[MERGED + i]
        rounded = np.uint32(np.uint32(entry + HALF + np.uint32(np.uint32(entry >> U16) & U1)) & UPPER)
        out[i] = np.uint16(rounded >> U16)
        difference = merged - reference
        scratch[ACCUMULATOR + i] += difference * difference
        moved = np.uint32(moved + np.uint32(merged != reference))
        still = np.uint32(still + np.uint32(rounded.view(np.float32) != reference))
        both = np.uint32(both + np.uint32(bits[SIGNS + i] == np.uint32(3)))
    counts[0] += moved
    counts[1] += still
    counts[2] += both


@inlined
def _elected(scratch: Floats, width: int, factors: Floats, normalize: bool) -> None:
    """What agrees with the sum's sign takes the sum's place."""
    vote, total, divisor = (
        scratch[MERGED : MERGED + width],
        scratch[TOTAL : TOTAL + width],
        scratch[DIVISOR : DIVISOR + width],
    )
    total[:] = ZERO
    divisor[:] = ZERO
    for k in range(factors.size):
        left = OWN + (2 * k + 1) * PITCH
        _agree(scratch[left : left + width], factors[k], vote, total, divisor)
    if normalize:
        _divide(total, divisor)
    _turn(vote, total, vote)


@inlined
def _merge_block(
    memory: Halves, firsts: Counts, start: int, has_base: bool, share: np.float32, begun: np.float32, weights: Floats,
    keeps: int, thresholds: Floats, masks: Flags, place: int, factors: Floats, elects: bool, normalize: bool,
    scale: np.float32, scratch: Floats, out: Halves, counts: Counts,
) -> None:  # fmt: skip
    """Entries from ``start`` on of what was read; ``place`` is where they stand in ``masks``."""
    width, first = out.size, firsts[0] + start
    _begin(memory[first : first + width], share, begun, scratch)
    for k in range(weights.size):
        first, own = firsts[1 + k] + start, scratch[OWN + 2 * k * PITCH :]
        stored = memory[first : first + width]
        if keeps < ALL:
            counts[3 + k] += _add_model(stored, has_base, weights[k], scratch, own)
        else:
            flags = masks[k, place : place + width] if keeps == CHOSEN else masks[k, :0]
            threshold = thresholds[k] if keeps == LARGE else ZERO
            counts[3 + k] += _add_vector(
                stored, has_base, threshold, flags, keeps == CHOSEN, factors[k], weights[k], scratch, own
            )
    if elects:
        _elected(scratch, width, weights, normalize)
    if keeps >= ALL:
        base = REFERENCE if has_base else NOUGHT
        _add_onto(scratch[base : base + width], scale, scratch[MERGED : MERGED + width])
    _end(scratch, out, counts)


@inlined
def _add_up(scratch: Floats, squares: Doubles) -> None:
    """Empty the accumulators."""
    for k in range(squares.size):
        first = OWN + 2 * (k - 1) * PITCH if k > 0 else ACCUMULATOR
        for i in range(first, first + ACCUMULATORS):
            squares[k] += np.float64(scratch[i])
            scratch[i] = ZERO


@compiled
def merge(
    memory: Halves, firsts: Counts, skipped: int, has_base: bool, share: np.float32, weights: Floats, keeps: int,
    thresholds: Floats, masks: Flags, factors: Floats, elects: bool, normalize: bool, scale: np.float32,
    scratch: Floats, out: Halves, squares: Doubles, counts: Counts,
) -> None:  # fmt: skip
    """See :func:`l2s.merging.kernels.kernels.merge`; ``scratch`` has 8 + 2 K rows."""
    begun = share != ZERO
    for weight in weights:
        begun = begun or weight != ZERO
    start = UNCHANGED if begun and not elects else ZERO
    scratch[:] = ZERO
    for at in range(0, out.size, ACCUMULATORS):
        stop = min(at + ACCUMULATORS, out.size)
        _merge_block(
            memory, firsts, at, has_base, share, start, weights, keeps, thresholds, masks, skipped + at, factors,
            elects, normalize, scale, scratch, out[at:stop], counts,
        )  # fmt: skip
        if stop % CHUNK == 0 or stop == out.size:
            _add_up(scratch, squares)
