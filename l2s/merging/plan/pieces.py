"""Pieces: how a weight is cut for merging. The cut depends on its shape alone, so that sums repeat to the bit."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

PIECE = 1 << 18
"""Entries of a piece, unless a single row has more: few enough that all its temporaries stay in the cache."""


@dataclass(frozen=True)
class Span:
    """Some rows of a weight, or some columns of a wide matrix."""

    start: int
    stop: int
    columns: bool = False


def spans(shape: tuple[int, ...], short: bool = False) -> Iterator[Span]:
    """Cut a weight into runs of whole rows; one of a single dimension stays whole.

    Args:
        shape: of the weight.
        short: cut along the longer side: a matrix with more columns than rows into runs of columns.
    """
    if len(shape) < 2:
        yield Span(0, shape[0] if shape else 1)
        return
    columns = short and len(shape) == 2 and shape[0] < shape[1]
    lines, entries = (shape[1], shape[0]) if columns else (shape[0], math.prod(shape[1:]))
    step = max(1, PIECE // max(1, entries))
    for start in range(0, lines, step):
        yield Span(start, min(lines, start + step), columns)
