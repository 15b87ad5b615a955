"""More merge methods written from their formulas, one entry at a time, in Python's double precision."""

import math
from collections.abc import Sequence
from fractions import Fraction

Vector = Sequence[float]


def dot(a: Vector, b: Vector) -> float:
    return math.fsum(x * y for x, y in zip(a, b, strict=True))


def length(a: Vector) -> float:
    return math.sqrt(dot(a, a))


def combine(vectors: Sequence[Vector], factors: Vector) -> list[float]:
    return [math.fsum(f * x for f, x in zip(factors, column, strict=True)) for column in zip(*vectors, strict=True)]


def arc(a: Vector, b: Vector, t: float, angle: float) -> list[float]:
    return combine([a, b], [math.sin((1 - t) * angle) / math.sin(angle), math.sin(t * angle) / math.sin(angle)])


def slerp(a: Vector, b: Vector, t: float) -> list[float]:
    if min(length(a), length(b)) <= 1e-8 or abs(dot(a, b) / length(a) / length(b)) > 0.9995:
        return combine([a, b], [1 - t, t])
    return arc(a, b, t, math.acos(dot(a, b) / length(a) / length(b)))


def nuslerp(a: Vector, b: Vector, weights: Vector) -> list[float]:
    t = weights[1] / sum(weights) if abs(sum(weights)) >= 1e-6 else 0.5
    if 0.0 in (length(a), length(b)):
        return arc(a, b, t, math.pi / 2)
    cosine = dot(a, b) / length(a) / length(b)
    return combine([a, b], [1 - t, t]) if abs(cosine) > 1 - 1e-7 else arc(a, b, t, math.acos(cosine))


def karcher(thetas: Sequence[Vector], max_iter: int, tol: float) -> list[float]:
    """The search on whole unit vectors."""
    scale = sum(map(length, thetas)) / len(thetas)
    units = [[x / length(theta) for x in theta] for theta in thetas if length(theta) > tol]
    if not units:
        return [0.0] * len(thetas[0])
    mean = combine(units, [1 / len(units)] * len(units))
    mean = units[0] if length(mean) < tol else [x / length(mean) for x in mean]
    for _ in range(max_iter):
        step = [0.0] * len(mean)
        for unit in units:
            cosine = max(-1.0, min(1.0, dot(mean, unit)))
            angle = math.acos(cosine)
            if tol <= angle <= math.pi - tol:
                pull = angle / math.sin(angle) / len(units)
                step = [s + pull * (x - cosine * m) for s, x, m in zip(step, unit, mean, strict=True)]
        far = length(step)
        if far < tol:
            break
        mean = combine([mean, step], [math.cos(far), math.sin(far) / far])
        mean = [x / length(mean) for x in mean]
    return [scale * x for x in mean]


def model_stock(base: Vector, taus: Sequence[Vector]) -> list[float]:
    pairs = [
        dot(a, b) / (length(a) * length(b)) if length(a) * length(b) else 0.0
        for number, a in enumerate(taus)
        for b in taus[:number]
    ]
    c, count = sum(pairs) / len(pairs), len(taus)
    t = count * c / (1 + (count - 1) * c)
    return [theta + t * sum(column) / count for theta, *column in zip(base, *taus, strict=True)]


def breadcrumbs(tau: Vector, density: str, gamma: str) -> list[float]:
    n = len(tau)
    kept = max(1, int(n * Fraction(density)))
    top = min(int(n * Fraction(gamma)), n - kept)
    ascending = sorted(range(n), key=lambda place: (abs(tau[place]), place))
    band = set(ascending[n - top - kept : n - top])
    return [x if place in band else 0.0 for place, x in enumerate(tau)]


def stretched(kept: Vector, tau: Vector) -> list[float]:
    left = sum(map(abs, kept))
    return [x * sum(map(abs, tau)) / left for x in kept] if left else list(kept)


def chances(row: Vector, density: float, epsilon: float) -> list[float]:
    last = len(row) - 1
    ascending = sorted(range(len(row)), key=lambda place: (abs(row[place]), place))
    return [
        density - epsilon + 2 * epsilon * ascending.index(place) / last if last else density
        for place in range(len(row))
    ]


def sce(base: Vector, taus: Sequence[Vector], share: str) -> list[float]:
    count = len(taus)
    if Fraction(share) < 1:
        variances = []
        for column in zip(*taus, strict=True):
            mean = sum(map(Fraction, column)) / count
            variances.append(sum((Fraction(x) - mean) ** 2 for x in column) / count)
        differ = sum(v > 0 for v in variances)
        kept = max(min(1, differ), int(differ * Fraction(share)))
        ascending = sorted(range(len(variances)), key=lambda place: (variances[place], place))
        chosen = set(ascending[len(variances) - kept :])
        taus = [[x if place in chosen else 0.0 for place, x in enumerate(tau)] for tau in taus]
    energy = [sum(x * x for x in tau) for tau in taus]
    weights = [e / sum(energy) for e in energy] if sum(energy) else [1 / count] * count
    merged = []
    for theta, *column in zip(base, *taus, strict=True):
        sign = 1 if sum(column) >= 0 else -1
        agreeing = [(x, w) for x, w in zip(column, weights, strict=True) if x * sign > 0]
        merged.append(theta + sum(x * w for x, w in agreeing) / max(1e-6, sum(w for _, w in agreeing)))
    return merged
