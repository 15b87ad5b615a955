"""The merge methods written from their formulas, one entry at a time, in Python's double precision."""

from collections.abc import Sequence
from fractions import Fraction


def average(thetas: Sequence[Sequence[float]], weights: Sequence[float], normalize: bool) -> list[float]:
    divisor = sum(weights) if normalize and abs(sum(weights)) > 1e-8 else 1.0
    return [sum(w * x for w, x in zip(weights, column, strict=True)) / divisor for column in zip(*thetas, strict=True)]


def trim(tau: Sequence[float], density: str) -> list[float]:
    """k = ⌊n (1 − d)⌋ in exact arithmetic; keep what is at least the k-th smallest magnitude."""
    k = int(len(tau) * (1 - Fraction(density)))
    threshold = sorted(map(abs, tau))[k - 1] if k else 0.0
    return [x if abs(x) >= threshold else 0.0 for x in tau]


def trim_exactly(tau: Sequence[float], density: str) -> list[float]:
    kept = max(1, int(len(tau) * Fraction(density)))
    largest = sorted(range(len(tau)), key=lambda place: (-abs(tau[place]), place))[:kept]
    return [x if place in largest else 0.0 for place, x in enumerate(tau)]


def elected(taus: Sequence[Sequence[float]], weights: Sequence[float], normalize: bool) -> list[float]:
    merged = []
    for column in zip(*taus, strict=True):
        weighted = [w * x for w, x in zip(weights, column, strict=True)]
        sign = 1 if sum(weighted) >= 0 else -1
        agreeing = [(x, w) for x, w in zip(weighted, weights, strict=True) if x * sign > 0]
        divisor = sum(w for _, w in agreeing) if normalize and agreeing else 1.0
        merged.append(sum(x for x, _ in agreeing) / divisor)
    return merged


def drop(tau: Sequence[float], kept: Sequence[bool], density: float, rescale: bool | str) -> list[float]:
    thinned = [x if keep else 0.0 for x, keep in zip(tau, kept, strict=True)]
    if rescale == "l1":
        left = sum(map(abs, thinned))
        return [x * sum(map(abs, tau)) / left for x in thinned] if left else thinned
    return [x / density for x in thinned] if rescale else thinned
