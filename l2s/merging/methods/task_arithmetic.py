"""Task arithmetic: base plus weighted task vectors (Ilharco et al. 2022, arXiv:2212.04089)."""

from collections.abc import Sequence

from pydantic import Field

from l2s.core.params import Params
from l2s.merging.kernels.fused import FusedKernel
from l2s.merging.method import Merged, Weight, merge_method
from l2s.merging.methods.linear import ModelWeight
from l2s.merging.ops.sums import divides, factors, plain_sum


class TaskArithmeticParams(Params):
    """Parameters of the whole merge."""

    normalize: bool = False
    """Divide by the sum of the weights."""
    scale: float = Field(1.0, alias="lambda")
    """λ, the factor on the merged task vector; below 0 forgets, above 1 extrapolates."""


def fused(name: str, measured: None, params: TaskArithmeticParams, models: Sequence[ModelWeight]) -> FusedKernel:
    """The method as a fused kernel."""
    shares = _shares(params, models)
    return FusedKernel(shares, base_share=1 - sum(shares))


@merge_method(
    TaskArithmeticParams, ModelWeight, paper="arXiv:2212.04089", fused=fused, cancels=divides
)  # fmt: skip
def task_arithmetic(weight: Weight, params: TaskArithmeticParams, models: Sequence[ModelWeight]) -> Merged:
    """θ₀ + λ Σₖ wₖ τₖ; one model with λ w = 1 comes out bit for bit."""
    shares = _shares(params, models)
    merged = plain_sum([weight.base, *weight.models], [1 - sum(shares), *shares])
    return Merged(merged, weight.task_vectors)


def _shares(params: TaskArithmeticParams, models: Sequence[ModelWeight]) -> list[float]:
    return [params.scale * factor for factor in factors([model.weight for model in models], params.normalize)]
