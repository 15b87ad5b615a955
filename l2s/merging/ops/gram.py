"""Gram matrices of the models' weights: the inner products that lengths and angles follow from."""

from collections.abc import Callable, Iterable, Sequence

from l2s.core.lazy import Tensor, torch
from l2s.merging.method import ForEachWeight, Weight

Vectors = Tensor | Sequence[Tensor]
"""M tensors of one shape."""


def gram(vectors: Vectors, dim: int | None = None) -> Tensor:
    """⟨vᵢ, vⱼ⟩ of M tensors of one shape, float64 ``[M, M]``.

    In float32 a cosine of 1 could be off by the square of an angle of 3e-4, so all of it is float64.

    Args:
        vectors: M tensors, ``[*shape]``.
        dim: take them for bundles of vectors along this dimension; the result is ``[M, M, *shape]`` with
            size 1 there.
    """
    doubles, count = [vector.double() for vector in vectors], len(vectors)
    upper = {(i, j): _inner(doubles[i], doubles[j], dim) for i in range(count) for j in range(i, count)}
    return torch.stack([torch.stack([upper[min(i, j), max(i, j)] for j in range(count)]) for i in range(count)])


def gram_of_whole(each: ForEachWeight, vectors: Callable[[Weight], Vectors], dim: int | None = None) -> Tensor:
    """As :func:`gram`, of a whole weight; ``dim`` None, or 0, along which the pieces continue each other."""

    def added(pieces: Iterable[Weight]) -> Tensor:
        first, *others = (gram(vectors(piece), dim) for piece in pieces)
        return sum(others, first)

    (whole,) = each(added)
    return whole


def cosines(products: Tensor) -> Tensor:
    """The cosines that a Gram matrix gives, ``[M, M, …]`` both; 0 for a vector of zeros, which has no direction."""
    lengths = lengths_of(products)
    together = lengths[:, None] * lengths[None]
    return torch.where(together > 0, products / together, 0.0).clamp(-1, 1)


def lengths_of(products: Tensor) -> Tensor:
    """‖vᵢ‖, ``[M, …]``."""
    return torch.stack([products[i, i] for i in range(len(products))]).sqrt()


def _inner(first: Tensor, second: Tensor, dim: int | None) -> Tensor:
    entries = first * second
    return entries.sum() if dim is None else entries.sum(dim, keepdim=True)
