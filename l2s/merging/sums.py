"""How task vectors are added up: weighted, with or without a vote on the sign."""

from collections.abc import Sequence

import torch
from torch import Tensor

SMALLEST = 1e-8
"""A divisor nearer to zero than this does not divide (mergekit's rule)."""


def weighted_sum(task_vectors: Tensor, weights: Sequence[float], normalize: bool) -> Tensor:
    """Σₖ wₖ τₖ, divided by Σₖ wₖ if ``normalize``; ``[K, *shape]`` to ``[*shape]``."""
    total = (task_vectors * _column(weights, task_vectors)).sum(0)
    divisor = sum(weights)
    return total / divisor if normalize and abs(divisor) >= SMALLEST else total


def elected_sum(task_vectors: Tensor, weights: Sequence[float], normalize: bool) -> Tensor:
    """Σₖ wₖ τₖ over the models that agree with the elected sign, entry by entry; ``[K, *shape]`` to ``[*shape]``.

    The sign of Σₖ wₖ τₖ is elected, + where the sum is zero; zeros agree with no sign. ``normalize``
    divides by the agreeing models' Σ wₖ (arXiv:2306.01708, section 3.2, with mergekit's weights).
    """
    weight = _column(weights, task_vectors)
    weighted = task_vectors * weight  # [K, *shape]
    elected = torch.where(weighted.sum(0) >= 0, 1.0, -1.0)  # [*shape]
    agrees = weighted.sign() == elected  # [K, *shape]
    total = (weighted * agrees).sum(0)  # [*shape]
    if not normalize:
        return total
    divisor = (weight * agrees).sum(0)  # [*shape]
    return total / torch.where(divisor.abs() < SMALLEST, 1.0, divisor)


def _column(weights: Sequence[float], task_vectors: Tensor) -> Tensor:
    """``[K, 1, …]``, to multiply ``[K, *shape]``."""
    return torch.tensor(list(weights), dtype=torch.float32).view(-1, *[1] * (task_vectors.dim() - 1))
