"""How models and task vectors are added up: weighted, with or without a vote on the sign."""

from collections.abc import Sequence

import torch
from torch import Tensor

SMALLEST = 1e-8
"""A divisor nearer to zero than this does not divide (mergekit's rule)."""


def factors(weights: Sequence[float], normalize: bool) -> list[float]:
    """wₖ, divided by Σₖ wₖ if ``normalize``."""
    divisor = sum(weights)
    return [w / divisor for w in weights] if normalize and abs(divisor) >= SMALLEST else list(weights)


def weighted_sum(task_vectors: Tensor, weights: Sequence[float], normalize: bool) -> Tensor:
    """Σₖ wₖ τₖ, divided by Σₖ wₖ if ``normalize``; ``[K, *shape]`` to ``[*shape]``."""
    used = factors(weights, normalize)
    total = task_vectors[0] * used[0]
    for tau, factor in zip(task_vectors[1:], used[1:], strict=True):
        total.add_(tau, alpha=factor)
    return total


def interpolated(base: Tensor, models: Tensor, shares: Sequence[float]) -> Tensor:
    """θ₀ + Σₖ wₖ (θₖ − θ₀) as (1 − Σₖ wₖ) θ₀ + Σₖ wₖ θₖ, which is exact where one share is 1 and the rest 0."""
    terms = [(base, 1 - sum(shares)), *zip(models, shares, strict=True)]
    (first, share), *others = [term for term in terms if term[1] != 0] or terms[:1]
    total: Tensor = first * share
    for theta, share in others:
        total.add_(theta, alpha=share)
    return total


def elected_sum(task_vectors: Tensor, weights: Sequence[float], normalize: bool) -> Tensor:
    """Σₖ wₖ τₖ over the models that agree with the elected sign, entry by entry; ``[K, *shape]`` to ``[*shape]``.

    The sign of Σₖ wₖ τₖ is elected, + where the sum is zero; zeros agree with no sign. ``normalize``
    divides by the agreeing models' Σ wₖ (arXiv:2306.01708, section 3.2, with mergekit's weights).
    Written with products instead of choices, which torch computes several times faster.
    """
    weighted = [tau * weight for tau, weight in zip(task_vectors, weights, strict=True)]
    total = sum(weighted[1:], weighted[0]) + 0.0  # −0 becomes +0
    elected = torch.copysign(total.new_ones(()), total)
    agreeing = [tau.mul_(elected).clamp_(min=0) for tau in weighted]  # magnitudes, 0 where a model disagrees
    merged: Tensor = sum(agreeing[1:], agreeing[0])
    if normalize:
        divisor = torch.zeros_like(total)
        for part, weight in zip(agreeing, weights, strict=True):
            divisor.add_(part.sign(), alpha=weight)
        merged = merged / divisor.add_((divisor.abs() < SMALLEST).to(divisor.dtype))
    return merged.mul(elected)
