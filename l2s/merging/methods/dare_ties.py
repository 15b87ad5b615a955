"""DARE with a vote: entries are dropped as in :mod:`l2s.merging.methods.dare_linear`, and then signs elected."""

from collections.abc import Sequence

from l2s.merging.kernels.fused import FusedKernel
from l2s.merging.method import Merged, Weight, merge_method
from l2s.merging.methods.dare_linear import DareModel, DareParams, drop, measure
from l2s.merging.ops.rescale import stretched
from l2s.merging.ops.sums import elected_sum, onto


def fused(name: str, measured: list[float], params: DareParams, models: Sequence[DareModel]) -> FusedKernel:
    """The method as a fused kernel."""
    return FusedKernel(
        [model.weight for model in models], densities=[model.density for model in models], factors=measured,
        elects=True, normalize=params.normalize, scale=params.scale,
    )  # fmt: skip


@merge_method(DareParams, DareModel, paper="arXiv:2311.03099", measure=measure, fused=fused, sha256_masks=True)
def dare_ties(weight: Weight, params: DareParams, models: Sequence[DareModel]) -> Merged:
    """As ``dare_linear``, but only models that agree with the sign elected at an entry count there."""
    thinned = stretched(drop(weight, models), weight.measured)
    total = elected_sum(thinned, [model.weight for model in models], params.normalize)
    return Merged(onto(weight.base, total, params.scale), thinned)
