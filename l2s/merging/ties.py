"""TIES-Merging: trim each task vector, elect a sign per entry, average those that agree.

Yadav et al. 2023, arXiv:2306.01708, algorithm 1, as mergekit and the L2S study run it: trimming is per
tensor, not over the whole model; the elected sign is that of the weighted sum, + where it cancels
exactly. Entries as large as the smallest kept one are all kept (mergekit breaks such ties by sorting).
"""

import torch
from pydantic import Field
from torch import Tensor

from l2s.merging.method import PerModel, Weight, column, merge_method, per_model, safe_divisor, weighted
from l2s.params import Params


class TiesParams(Params):
    """mergekit's words and defaults."""

    weight: PerModel = per_model(1.0)
    density: PerModel = per_model(1.0, gt=0, le=1)
    """Share of each task vector kept, by magnitude (the paper's k; 1 minus the study's trimmed share)."""
    normalize: bool = True
    """Divide by the weights of those that agree; with one model the weight then cancels, ``lambda`` does not."""
    lambda_: float = Field(1.0, alias="lambda")
    """Factor on the merged task vector."""
    int8_mask: bool = False
    """Accepted from mergekit's files; it saved memory there and has no effect here."""


@merge_method("ties", TiesParams, paper="arXiv:2306.01708")
def ties(weight: Weight, params: TiesParams) -> Tensor:
    """θ = θ₀ + λ · disjoint mean of the trimmed task vectors."""
    assert weight.base is not None
    trimmed = torch.stack([trim(tau, d) for tau, d in zip(weight.task_vectors, params.density, strict=True)])
    return weight.base + params.lambda_ * agreeing(trimmed, params.weight, params.normalize)


def trim(task_vector: Tensor, density: float) -> Tensor:
    """Zero all but the largest-magnitude ``density`` share, ``[*shape]``.

    ``int(density · n)`` entries are kept, at least one, so that a short norm weight is never erased.
    """
    if density >= 1:
        return task_vector
    magnitude = task_vector.abs().flatten()
    kept = max(1, int(density * magnitude.numel()))
    threshold = magnitude.kthvalue(magnitude.numel() - kept + 1).values
    return torch.where(task_vector.abs() >= threshold, task_vector, 0.0)


def agreeing(task_vectors: Tensor, weights: PerModel, normalize: bool) -> Tensor:
    """Elect a sign per entry and sum (or average, by weight) the task vectors that have it; ``[*shape]``."""
    scaled = weighted(task_vectors, weights)  # [K, *shape]
    elected = torch.where(scaled.sum(0) >= 0, 1.0, -1.0)  # [*shape]
    agrees = scaled.sign() == elected  # [K, *shape]; zeros never agree
    total = (scaled * agrees).sum(0)
    return total / safe_divisor((column(weights, scaled) * agrees).sum(0)) if normalize else total
