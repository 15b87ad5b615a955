"""Multi-SLERP: the direction of the models' mean direction, at their mean length, as in mergekit.

Goddard 2025, goddard.blog/posts/multislerp-wow-what-a-cool-idea. Against ``karcher``: models have weights, and a base,
if one is named, is what task vectors start from. mergekit steps from the mean direction along the weighted mean of the
models' tangents there, and that mean is zero by construction: so no step is taken here. Two departures: lengths are
double precision, and where directions cancel the models are averaged, of more than two as well (mergekit gives up).
"""

from collections.abc import Sequence

from pydantic import Field

from l2s.core.lazy import Tensor, torch
from l2s.core.params import Params
from l2s.merging.method import ForEachWeight, Merged, Weight, merge_method
from l2s.merging.methods.linear import ModelWeight
from l2s.merging.ops.gram import gram_of_whole, lengths_of
from l2s.merging.ops.sums import factors, weighted_sum

CANCELLED = 1e-6
"""Length of the mean of unit vectors below which directions cancel, if ``eps`` is smaller."""


class MultiSlerpParams(Params):
    """Parameters of the whole merge."""

    normalize_weights: bool = True
    """Divide by the sum of the weights."""
    eps: float = Field(1e-8, gt=0)
    """Added to lengths, so that a vector of zeros has no direction."""


def measure(each: ForEachWeight, params: MultiSlerpParams, models: Sequence[ModelWeight]) -> list[float]:
    """The factor on each model, or its task vector."""
    products = gram_of_whole(each, lambda piece: piece.task_vectors).cpu()
    return shares(products, factors([model.weight for model in models], params.normalize_weights), params.eps)


def cancels(params: MultiSlerpParams, weights: Sequence[float], has_base: bool) -> bool:
    """Weights that sum to zero give no model without a base, and none where their sum divides."""
    return not has_base or (params.normalize_weights and any(weights))


@merge_method(MultiSlerpParams, ModelWeight, needs_base=False, optional_base=True, measure=measure, cancels=cancels)
def multislerp(weight: Weight, params: MultiSlerpParams, models: Sequence[ModelWeight]) -> Merged:
    """θ₀ + (Σₖ wₖ ‖τₖ‖) m / ‖m‖, m = Σₖ wₖ τₖ / ‖τₖ‖, θ₀ = 0 without a base; one model alone comes out as it is."""
    if len(models) == 1:
        return Merged(weight.models[0].clone(), weight.task_vectors)
    total = weighted_sum(weight.task_vectors, weight.measured, normalize=False)
    return Merged(total.add_(weight.base), weight.task_vectors)


def shares(products: Tensor, weights: Sequence[float], eps: float) -> list[float]:
    """The factor on each of K vectors, given their Gram matrix ``[K, K]``."""
    lengths, share = lengths_of(products), torch.tensor(weights, dtype=torch.float64)  # [K]
    directed = share / (lengths + eps)
    mean = float((directed @ products @ directed).clamp(min=0).sqrt())
    if mean < max(eps, CANCELLED):
        return list(weights)
    return [float(factor) for factor in directed * (share @ lengths) / mean]
