"""Task arithmetic: the base plus a weighted sum of task vectors (Ilharco et al. 2022, arXiv:2212.04089).

The study's α is ``weight`` (or ``lambda``) here, e.g. 0.7 for one slow model on its quick base.
"""

from pydantic import Field
from torch import Tensor

from l2s.merging.method import PerModel, Weight, column, merge_method, per_model, safe_divisor, weighted
from l2s.params import Params


class TaskArithmeticParams(Params):
    """mergekit's words and defaults."""

    weight: PerModel = per_model(1.0)
    normalize: bool = False
    """Divide by the sum of weights."""
    lambda_: float = Field(1.0, alias="lambda")
    """Factor on the merged task vector."""
    int8_mask: bool = False
    """Accepted from mergekit's files; it saved memory there and has no effect here."""


@merge_method("task_arithmetic", TaskArithmeticParams, paper="arXiv:2212.04089")
def task_arithmetic(weight: Weight, params: TaskArithmeticParams) -> Tensor:
    """θ = θ₀ + λ Σ wₖτₖ."""
    assert weight.base is not None
    return weight.base + params.lambda_ * combined(weight.task_vectors, params.weight, params.normalize)


def combined(task_vectors: Tensor, weights: PerModel, normalize: bool) -> Tensor:
    """Σ wₖτₖ, over Σ wₖ if asked; ``[*shape]``."""
    total = weighted(task_vectors, weights).sum(0)
    return total / safe_divisor(column(weights, task_vectors).sum(0)) if normalize else total
