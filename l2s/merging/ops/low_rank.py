"""Functions of singular values through the Gram matrix: a matrix is gone through in pieces, and never decomposed.

Of a matrix X = U Σ Vᵀ, ``[rows, s]`` with s its shorter side, only XᵀX = V Σ² Vᵀ is summed up, piece by piece,
and decomposed. U f(Σ) Vᵀ is then X P with P = V f(Σ)/Σ Vᵀ, ``[s, s]``, which every piece is multiplied by alone.

Time: 2 rows s² operations for the sum, about 10 s³ for the decomposition. Sum and decomposition are float64:
squaring halves the digits, so singular values below 1e-8 of the largest are noise. That does no harm here, where
small ones are shrunk or dropped; the product X P has an error of that order at most.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from l2s.core.lazy import Tensor, torch
from l2s.merging.method import ForEachWeight, Merged, Weight

EXPERTS = re.compile(r"(?:^|[._])(?:experts?|moe)(?:[._]|$)")


def gram(pieces: Iterable[Weight], matrices: Callable[[Weight], Tensor]) -> Tensor | None:
    """The Gram matrices XᵀX of B matrices that have the rows of one weight.

    Args:
        pieces: of the weight.
        matrices: of a piece: its rows of the B matrices, float32, ``[B, rows, s]``.

    Returns:
        float64, ``[B, s, s]``; None where the weight is no matrix.
    """
    total: Tensor | None = None
    for piece in pieces:
        if not is_matrix(piece):
            return None
        rows = matrices(piece).double()  # [B, rows, s]
        if total is None:
            total = rows.new_zeros(rows.shape[0], rows.shape[2], rows.shape[2])
        total.baddbmm_(rows.mT, rows)
    return total


def is_matrix(weight: Weight) -> bool:
    """Has it singular values? A stack of experts' biases has none."""
    return weight.base.dim() == 2 and not weight.name.endswith("bias")


def is_stack(name: str, shape: tuple[int, ...]) -> bool:
    """Is it a stack of experts' matrices, ``[E, rows, columns]``, of which each has singular values of its own?"""
    return len(shape) == 3 and EXPERTS.search(name) is not None


def matrix_by_matrix(
    weight: Weight, params: Any, models: Sequence[Any], merge: Callable[[Weight, Any, Sequence[Any]], Merged],
    measure: Callable[[ForEachWeight, Any, Sequence[Any]], Any],
) -> Merged:  # fmt: skip
    """Merge each of a stack of matrices by itself; pieces of a stack hold whole matrices."""
    merged = []
    for number, base in enumerate(weight.base):
        one = replace(weight, base=base, models=weight.models[:, number], whole=tuple(base.shape), measured=None)
        wide = base.shape[0] < base.shape[1]
        turned = replace(one, base=base.T, models=one.models.mT) if wide else one
        measured = measure(lambda function, label="", piece=turned: [function([piece])], params, models)
        found = merge(replace(turned, measured=measured), params, models)
        merged.append(Merged(found.value.T, found.summands.mT) if wide else found)
    return Merged(torch.stack([one.value for one in merged]), torch.stack([one.summands for one in merged], dim=1))


def right_singular(gram: Tensor) -> tuple[Tensor, Tensor]:
    """Σ, largest first, float64, ``[s]``, and V, its vectors in columns, ``[s, s]``."""
    squares, vectors = torch.linalg.eigh(gram)
    return squares.flip(-1).clamp(min=0).sqrt(), vectors.flip(-1)


def shrinkage(gram: Tensor, threshold: Callable[[Tensor], float]) -> Tensor:
    """P with X P = U max(Σ − t, 0) Vᵀ, float64, ``[s, s]``.

    Args:
        gram: XᵀX, float64, ``[s, s]``.
        threshold: t ≥ 0, given Σ, largest first.
    """
    sigma, vectors = right_singular(gram)
    cut = threshold(sigma)
    kept = sigma > cut
    vectors, sigma = vectors[:, kept], sigma[kept]
    return (vectors * (1 - cut / sigma)) @ vectors.T


def leading(gram: Tensor, rank: int) -> Tensor:
    """V of the ``rank`` largest singular values, ``[s, rank]``: X V Vᵀ is the nearest matrix of that rank."""
    return right_singular(gram)[1][:, :rank]
