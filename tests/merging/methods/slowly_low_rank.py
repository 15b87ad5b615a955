"""LoRE and Twin written from their formulas: whole matrices in float64, a full singular value decomposition a step."""

from collections.abc import Sequence

import torch
from torch import Tensor

from tests.merging.methods import slowly


def singular_values(matrix: Tensor) -> tuple[Tensor, list[float], Tensor]:
    u, sigma, v = torch.linalg.svd(matrix, full_matrices=False)
    return u, sigma.tolist(), v


def prox(sigma: Sequence[float], mu: float, kind: str) -> list[float]:
    """Of singular values, largest first. ``squared``: the one sum S that is the sum of what μ S leaves."""
    if kind != "squared":
        cut = mu if kind == "const" else mu / 2
        return [max(value - cut, 0.0) for value in sigma]
    low, high = 0.0, sum(sigma)
    for _ in range(200):  # Σ max(σ − μ S, 0) − S falls with S
        middle = (low + high) / 2
        if sum(max(value - mu * middle, 0.0) for value in sigma) > middle:
            low = middle
        else:
            high = middle
    return [max(value - mu * low, 0.0) for value in sigma]


def shrink(matrix: Tensor, mu: float, kind: str) -> Tensor:
    u, sigma, v = singular_values(matrix)
    return u @ torch.diag(torch.tensor(prox(sigma, mu, kind), dtype=matrix.dtype)) @ v


def lore(thetas: Sequence[Tensor], mu: float, kind: str, iterations: int) -> tuple[Tensor, list[Tensor]]:
    """θ₀' and the δₖ."""
    deltas = [torch.zeros_like(theta) for theta in thetas]
    base = thetas[0]
    for _ in range(iterations):
        base = sum((theta - delta for theta, delta in zip(thetas, deltas, strict=True)), 0 * base) / len(thetas)
        deltas = [shrink(theta - base, mu, kind) for theta in thetas]
    return base, deltas


def truncate(matrix: Tensor, rank: int) -> Tensor:
    u, sigma, v = singular_values(matrix)
    kept = [value if place < rank else 0.0 for place, value in enumerate(sigma)]
    return u @ torch.diag(torch.tensor(kept, dtype=matrix.dtype)) @ v


def combined(parts: Sequence[Tensor], weights: Sequence[float], normalize: bool, vote: bool) -> Tensor:
    """Σ wₖ partₖ, divided by Σ wₖ if ``normalize``; with a vote on each entry's sign."""
    add = slowly.elected if vote else slowly.average
    merged = add([part.flatten().tolist() for part in parts], weights, normalize)
    return torch.tensor(merged, dtype=torch.float64).view_as(parts[0])
