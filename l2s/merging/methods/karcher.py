"""Karcher mean: the models' mean direction on the sphere, at their mean length, as in mergekit.

The mean of K unit vectors is sought by going along the mean of the arcs towards them, again and again
(Karcher 1977). It always lies in their span, so the search needs their K × K inner products only.
Two departures from mergekit: arithmetic is double precision; and a model that points straight away
from the mean so far, towards which no one arc is shortest, does not pull (mergekit divides by ≈ 0).
"""

import math
from collections.abc import Sequence

from pydantic import Field

from l2s.core.lazy import Tensor, torch
from l2s.core.params import Params
from l2s.merging.method import ForEachWeight, Merged, NoParams, Weight, merge_method
from l2s.merging.ops.gram import cosines, gram_of_whole, lengths_of
from l2s.merging.ops.sums import weighted_sum


class KarcherParams(Params):
    """Parameters of the whole merge."""

    max_iter: int = Field(10, ge=1)
    """Steps at most."""
    tol: float = Field(1e-5, gt=0)
    """Step length, in radians, at which the search ends; models not longer than this have no direction."""


def measure(each: ForEachWeight, params: KarcherParams, models: Sequence[NoParams]) -> list[float]:
    """The factor on each model."""
    products = gram_of_whole(each, lambda piece: piece.models).cpu()
    return shares(products, params.max_iter, params.tol)


@merge_method(KarcherParams, NoParams, needs_base=False, measure=measure)
def karcher(weight: Weight, params: KarcherParams, models: Sequence[NoParams]) -> Merged:
    """Σₖ ‖θₖ‖ / K times the mean direction; one model alone comes out as it is."""
    return Merged(weighted_sum(weight.models, weight.measured, normalize=False), weight.task_vectors)


def shares(products: Tensor, max_iter: int, tol: float) -> list[float]:
    """The factor on each of K vectors that makes their Karcher mean, given their Gram matrix ``[K, K]``."""
    if len(products) == 1:
        return [1.0]
    lengths = lengths_of(products)  # [K]
    directed = lengths > tol  # [K], M of them
    factors = torch.zeros_like(lengths)
    if directed.any():
        mean = mean_direction(cosines(products)[directed][:, directed], max_iter, tol)  # [M]
        factors[directed] = lengths.mean() * mean / lengths[directed]
    return [float(factor) for factor in factors]


def mean_direction(between: Tensor, max_iter: int, tol: float) -> Tensor:
    """The Karcher mean of M unit vectors as a combination of them, ``[M]``, given their cosines ``[M, M]``."""

    def length(combination: Tensor) -> float:
        return math.sqrt(max(0.0, float(combination @ between @ combination)))

    mean = torch.full_like(between[0], 1 / len(between))
    if length(mean) < tol:  # they cancel: start from one of them
        mean = torch.eye(len(between), dtype=between.dtype)[0]
    mean = mean / length(mean)
    for _ in range(max_iter):
        cosine = (between @ mean).clamp(-1, 1)
        angle = cosine.acos()
        defined = (angle >= tol) & (angle <= math.pi - tol)
        pull = torch.where(defined, angle / angle.sin(), 0.0) / len(between)  # [M]
        step = pull - (pull * cosine).sum() * mean  # the mean arc, tangent to the sphere
        if (far := length(step)) < tol:
            break
        mean = math.cos(far) * mean + math.sin(far) / far * step
        mean = mean / length(mean)
    return mean
