"""Linear: the weighted average of models (model soups, arXiv:2203.05482)."""

from collections.abc import Sequence

from l2s.core.params import Params
from l2s.merging.kernels.fused import FusedKernel
from l2s.merging.method import Merged, Weight, merge_method
from l2s.merging.ops.sums import factors, plain_sum


class ModelWeight(Params):
    """What each model brings to a sum."""

    weight: float = 1.0


class LinearParams(Params):
    """Parameters of the whole merge."""

    normalize: bool = True
    """Divide by the sum of the weights."""


def fused(name: str, measured: None, params: LinearParams, models: Sequence[ModelWeight]) -> FusedKernel:
    """The method as a fused kernel."""
    return FusedKernel(factors([model.weight for model in models], params.normalize), base_share=0.0)


@merge_method(
    LinearParams, ModelWeight, paper="arXiv:2203.05482", needs_base=False, fused=fused, cancels=lambda *_: True
)
def linear(weight: Weight, params: LinearParams, models: Sequence[ModelWeight]) -> Merged:
    """Σₖ wₖ θₖ / Σₖ wₖ."""
    shares = factors([model.weight for model in models], params.normalize)
    return Merged(plain_sum(weight.models, shares), weight.models)
