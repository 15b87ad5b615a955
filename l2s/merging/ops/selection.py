"""Order statistics of very many entries in bounded memory: exactly the k-th smallest, without a sort.

A sample brackets the k-th smallest; one pass then counts what lies below the bracket and collects what
lies inside, about one entry in a hundred; the k-th smallest is found among those. Should the bracket
miss it, bisection over the bit patterns of float32 finds it, slowly but surely.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from l2s.merging.kernels import kernels
from l2s.merging.method import Distances, Floats, ForEachWeight, Weight

SAMPLE = 1 << 17
"""Entries sampled at least; up to eight times as many are looked at whole."""
SPREAD = 1 << 12
"""Where there are more entries, one in at least so many is sampled."""
SIGMAS = 4.0
"""Half the width of the bracket, in standard deviations of the sample's quantile."""
LARGEST = 0x7F7FFFFF
"""Bit pattern of the largest float32."""

Piece = Weight | Distances
Values = Callable[[Any], Floats]


@runtime_checkable
class Sampled(Protocol):
    """Pieces of a weight that can be sampled without being read whole."""

    shape: tuple[int, ...]
    """The shape of the whole weight."""

    def sampled(self, every: int) -> Iterable[Piece]:
        """The pieces' entries at multiples of ``every``, counted over the whole weight; in one dimension."""
        ...


def kth_smallest(each: ForEachWeight, values: Values, ranks: Callable[[int], Sequence[int]]) -> list[float]:
    """The k-th smallest of each of R rows of values, over all pieces of all weights that ``each`` goes through.

    Args:
        each: goes through the pieces.
        values: of a piece: float32 ≥ 0, ``[R, entries of the piece]``.
        ranks: R ranks, counted from 1, given the number of all entries; 0 gives 0.0.
    """
    total = sum(each(_entries))
    wanted = list(ranks(total))
    stride = 1 if total <= 8 * SAMPLE else _next_prime(total // max(SAMPLE, total // SPREAD))
    sampled = each(lambda pieces: _sample(pieces, values, stride))
    rows = [np.concatenate([weight[row] for weight in sampled]) for row in range(len(wanted))]
    if stride == 1:
        return [_kth(row, rank) for row, rank in zip(rows, wanted, strict=True)]
    brackets = [_bracket(row, rank, total) for row, rank in zip(rows, wanted, strict=True)]
    share = 2 * SIGMAS / math.sqrt(rows[0].size)  # of entries that a bracket holds, about, at the most
    counted = each(lambda pieces: _count(pieces, values, brackets, share))
    found = []
    for row, (rank, bracket) in enumerate(zip(wanted, brackets, strict=True)):
        below, equal = sum(weight[row].below for weight in counted), sum(weight[row].equal for weight in counted)
        inside = np.concatenate([weight[row].inside() for weight in counted])
        if rank == 0 or below < rank <= below + inside.size:
            found.append(_kth(inside, max(0, rank - below)))
        elif below < rank <= below + equal:
            found.append(bracket[0])
        else:
            found.append(_at_an_end(each, values, row, rank, bracket))
    return found


def _sample(pieces: Iterable[Piece], values: Values, stride: int) -> Floats:
    """Values of every ``stride``-th entry of a weight, ``[R, entries]``.

    One buffer a weight: many small ones, kept while pieces come and go, would leave the heap full of holes.
    """
    buffer, filled = np.empty((0, 0), np.float32), 0
    sampled = isinstance(pieces, Sampled)
    for piece in pieces.sampled(stride) if isinstance(pieces, Sampled) else pieces:
        found = values(piece) if sampled else values(piece)[:, -piece.start % stride :: stride]
        if not filled:
            buffer = np.empty((found.shape[0], -(-math.prod(piece.shape) // stride)), np.float32)
        buffer[:, filled : filled + found.shape[1]] = found
        filled += found.shape[1]
    return buffer


def _entries(pieces: Iterable[Piece]) -> int:
    """The number of entries of the whole weight; nothing is read, or no more than the first piece."""
    return math.prod(pieces.shape if isinstance(pieces, Sampled) else next(iter(pieces)).shape)


def _kth(row: Floats, rank: int) -> float:
    return float(np.partition(row, rank - 1)[rank - 1]) if rank else 0.0


def _bracket(sample: Floats, rank: int, total: int) -> tuple[float, float]:
    """Values that the k-th smallest lies above, or at, and below, or at; but for bad luck."""
    count, share = sample.size, rank / total
    width = SIGMAS * math.sqrt(count * share * (1 - share)) + 2
    low, high = math.floor(count * share - width), math.ceil(count * share + width)
    return _kth(sample, low) if low >= 1 else -1.0, _kth(sample, high) if high <= count else math.inf


@dataclass
class Counted:
    """A row of a weight's values, held against its bracket."""

    room: Floats
    """Where the entries between ``low`` and ``high`` are put."""
    below: int = 0
    """Entries at most ``low``; below it, where the bracket closed on one frequent value."""
    filled: int = 0
    equal: int = 0
    """Where the bracket closed: entries of that value."""

    def add(self, row: Floats, low: float, high: float) -> None:
        """Count a piece."""
        if low == high:
            below, up_to = _around(row, low)
            self.below, self.equal = self.below + below, self.equal + up_to - below
            return
        below, inside = self._between(row, low, high)
        if self.filled + inside > self.room.size:  # once more, with the room that it takes
            self.room = np.concatenate([self.room, np.empty(self.room.size + inside, np.float32)])
            self._between(row, low, high)
        self.below, self.filled = self.below + below, self.filled + inside

    def _between(self, row: Floats, low: float, high: float) -> tuple[int, int]:
        return kernels.between(row, low, high, self.room[self.filled :])

    def inside(self) -> Floats:
        """Entries between ``low`` and ``high``."""
        return self.room[: self.filled]


def _count(pieces: Iterable[Piece], values: Values, brackets: list[tuple[float, float]], share: float) -> list[Counted]:
    counted = list[Counted]()
    for piece in pieces:
        rows = values(piece)
        if not counted:
            room = int(1.5 * share * math.prod(piece.shape)) + 64
            counted = [Counted(np.empty(0 if low == high else room, np.float32)) for low, high in brackets]
        for found, row, (low, high) in zip(counted, rows, brackets, strict=True):
            found.add(row, low, high)
    return counted


def _at_an_end(each: ForEachWeight, values: Values, row: int, rank: int, bracket: tuple[float, float]) -> float:
    """Where the k-th smallest is one of the bracket's ends, a value that very many entries share; or outside."""
    for end in bracket:
        counts = each(_counting(values, row, end))
        below, up_to = (sum(count[side] for count in counts) for side in (0, 1))
        if below < rank <= up_to:
            return end
    return _bisect(each, values, row, rank)


def _counting(values: Values, row: int, value: float) -> Callable[[Iterable[Piece]], tuple[int, int]]:
    """Counts a weight's entries below a value, and those up to it."""

    def count(pieces: Iterable[Piece]) -> tuple[int, int]:
        below, up_to = zip(*(_around(values(piece)[row], value) for piece in pieces), strict=True)
        return sum(below), sum(up_to)

    return count


def _around(row: Floats, value: float) -> tuple[int, int]:
    return int(np.count_nonzero(row < value)), int(np.count_nonzero(row <= value))


def _bisect(each: ForEachWeight, values: Values, row: int, rank: int) -> float:
    """Over bit patterns: those of floats ≥ 0 sort as integers do."""
    low, high = 0, LARGEST
    while low < high:
        middle = (low + high) // 2
        bound = _float_of(middle)
        up_to = sum(count for _, count in each(_counting(values, row, bound)))
        low, high = (low, middle) if up_to >= rank else (middle + 1, high)
    return _float_of(low)


def _float_of(bits: int) -> float:
    return float(np.uint32(bits).view(np.float32))


def _next_prime(number: int) -> int:
    """The smallest prime at least ``number``: a stride that meets every column of a matrix."""
    while number < 2 or any(number % divisor == 0 for divisor in range(2, math.isqrt(number) + 1)):
        number += 1
    return number
