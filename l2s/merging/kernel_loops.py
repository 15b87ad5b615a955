"""The loops behind :mod:`l2s.merging.kernels`, in the words that Numba compiles; imported only to be compiled.

What is summed is summed in a fixed order, without fused or reordered arithmetic, so that processors of all
widths give the same bits. Sums of 32 bits are written as such: Numba's own would take 64.
"""

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from l2s import loops
from l2s.loops import inner, read
from l2s.merging.kernels import APART, BLOCK, CHUNK, LANES, Counts, Doubles, Flags, Floats, Halves, Words

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

HALF1, FLOAT1, FLOAT2 = "uint16[::1]", "float32[::1]", "float32[:,::1]"
FLAG1, FLAG2, WORD1, DOUBLE1 = "boolean[::1]", "boolean[:,::1]", "uint64[::1]", "float64[::1]"
COUNT1, COUNT2 = "int64[::1]", "int64[:,::1]"

LOOPS: dict[str, Any] = {}
"""Those that are called from outside, compiled."""


outer = partial(loops.outer, LOOPS)


@outer(HALF1, FLOAT1, result="boolean")
def widen(stored: Halves, out: Floats) -> bool:
    """Bfloat16 to float32; are all entries finite?"""
    bits = out.view(np.uint32)
    largest = np.uint32(0)
    for i in range(stored.size):
        entry = np.uint32(np.uint32(stored[i]) << U16)
        bits[i] = entry
        largest = np.uint32(max(largest, np.uint32(entry & EXPONENT)))
    return bool(largest < EXPONENT)


@outer(FLOAT1, HALF1, FLOAT1, result="boolean")
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


@inner
def _add(row: Floats, factor: np.float32, total: Floats) -> None:
    for i in range(total.size):
        total[i] += row[i] * factor


@inner
def _scale(row: Floats, factor: np.float32, out: Floats) -> None:
    for i in range(out.size):
        out[i] = row[i] * factor


@outer(FLOAT1, "float32", FLOAT2, FLOAT1, FLOAT1)
def combine(base: Floats, share: np.float32, rows: Floats, factors: Floats, out: Floats) -> None:
    """The base times its share, plus Σₖ fₖ rₖ in the order of rows. What has the factor 0 is left out."""
    begun = share != ZERO
    if begun:
        _scale(base, share, out)
    for k in range(factors.size):
        if factors[k] == ZERO:
            continue
        if begun:
            _add(rows[k], factors[k], out)
        else:
            _scale(rows[k], factors[k], out)
        begun = True
    if not begun:
        out[:] = ZERO


@inner
def _agree(row: Floats, factor: np.float32, vote: Floats, total: Floats, divisor: Floats) -> None:
    for i in range(total.size):
        part = row[i] * factor
        part = part if vote[i] >= ZERO else -part
        total[i] += max(part, ZERO)
        divisor[i] += factor if part > ZERO else ZERO


@inner
def _divide(total: Floats, divisor: Floats) -> None:
    """Where it is next to zero, so is the total, or weights of both signs cancel: then as good as not divided."""
    for i in range(total.size):
        total[i] /= divisor[i] + (ONE if abs(divisor[i]) < SMALLEST else ZERO)


@inner
def _turn(vote: Floats, total: Floats, out: Floats) -> None:
    for i in range(out.size):
        out[i] = total[i] if vote[i] >= ZERO else -total[i]


@inner
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


@outer(FLOAT2, FLOAT1, "boolean", FLOAT2, FLOAT1)
def elect(rows: Floats, factors: Floats, normalize: bool, room: Floats, out: Floats) -> None:
    """``room`` is ``[3, BLOCK]``."""
    for start in range(0, out.size, BLOCK):
        stop = min(out.size, start + BLOCK)
        _elect(rows, start, stop, factors, normalize, room, out[start:stop])


@outer(FLOAT1, "float32", FLOAT1)
def add_onto(base: Floats, scale: np.float32, out: Floats) -> None:
    """``out`` times ``scale``, plus ``base``; in place."""
    for i in range(out.size):
        out[i] = out[i] * scale + base[i]


@inner
def _mix(seed: np.uint64, first: np.uint64, words: Words) -> None:
    """64 random bits for each of consecutive numbers."""
    for i in range(words.size):
        z = seed + (first + np.uint64(i) + np.uint64(1)) * GOLDEN
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        words[i] = z ^ (z >> np.uint64(31))


@inner
def _below(draws: Halves, steps: np.uint32, out: Flags) -> bool:
    """Which draws lie below; is any of them ``steps`` itself?"""
    equal = np.uint32(0)
    for i in range(out.size):
        draw = np.uint32(draws[i])
        out[i] = draw < steps
        equal = np.uint32(equal | np.uint32(draw == steps))
    return bool(equal != np.uint32(0))


@outer(WORD1, "int64", "uint32", "float64", WORD1, FLAG1)
def choose(seeds: Words, first: int, steps: np.uint32, rest: float, room: Words, out: Flags) -> None:
    """``room`` is ``[BLOCK / 4 + 2]``."""
    words, more = room[:-1], room[-1:]
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


@outer(FLOAT1, FLAG1, FLOAT1)
def keep(row: Floats, chosen: Flags, out: Floats) -> None:
    """What is chosen, and 0 elsewhere."""
    for i in range(out.size):
        out[i] = row[i] if chosen[i] else ZERO


@outer(FLOAT1, "float32", FLOAT1)
def keep_from(row: Floats, threshold: np.float32, out: Floats) -> None:
    """What is at least as large as ``threshold`` in magnitude, and 0 elsewhere."""
    for i in range(out.size):
        out[i] = row[i] if abs(row[i]) >= threshold else ZERO


@outer(FLOAT2, FLOAT1, FLOAT2)
def distances(models: Floats, base: Floats, out: Floats) -> None:
    """|θₖ − θ₀| of K rows."""
    for k in range(models.shape[0]):
        row, found = models[k], out[k]
        for i in range(base.size):
            found[i] = abs(row[i] - base[i])


@outer(FLOAT1, "float32", "float32", FLOAT1, COUNT1)
def between(values: Floats, low: np.float32, high: np.float32, out: Floats, counts: Counts) -> None:
    """Adds to ``counts`` how many are at most ``low``, and how many lie between."""
    below, inside, room = 0, 0, out.size
    for i in range(values.size):
        value = values[i]
        above = value > low
        if inside < room:
            out[inside] = value
        inside += above and value < high
        below += not above
    counts[0] += below
    counts[1] += inside


@inner
def _add_squares(left: Floats, right: Floats, lanes: Floats) -> None:
    for i in range(left.size):
        difference = left[i] - right[i]
        lanes[i] += difference * difference


@inner
def _empty(lanes: Floats, totals: Doubles) -> None:
    """Add the lanes of each row up, and begin anew."""
    for k in range(lanes.shape[0]):
        for lane in lanes[k]:
            totals[k] += np.float64(lane)
    lanes[:] = ZERO


@inner
def _differing(left: Floats, right: Floats) -> int:
    count = np.uint32(0)
    for i in range(left.size):
        count = np.uint32(count + np.uint32(left[i] != right[i]))
    return int(count)


@inner
def _note_signs(row: Floats, signs: Bits) -> int:
    bits = row.view(np.uint32)
    count = np.uint32(0)
    for i in range(row.size):
        present = np.uint32(np.uint32(bits[i] & MAGNITUDE) != np.uint32(0))  # neither 0 nor −0
        signs[i] = np.uint32(signs[i] | np.uint32(present << np.uint32(bits[i] >> U31)))
        count = np.uint32(count + present)
    return int(count)


@inner
def _both(signs: Bits) -> int:
    count = np.uint32(0)
    for i in range(signs.size):
        count = np.uint32(count + np.uint32(signs[i] == np.uint32(3)))
    return int(count)


@outer(FLOAT1, FLOAT1, FLOAT1, FLOAT1, FLOAT1, FLOAT2, FLOAT2, FLOAT2, DOUBLE1, COUNT1)
def tally(
    merged: Floats, reference: Floats, stored: Floats, held: Floats, base: Floats, models: Floats, summands: Floats,
    room: Floats, squares: Doubles, counts: Counts,
) -> None:  # fmt: skip
    """``room`` is ``[2 + K, LANES]``."""
    lanes, signs = room[:-1], room[-1].view(np.uint32)
    lanes[:] = ZERO
    for start in range(0, merged.size, LANES):
        stop = min(merged.size, start + LANES)
        width = stop - start
        found = signs[:width]
        found[:] = 0
        counts[0] += _differing(merged[start:stop], reference[start:stop])
        counts[1] += _differing(stored[start:stop], held[start:stop])
        _add_squares(merged[start:stop], reference[start:stop], lanes[0, :width])
        for k in range(models.shape[0]):
            _add_squares(models[k, start:stop], base[start:stop], lanes[1 + k, :width])
            counts[3 + k] += _note_signs(summands[k, start:stop], found)
        counts[2] += _both(found)
        if stop % CHUNK == 0:
            _empty(lanes, squares)
    _empty(lanes, squares)


PITCH = LANES + APART
"""Entries from row to row of :func:`merge`'s room: known to the compiler, which then needs not ask what overlaps."""
REFERENCE, MERGED, SIGNS, LANE, TOTAL, DIVISOR, NOUGHT, OWN = (row * PITCH for row in range(8))
"""Its rows; from OWN on each model has two, its lanes, and what is left of its task vector."""
UNCHANGED = np.float32(-0.0)
"""What changes no number it is added to, −0 neither."""
ALL, LARGE, CHOSEN = 0, 1, 2
"""What is kept of a task vector; below these, models themselves are summed up."""


@inner
def _begin(stored: Halves, share: np.float32, begun: np.float32, room: Floats) -> None:
    """Widen the reference, and begin the sum with its share."""
    bits = room.view(np.uint32)
    for i in range(stored.size):
        entry = np.uint32(np.uint32(stored[i]) << U16)
        bits[REFERENCE + i] = entry
        bits[SIGNS + i] = np.uint32(0)
        room[MERGED + i] = entry.view(np.float32) * share if share != ZERO else begun


@inner
def _add_model(stored: Halves, has_base: bool, factor: np.float32, room: Floats, own: Floats) -> int:
    """Widen a model's block, measure its task vector, and add the model to the sum.

    Returns:
        How many of the task vector's entries are not 0.
    """
    signs, count = room.view(np.uint32), np.uint32(0)
    for i in range(stored.size):
        value = np.uint32(np.uint32(stored[i]) << U16).view(np.float32)
        base = room[REFERENCE + i] if has_base else ZERO
        vector = np.float32(value - base)
        own[i] += vector * vector
        bits = vector.view(np.uint32)
        present = np.uint32(np.uint32(bits & MAGNITUDE) != np.uint32(0))  # neither 0 nor −0
        signs[SIGNS + i] = np.uint32(signs[SIGNS + i] | np.uint32(present << np.uint32(bits >> U31)))
        count = np.uint32(count + present)
        room[MERGED + i] += value * factor if factor != ZERO else UNCHANGED
    return int(count)


@inner
def _add_vector(
    stored: Halves, has_base: bool, threshold: np.float32, chosen: Flags, by_flag: bool, rescale: np.float32,
    factor: np.float32, room: Floats, own: Floats,
) -> int:  # fmt: skip
    """The same of what is left of the task vector after thinning, which stays in the model's second row."""
    signs, count = room.view(np.uint32), np.uint32(0)
    for i in range(stored.size):
        value = np.uint32(np.uint32(stored[i]) << U16).view(np.float32)
        base = room[REFERENCE + i] if has_base else ZERO
        vector = np.float32(value - base)
        own[i] += vector * vector
        keeps = chosen[i] if by_flag else abs(vector) >= threshold
        kept = vector if keeps else ZERO
        left = np.float32(kept * rescale)
        own[PITCH + i] = left
        bits = left.view(np.uint32)
        present = np.uint32(np.uint32(bits & MAGNITUDE) != np.uint32(0))
        signs[SIGNS + i] = np.uint32(signs[SIGNS + i] | np.uint32(present << np.uint32(bits >> U31)))
        count = np.uint32(count + present)
        room[MERGED + i] += left * factor if factor != ZERO else UNCHANGED
    return int(count)


@inner
def _end(room: Floats, out: Halves, counts: Counts) -> None:
    """Round a block, and measure it."""
    bits = room.view(np.uint32)
    moved, still, both = np.uint32(0), np.uint32(0), np.uint32(0)
    for i in range(out.size):
        reference, merged, entry = room[REFERENCE + i], room[MERGED + i], bits[MERGED + i]
        rounded = np.uint32(np.uint32(entry + HALF + np.uint32(np.uint32(entry >> U16) & U1)) & UPPER)
        out[i] = np.uint16(rounded >> U16)
        difference = merged - reference
        room[LANE + i] += difference * difference
        moved = np.uint32(moved + np.uint32(merged != reference))
        still = np.uint32(still + np.uint32(rounded.view(np.float32) != reference))
        both = np.uint32(both + np.uint32(bits[SIGNS + i] == np.uint32(3)))
    counts[0] += moved
    counts[1] += still
    counts[2] += both


@inner
def _elected(room: Floats, width: int, factors: Floats, normalize: bool) -> None:
    """What agrees with the sum's sign takes the sum's place."""
    vote, total, divisor = room[MERGED : MERGED + width], room[TOTAL : TOTAL + width], room[DIVISOR : DIVISOR + width]
    total[:] = ZERO
    divisor[:] = ZERO
    for k in range(factors.size):
        left = OWN + (2 * k + 1) * PITCH
        _agree(room[left : left + width], factors[k], vote, total, divisor)
    if normalize:
        _divide(total, divisor)
    _turn(vote, total, vote)


@inner
def _merge_block(
    rows: Halves, sources: Counts, start: int, has_base: bool, share: np.float32, begun: np.float32, weights: Floats,
    keeps: int, thresholds: Floats, chosen: Flags, place: int, factors: Floats, elects: bool, normalize: bool,
    scale: np.float32, room: Floats, out: Halves, counts: Counts,
) -> None:  # fmt: skip
    """Entries from ``start`` on of what was read; ``place`` is where they stand in ``chosen``."""
    width, first = out.size, sources[0, 2] + start
    _begin(rows[first : first + width], share, begun, room)
    for k in range(weights.size):
        first, own = sources[1 + k, 2] + start, room[OWN + 2 * k * PITCH :]
        stored = rows[first : first + width]
        if keeps < ALL:
            counts[3 + k] += _add_model(stored, has_base, weights[k], room, own)
        else:
            flags = chosen[k, place : place + width] if keeps == CHOSEN else chosen[k, :0]
            threshold = thresholds[k] if keeps == LARGE else ZERO
            counts[3 + k] += _add_vector(
                stored, has_base, threshold, flags, keeps == CHOSEN, factors[k], weights[k], room, own
            )
    if elects:
        _elected(room, width, weights, normalize)
    if keeps >= ALL:
        base = REFERENCE if has_base else NOUGHT
        add_onto(room[base : base + width], scale, room[MERGED : MERGED + width])
    _end(room, out, counts)


@inner
def _add_up(room: Floats, squares: Doubles) -> None:
    """Empty the lanes."""
    for k in range(squares.size):
        first = OWN + 2 * (k - 1) * PITCH if k > 0 else LANE
        for i in range(first, first + LANES):
            squares[k] += np.float64(room[i])
            room[i] = ZERO


@outer(
    COUNT2, "boolean", "float32", FLOAT1, "int64", FLOAT1, FLAG2, FLOAT1, "boolean", "boolean", "float32", HALF1,
    FLOAT1, HALF1, DOUBLE1, COUNT1, result="boolean",
)  # fmt: skip
def merge(
    sources: Counts, has_base: bool, share: np.float32, weights: Floats, keeps: int, thresholds: Floats, chosen: Flags,
    factors: Floats, elects: bool, normalize: bool, scale: np.float32, memory: Halves, room: Floats, out: Halves,
    squares: Doubles, counts: Counts,
) -> bool:  # fmt: skip
    """``sources`` are files, first bytes, and places in ``memory``, ``[1 + K, 3]``; ``room`` has 8 + 2 K rows."""
    begun = share != ZERO
    for weight in weights:
        begun = begun or weight != ZERO
    start = UNCHANGED if begun and not elects else ZERO
    room[:] = ZERO
    for skipped in range(0, out.size, CHUNK):
        wanted = min(CHUNK, out.size - skipped)
        for r in range(sources.shape[0]):
            row = memory.ctypes.data + 2 * sources[r, 2]
            if not read(sources[r, 0], sources[r, 1] + 2 * skipped, 2 * wanted, row):
                return False
        for at in range(0, wanted, LANES):
            place = skipped + at
            stop = min(place + LANES, skipped + wanted)
            _merge_block(
                memory, sources, at, has_base, share, start, weights, keeps, thresholds, chosen, place, factors, elects,
                normalize, scale, room, out[place:stop], counts,
            )  # fmt: skip
        _add_up(room, squares)
    return True
