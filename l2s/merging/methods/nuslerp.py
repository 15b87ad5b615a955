"""NuSLERP: SLERP of two models by their weights, perhaps of their task vectors, as in mergekit.

Against ``slerp``: the base, if one is named, is not one of the two, but what their task vectors start
from; the place on the way is w₂ / (w₁ + w₂); each row or column can have an arc of its own; and only
vectors that are parallel to float32's precision are taken for a straight line. A vector of zeros
counts as orthogonal to all others.
"""

from collections.abc import Sequence

from l2s.core.lazy import Tensor, torch
from l2s.core.params import Params
from l2s.merging.method import ForEachWeight, Merged, Weight, merge_method
from l2s.merging.methods.linear import ModelWeight
from l2s.merging.ops.gram import cosines, gram, gram_of_whole

PARALLEL = 1e-7
"""1 − |cos Ω| below which the arc is a straight line: where float32, and so mergekit, finds sin Ω = 0."""
SMALLEST = 1e-6
"""Weights whose sum is nearer to zero count alike (mergekit's rule)."""


class NuSlerpParams(Params):
    """Parameters of the whole merge."""

    nuslerp_flatten: bool = True
    """One arc for the whole weight."""
    nuslerp_row_wise: bool = False
    """If not flattened: True for vectors along the first dimension, False along the last.

    A checkpoint stores what maps x to W x, so mergekit's "row" is a column of W as it is stored.
    """


def measure(each: ForEachWeight, params: NuSlerpParams, models: Sequence[ModelWeight]) -> Tensor | None:
    """The inner products of the two, ``[2, 2, …]``; those along the last dimension are taken as they come."""
    if params.nuslerp_flatten or params.nuslerp_row_wise:
        return gram_of_whole(each, lambda piece: piece.task_vectors, None if params.nuslerp_flatten else 0)
    return None


@merge_method(
    NuSlerpParams, ModelWeight, needs_base=False, optional_base=True, measure=measure, counts=(2, 2), alike_at_zero=True
)  # fmt: skip
def nuslerp(weight: Weight, params: NuSlerpParams, models: Sequence[ModelWeight]) -> Merged:
    """θ₀ + sin((1 − t) Ω) / sin Ω · τ₁ + sin(t Ω) / sin Ω · τ₂, θ₀ = 0 without a base."""
    products = gram(weight.task_vectors, dim=-1) if weight.measured is None else weight.measured
    first, second = shares(place(models), cosines(products)[0, 1])
    tau, other = weight.task_vectors
    value = (tau * first.to(tau.dtype)).addcmul_(other, second.to(tau.dtype)).add_(weight.base)
    return Merged(value, weight.task_vectors)


def place(models: Sequence[ModelWeight]) -> float:
    """Where on the way from the first to the second."""
    total = sum(model.weight for model in models)
    return models[1].weight / total if abs(total) >= SMALLEST else 0.5


def shares(t: float, cosine: Tensor) -> tuple[Tensor, Tensor]:
    """The factors on two vectors, given the cosine between them; any shape, all the same."""
    angle = cosine.acos()
    straight = 1 - cosine.abs() < PARALLEL
    sine = torch.where(straight, 1.0, angle.sin())
    first = torch.where(straight, 1 - t, ((1 - t) * angle).sin() / sine)
    return first, torch.where(straight, t, (t * angle).sin() / sine)
