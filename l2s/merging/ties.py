"""TIES-Merging: trim each task vector, elect a sign per entry, sum those that agree.

Yadav et al. 2023, arXiv:2306.01708, algorithm 1, with mergekit's weights. One departure: trimming is
per weight, not over the whole model, so that a checkpoint can be merged one weight at a time (so do
mergekit and the long-to-short paper's code, arXiv:2503.20641).
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from l2s.merging.method import Merged, Weight, merge_method
from l2s.merging.rescale import match_l1
from l2s.merging.sums import elected_sum
from l2s.params import Params


class TiesModel(Params):
    """Of each model."""

    weight: float = 1.0
    density: float = Field(1.0, gt=0, le=1)
    """Share of the task vector kept, by magnitude."""


class TiesParams(Params):
    """Of the whole merge."""

    normalize: bool = True
    """Divide by the agreeing models' weights. With one model the weight then cancels: use lambda."""
    scale: float = Field(1.0, alias="lambda")
    """λ, the factor on the merged task vector."""
    rescale: bool | Literal["l1"] = False
    """True or ``l1``: stretch what is kept to the task vector's L1 norm, as mergekit does."""
    tie_rule: Literal["threshold", "exact"] = "threshold"
    """Equal magnitudes at the cut: ``threshold`` keeps them all, ``exact`` as many as the density says."""
    scope: Literal["tensor"] = "tensor"
    """What a density is a share of: each weight on its own."""


@merge_method("ties", TiesParams, TiesModel, paper="arXiv:2306.01708")
def ties(weight: Weight, params: TiesParams, models: Sequence[TiesModel]) -> Merged:
    """θ₀ + λ times the mean of those trimmed task vectors that agree with the elected sign."""
    trim = trim_exactly if params.tie_rule == "exact" else trim_at_threshold
    trimmed = torch.stack(
        [trim(tau, model.density) for tau, model in zip(weight.task_vectors, models, strict=True)]
    )  # [K, *shape]
    if params.rescale:
        trimmed = match_l1(trimmed, weight.task_vectors)
    merged = elected_sum(trimmed, [model.weight for model in models], params.normalize)  # [*shape]
    return Merged(weight.base + params.scale * merged, trimmed)


def trim_at_threshold(task_vector: Tensor, density: float) -> Tensor:
    """Zero what is smaller in magnitude than the k-th smallest, k = ⌊(1 − density) n⌋; any shape.

    The long-to-short paper's rule: n − k + 1 entries survive and every one equal to the threshold, so
    at least one, and never less than the density; k = 0 keeps all.
    """
    n = task_vector.numel()
    k = int(n * (1 - Decimal(str(density))))  # as written: 1 - 0.9 in binary would lose an entry
    if k == 0:
        return task_vector
    magnitude = task_vector.abs()
    threshold = magnitude.flatten().kthvalue(k).values
    return torch.where(magnitude >= threshold, task_vector, 0.0)


def trim_exactly(task_vector: Tensor, density: float) -> Tensor:
    """Keep the ⌊density n⌋ entries largest in magnitude, at least one; of equal ones the earlier; any shape."""
    flat = task_vector.flatten()
    kept = max(1, int(flat.numel() * Decimal(str(density))))
    largest = flat.abs().argsort(descending=True, stable=True)[:kept]
    trimmed = torch.zeros_like(flat)
    trimmed[largest] = flat[largest]
    return trimmed.view_as(task_vector)
