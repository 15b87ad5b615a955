"""Linear: the weighted average of models (model soups, arXiv:2203.05482)."""

from collections.abc import Sequence

from l2s.merging.method import Merged, Weight, merge_method
from l2s.merging.sums import weighted_sum
from l2s.params import Params


class ModelWeight(Params):
    """What each model brings to a sum."""

    weight: float = 1.0


class LinearParams(Params):
    """Of the whole merge."""

    normalize: bool = True
    """Divide by the sum of the weights."""


@merge_method("linear", LinearParams, ModelWeight, paper="arXiv:2203.05482", needs_base=False)
def linear(weight: Weight, params: LinearParams, models: Sequence[ModelWeight]) -> Merged:
    """Σₖ wₖ θₖ / Σₖ wₖ."""
    merged = weighted_sum(weight.models, [model.weight for model in models], params.normalize)
    return Merged(merged, weight.models)
