"""DELLA without a vote: entries are dropped as in :mod:`l2s.merging.methods.della`, and the rest is summed up."""

from collections.abc import Sequence

from l2s.merging.method import Merged, Weight, merge_method
from l2s.merging.methods.della import DellaModel, DellaParams, check, measure, thin
from l2s.merging.ops.rescale import stretched
from l2s.merging.ops.sums import divides, weighted_sum


class DellaLinearParams(DellaParams):
    """Parameters of the whole merge."""

    normalize: bool = False
    """Divide by the models' weights."""


@merge_method(
    DellaLinearParams, DellaModel, paper="arXiv:2406.11617", check=check, measure=measure, sha256_masks=True,
    cancels=divides,
)  # fmt: skip
def della_linear(weight: Weight, params: DellaLinearParams, models: Sequence[DellaModel]) -> Merged:
    """θ₀ + λ Σₖ wₖ τ̂ₖ, τ̂ₖ the thinned task vectors."""
    thinned = stretched(thin(weight, params, models), weight.measured)
    total = weighted_sum(thinned, [model.weight for model in models], params.normalize)
    return Merged(total.mul_(params.scale).add_(weight.base), thinned)
