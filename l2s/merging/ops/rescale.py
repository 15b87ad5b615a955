"""Stretching thinned task vectors to the length they had."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from l2s.core.lazy import Tensor
from l2s.merging.method import Floats, ForEachWeight

Norms = list[float]
"""The L1 norm of each of K vectors."""


def l1_factors(each: ForEachWeight, norms: Callable[[Any], tuple[Norms, Norms]]) -> list[dict[str, list[float]]]:
    """For each weight by name, the L1 norm of each of K task vectors over the norm of what thinning leaves.

    mergekit's rescaling. A task vector that was thinned to zero stays zero.

    Args:
        each: goes through the pieces.
        norms: of a piece's task vectors, before and after trimming or dropping.
    """

    def factors(pieces: Iterable[Any]) -> dict[str, list[float]]:
        before, after, name = list[Norms](), list[Norms](), ""
        for piece in pieces:
            name = piece.name
            for found, kept in zip(norms(piece), (before, after), strict=True):
                kept.append(found)
        sums = zip(*(map(math.fsum, zip(*rows, strict=True)) for rows in (before, after)), strict=True)
        return {name: [whole / max(left, 1e-30) for whole, left in sums]}

    return each(factors)


def l1(vectors: Tensor) -> Norms:
    """The L1 norm of each of K vectors, ``[K, *shape]``."""
    norms: Norms = vectors.abs().reshape(len(vectors), -1).sum(1).tolist()
    return norms


def l1_of(magnitudes: Floats) -> Norms:
    """The L1 norm of each of K vectors, given the magnitudes of their entries, ``[K, entries]``."""
    norms: Norms = magnitudes.sum(1, dtype=np.float64).tolist()
    return norms


def stretched(thinned: Tensor, by: list[float]) -> Tensor:
    """Each of K thinned task vectors times its factor, in place; ``[K, *shape]``."""
    for k, factor in enumerate(by):
        thinned[k] *= factor
    return thinned
