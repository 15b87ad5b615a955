"""Passthrough: one model's weights as they are, perhaps scaled; with slices, layers put together anew.

What becomes of the layers is said by the recipe's ``slices``, see :mod:`l2s.merging.recipe.slices`.
"""

from collections.abc import Sequence

from l2s.core.params import Params
from l2s.merging.kernels.loop import Loop
from l2s.merging.method import Merged, Weight, merge_method
from l2s.merging.ops.sums import plain_sum


class PassthroughParams(Params):
    """Parameters of the whole merge: there are none."""


class PassthroughModel(Params):
    """Parameters of the model."""

    scale: float | None = None
    """A factor on its weights."""


def loop(name: str, measured: None, params: PassthroughParams, models: Sequence[PassthroughModel]) -> Loop:
    """The method as a fused loop."""
    scale = models[0].scale
    return Loop([1.0 if scale is None else scale], base_share=0.0)


@merge_method(PassthroughParams, PassthroughModel, needs_base=False, counts=(1, 1), loop=loop)
def passthrough(weight: Weight, params: PassthroughParams, models: Sequence[PassthroughModel]) -> Merged:
    """θ times the scale; without one bit for bit."""
    scale = models[0].scale
    if scale is None:
        return Merged(weight.models.reshape(weight.models.shape[1:]), weight.models)
    return Merged(plain_sum(weight.models, [scale]), weight.models)
