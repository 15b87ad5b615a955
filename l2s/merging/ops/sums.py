"""How models and task vectors are added up: weighted, with or without a vote on the sign."""

from collections.abc import Sequence
from typing import Any

from l2s.core.lazy import Tensor, torch

SMALLEST = 1e-8
"""A divisor nearer to zero than this does not divide (mergekit's rule)."""


def factors(weights: Sequence[float], normalize: bool) -> list[float]:
    """wₖ, divided by Σₖ wₖ if ``normalize``."""
    divisor = sum(weights)
    return [w / divisor for w in weights] if normalize and abs(divisor) >= SMALLEST else list(weights)


def divides(params: Any, weights: Sequence[float], has_base: bool) -> bool:
    """Would they be divided by their sum of zero? Weights that are all zero are not: they give the base."""
    return bool(params.normalize) and any(weights)


def plain_sum(terms: Tensor | Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """Σₖ wₖ xₖ, every product and every sum rounded: to the bit what the fused loop gives; ``[K, *shape]``."""
    total: Tensor | None = None
    for term, weight in zip(terms, weights, strict=True):
        if weight != 0:
            total = term * weight if total is None else total.add_(term * weight)
    return torch.zeros_like(terms[0]) if total is None else total


def weighted_sum(task_vectors: Tensor, weights: Sequence[float], normalize: bool) -> Tensor:
    """Σₖ wₖ τₖ, divided by Σₖ wₖ if ``normalize``; ``[K, *shape]`` to ``[*shape]``."""
    used = factors(weights, normalize)
    total: Tensor = task_vectors[0] * used[0]
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
    Written with products instead of choices and comparisons, which torch computes several times faster.
    """
    weighted = [tau * weight for tau, weight in zip(task_vectors, weights, strict=True)]
    total = weighted[0].clone()
    for part in weighted[1:]:
        total.add_(part)
    elected = torch.copysign(total.new_ones(()), total.add_(0.0), out=total)  # −0 becomes +0
    for part in weighted:
        part.mul_(elected).clamp_(min=0)  # magnitudes, 0 where a model disagrees
    divisor = _agreeing_weight(weighted, weights) if normalize else None
    merged: Tensor = weighted[0]
    for part in weighted[1:]:
        merged.add_(part)
    if divisor is not None:
        merged.div_(divisor)
    merged.mul_(elected)
    return merged


def onto(base: Tensor, total: Tensor, scale: float) -> Tensor:
    """θ₀ + λ times the sum; the sum's memory is used."""
    merged: Tensor = total.mul_(scale).add_(base)
    return merged


def _agreeing_weight(agreeing: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """Σ wₖ of the models that are not 0 at an entry; some other number where that is next to zero."""
    divisor = agreeing[0].sign().mul_(weights[0])
    for part, weight in zip(agreeing[1:], weights[1:], strict=True):
        divisor.add_(part.sign(), alpha=weight)
    if min(weights) >= SMALLEST:  # then it is zero only where no model agrees, and zero is divided
        return divisor.clamp_(min=min(weights))
    return divisor.add_((divisor.abs() < SMALLEST).to(divisor.dtype))
