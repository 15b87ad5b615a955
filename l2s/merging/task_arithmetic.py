"""Task arithmetic: base plus weighted task vectors (Ilharco et al. 2022, arXiv:2212.04089)."""

from collections.abc import Sequence

from pydantic import Field

from l2s.merging.linear import ModelWeight
from l2s.merging.method import Merged, Weight, merge_method
from l2s.merging.sums import factors, interpolated
from l2s.params import Params


class TaskArithmeticParams(Params):
    """Of the whole merge."""

    normalize: bool = False
    """Divide by the sum of the weights."""
    scale: float = Field(1.0, alias="lambda")
    """λ, the factor on the merged task vector; below 0 forgets, above 1 extrapolates."""


@merge_method("task_arithmetic", TaskArithmeticParams, ModelWeight, paper="arXiv:2212.04089")
def task_arithmetic(weight: Weight, params: TaskArithmeticParams, models: Sequence[ModelWeight]) -> Merged:
    """θ₀ + λ Σₖ wₖ τₖ; one model with λ w = 1 comes out bit for bit."""
    shares = [params.scale * factor for factor in factors([model.weight for model in models], params.normalize)]
    return Merged(interpolated(weight.base, weight.models, shares), weight.task_vectors)
