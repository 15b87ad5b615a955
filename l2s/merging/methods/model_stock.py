"""Model Stock: the mean of fine-tuned models, drawn back towards the base as their task vectors diverge.

Jang et al. 2024, arXiv:2403.19522, equation 5; for more than two models the angle is the mean of the
pairwise cosines, as in mergekit. Two departures from mergekit: a model equal to the base is at right
angles to all others at any scale; and where the task vectors cancel, so that the ratio has no bound,
the base is taken.
"""

from collections.abc import Sequence

from l2s.core.lazy import Tensor, torch
from l2s.core.params import Params
from l2s.merging.method import ForEachWeight, Merged, NoParams, Weight, merge_method
from l2s.merging.ops.gram import cosines, gram, gram_of_whole
from l2s.merging.ops.sums import weighted_sum

CANCELLED = 1e-6
"""‖Σₖ τₖ / ‖τₖ‖‖² / K, below which the task vectors cancel."""


class ModelStockParams(Params):
    """Parameters of the whole merge."""

    filter_wise: bool = False
    """An angle for each row, along the last dimension; otherwise one for each weight."""


def measure(each: ForEachWeight, params: ModelStockParams, models: Sequence[NoParams]) -> Tensor | None:
    """The share of the mean, float64, of the whole weight; rows are measured as they come."""
    return None if params.filter_wise else share(gram_of_whole(each, lambda piece: piece.task_vectors))


@merge_method(ModelStockParams, NoParams, paper="arXiv:2403.19522", measure=measure, counts=(2, None))
def model_stock(weight: Weight, params: ModelStockParams, models: Sequence[NoParams]) -> Merged:
    """θ₀ + t (mean of θₖ − θ₀)."""
    t = share(gram(weight.task_vectors, dim=-1)) if params.filter_wise else weight.measured
    mean = weighted_sum(weight.task_vectors, [1.0] * len(weight.task_vectors), normalize=True)
    return Merged(mean.mul_(t.to(mean.dtype)).add_(weight.base), weight.task_vectors)


def share(products: Tensor) -> Tensor:
    """The share t = K c / (1 + (K − 1) c), c the mean cosine of K task vectors; ``[K, K, …]`` to ``[…]``."""
    between, count = cosines(products), len(products)
    pairs = [between[i, j] for i in range(count) for j in range(i)]
    c = torch.stack(pairs).mean(0)
    divisor = 1 + (count - 1) * c
    return torch.where(divisor < CANCELLED, 0.0, count * c / divisor)
