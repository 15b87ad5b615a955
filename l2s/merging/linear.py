"""Linear: the weighted mean of the models themselves. The plain average is equal weights."""

from torch import Tensor

from l2s.merging.method import PerModel, Weight, column, merge_method, per_model, safe_divisor, weighted
from l2s.params import Params


class LinearParams(Params):
    """Model soups' averaging, in mergekit's words."""

    weight: PerModel = per_model(1.0)
    normalize: bool = True
    """Divide by the sum of weights (not where that sum is zero)."""


@merge_method("linear", LinearParams, paper="arXiv:2203.05482", needs_base=False)
def linear(weight: Weight, params: LinearParams) -> Tensor:
    """θ = Σ wₖθₖ / Σ wₖ."""
    total = weighted(weight.models, params.weight).sum(0)
    return total / safe_divisor(column(params.weight, weight.models).sum(0)) if params.normalize else total
