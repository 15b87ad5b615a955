"""Passthrough: one model's weights as they are, perhaps scaled; with slices, layers put together anew.

What becomes of the layers is said by the recipe's ``slices``, see :mod:`l2s.merging.slices`.
"""

from collections.abc import Sequence

from l2s.merging.method import Entries, MergedOf, WeightOf, merge_method
from l2s.merging.sums import weighted_sum
from l2s.params import Params


class PassthroughParams(Params):
    """Of the whole merge: nothing."""


class PassthroughModel(Params):
    """Of the model."""

    scale: float | None = None
    """A factor on its weights."""


@merge_method(PassthroughParams, PassthroughModel, needs_base=False, counts=(1, 1), arrays=True)
def passthrough(
    weight: WeightOf[Entries], params: PassthroughParams, models: Sequence[PassthroughModel]
) -> MergedOf[Entries]:
    """θ times the scale; without one bit for bit."""
    scale = models[0].scale
    if scale is None:
        return MergedOf(weight.models.reshape(weight.models.shape[1:]), weight.models)
    return MergedOf(weighted_sum(weight.models, [scale], normalize=False), weight.models)
