"""Stretching thinned task vectors to the length they had."""

import math
from collections.abc import Callable, Iterable

from torch import Tensor

from l2s.merging.method import Each, Weight

Thin = Callable[[Weight], Tensor]


def l1_factors(each: Each, thin: Thin) -> list[dict[str, list[float]]]:
    """Of each weight: by its name, each of K models' L1 norm over the norm of what thinning leaves.

    mergekit's rescaling. A task vector that was thinned to zero stays zero.

    Args:
        each: goes through the pieces.
        thin: a piece's task vectors after trimming or dropping, ``[K, *shape]``.
    """

    def factors(pieces: Iterable[Weight]) -> dict[str, list[float]]:
        before, after, name = list[list[float]](), list[list[float]](), ""
        for piece in pieces:
            name = piece.name
            before.append(_l1(piece.task_vectors))
            after.append(_l1(thin(piece)))
        norms = zip(*(map(math.fsum, zip(*rows, strict=True)) for rows in (before, after)), strict=True)
        return {name: [whole / max(left, 1e-30) for whole, left in norms]}

    return each(factors)


def _l1(vectors: Tensor) -> list[float]:
    norms: list[float] = vectors.abs().reshape(len(vectors), -1).sum(1).tolist()  # [K]
    return norms


def stretched(thinned: Tensor, by: list[float]) -> Tensor:
    """Each of K thinned task vectors times its factor, in place; ``[K, *shape]``."""
    for tau, factor in zip(thinned, by, strict=True):
        tau.mul_(factor)
    return thinned
