"""Stretching thinned task vectors to the length they had."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from l2s.merging.method import Each, Entries, WeightOf

Thin = Callable[[WeightOf[Any]], Any]


def l1_factors(each: Each, thin: Thin) -> list[dict[str, list[float]]]:
    """Of each weight: by its name, each of K models' L1 norm over the norm of what thinning leaves.

    mergekit's rescaling. A task vector that was thinned to zero stays zero.

    Args:
        each: goes through the pieces.
        thin: a piece's task vectors after trimming or dropping, ``[K, *shape]``.
    """

    def factors(pieces: Iterable[WeightOf[Any]]) -> dict[str, list[float]]:
        before, after, name = list[list[float]](), list[list[float]](), ""
        for piece in pieces:
            name = piece.name
            before.append(_l1(piece.task_vectors))
            after.append(_l1(thin(piece)))
        norms = zip(*(map(math.fsum, zip(*rows, strict=True)) for rows in (before, after)), strict=True)
        return {name: [whole / max(left, 1e-30) for whole, left in norms]}

    return each(factors)


def _l1(vectors: Entries) -> list[float]:
    """Of each of K."""
    if isinstance(vectors, np.ndarray):
        norms: list[float] = np.abs(vectors).reshape(len(vectors), -1).sum(1, dtype=np.float64).tolist()
    else:
        norms = vectors.abs().reshape(len(vectors), -1).sum(1).tolist()
    return norms


def stretched(thinned: Entries, by: list[float]) -> Entries:
    """Each of K thinned task vectors times its factor, in place; ``[K, *shape]``."""
    for k, factor in enumerate(by):
        thinned[k] *= factor
    return thinned
