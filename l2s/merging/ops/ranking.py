"""Cuts at an exact rank: entries of a whole weight ranked by magnitude, of equal ones the earlier first."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from l2s.core.lazy import Tensor, torch
from l2s.merging.method import Floats, ForEachWeight, Weight
from l2s.merging.ops.selection import Values, kth_smallest


@dataclass(frozen=True)
class Cut:
    """An entry of some rank, counted from 1 for the smallest; rank 0 lies before all entries."""

    value: float
    """Its magnitude."""
    equal: dict[int, int]
    """By a piece's start: how many entries of this magnitude the piece holds up to that rank."""


def cuts_at(each: ForEachWeight, values: Values, ranks: Callable[[int], Sequence[int]]) -> list[Cut]:
    """The entries of the given ranks in each of R rows of values, over all pieces of one weight.

    Args:
        each: goes through the pieces.
        values: of a piece: float32 ≥ 0, ``[R, entries of the piece]``.
        ranks: R ranks, given the number of all entries.
    """
    thresholds = kth_smallest(each, values, ranks)

    def count(pieces: Iterable[Weight]) -> list[tuple[int, list[tuple[int, int, int]]]]:
        return [(piece.start, _against(values(piece), thresholds)) for piece in pieces]

    (counts,) = each(count)
    total = sum(rows[0][0] for _, rows in counts)
    cuts = []
    for row, (value, rank) in enumerate(zip(thresholds, ranks(total), strict=True)):
        left, equal = rank - sum(rows[row][1] for _, rows in counts), dict[int, int]()
        for start, rows in counts:
            equal[start] = max(0, min(left, rows[row][2]))
            left -= equal[start]
        cuts.append(Cut(value, equal))
    return cuts


def beyond(entries: Tensor, cut: Cut, start: int) -> Tensor:
    """Zero the entries of one row of a piece that are ranked up to ``cut``; any shape, the same."""
    kept = at_least(entries, cut.value)
    if cut.value > 0 and cut.equal[start]:
        flat = kept.flatten()
        flat[(flat.abs() == cut.value).nonzero()[: cut.equal[start]]] = 0.0
        kept = flat.view_as(entries)
    return kept


def at_least(task_vector: Tensor, threshold: float) -> Tensor:
    """Zero what is smaller in magnitude than ``threshold``."""
    if threshold <= 0:
        return task_vector
    below = float(torch.nextafter(torch.tensor(threshold), torch.tensor(0.0)))
    return torch.nn.functional.hardshrink(task_vector, below)


def _against(values: Floats, thresholds: Sequence[float]) -> list[tuple[int, int, int]]:
    """For each row: how many entries it has, entries below the threshold, entries equal to it."""
    return [
        (row.size, int(np.count_nonzero(row < value)), int(np.count_nonzero(row == value)))
        for row, value in zip(values, thresholds, strict=True)
    ]
