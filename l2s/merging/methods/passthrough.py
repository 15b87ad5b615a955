"""Passthrough: one model's weights as they are, perhaps scaled; with slices, layers put together anew.

What becomes of the layers is said by the recipe's ``slices``, see :mod:`l2s.merging.recipe.slices`.
"""

from collections.abc import Sequence

from l2s.core.params import Params
from l2s.merging.kernels.fused import FusedKernel
from l2s.merging.method import Merged, NoParams, Weight, merge_method
from l2s.merging.ops.sums import plain_sum


class PassthroughModel(Params):
    """Parameters of the model."""

    scale: float | None = None
    """A factor on its weights."""


def fused(name: str, measured: None, params: NoParams, models: Sequence[PassthroughModel]) -> FusedKernel:
    """The method as a fused kernel."""
    scale = models[0].scale
    return FusedKernel([1.0 if scale is None else scale], base_share=0.0)


@merge_method(NoParams, PassthroughModel, needs_base=False, counts=(1, 1), fused=fused)
def passthrough(weight: Weight, params: NoParams, models: Sequence[PassthroughModel]) -> Merged:
    """θ times the scale; without one bit for bit."""
    scale = models[0].scale
    if scale is None:
        return Merged(weight.models.reshape(weight.models.shape[1:]), weight.models)
    return Merged(plain_sum(weight.models, [scale]), weight.models)
