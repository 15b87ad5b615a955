"""Model Breadcrumbs with a vote: trimmed as in :mod:`l2s.merging.methods.breadcrumbs`, and then signs elected."""

from collections.abc import Sequence

from l2s.merging.method import Merged, Weight, merge_method
from l2s.merging.methods.breadcrumbs import BreadcrumbsModel, BreadcrumbsParams, as_measured, measure
from l2s.merging.ops.sums import elected_sum


@merge_method(BreadcrumbsParams, BreadcrumbsModel, paper="arXiv:2312.06795", measure=measure)
def breadcrumbs_ties(weight: Weight, params: BreadcrumbsParams, models: Sequence[BreadcrumbsModel]) -> Merged:
    """As ``breadcrumbs``, but only models that agree with the sign elected at an entry count there."""
    trimmed = as_measured(weight)
    total = elected_sum(trimmed, [model.weight for model in models], params.normalize)
    return Merged(total.mul_(params.scale).add_(weight.base), trimmed)
