"""Multi-SLERP, NearSwap, Arcee Fusion and RAM from their definitions, one entry at a time, in double precision."""

import math
from collections.abc import Sequence

from tests.merging.methods.slowly_more import combine, dot, length

Vector = Sequence[float]


def multislerp(vectors: Sequence[Vector], weights: Vector, normalize: bool, eps: float = 1e-8) -> list[float]:
    """With the step along the tangents that mergekit takes, though it has no length."""
    if len(vectors) == 1:
        return list(vectors[0])
    shares = [w / sum(weights) for w in weights] if normalize else list(weights)
    units = [[x / (length(v) + eps) for x in v] for v in vectors]
    mean = combine(units, shares)
    if length(mean) < 1e-6:
        return combine(vectors, shares)
    mean = [x / length(mean) for x in mean]
    tangents = [[x - dot(unit, mean) * m for x, m in zip(unit, mean, strict=True)] for unit in units]
    step = combine(tangents, shares)
    far = length(step) + eps
    scale = sum(share * length(v) for share, v in zip(shares, vectors, strict=True))
    return [scale * x for x in combine([mean, step], [math.cos(far), math.sin(far) / far])]


def nearswap(base: Vector, model: Vector, t: float) -> list[float]:
    merged = []
    for a, b in zip(base, model, strict=True):
        share = min(1.0, max(0.0, t / max(abs(a - b), 1e-6)))
        merged.append(share * b + (1 - share) * a)
    return merged


def softmax(row: Vector) -> list[float]:
    powers = [math.exp(x - max(row)) for x in row]
    return [power / sum(powers) for power in powers]


def importances(base: Vector, model: Vector, columns: int) -> list[float]:
    found = []
    for start in range(0, len(base), columns):
        rows = base[start : start + columns], model[start : start + columns]
        q, p = ([x + 1e-8 for x in softmax(row)] for row in rows)
        divergence = math.fsum(a * math.log(a / b) for a, b in zip(p, q, strict=True))
        found += [abs(b - a) * max(0.0, divergence) for a, b in zip(*rows, strict=True)]
    return found


def arcee_fusion(base: Vector, model: Vector, columns: int) -> tuple[list[float], float]:
    """The merged entries, and how near to the threshold one comes."""
    found = importances(base, model, columns)
    ascending, last = sorted(found), len(found) - 1
    first, median, third = (ascending[int(q * last)] for q in (0.25, 0.5, 0.75))
    least = median + 1.5 * (third - first)
    margin = min((abs(x - least) for x in found if x != least), default=1.0)
    return [b if x >= least else a for a, b, x in zip(base, model, found, strict=True)], margin


def ram(base: Vector, models: Sequence[Vector], epsilon: float, r: float = 0.0, alpha: float = 0.0) -> list[float]:
    taus = [[b - a for a, b in zip(base, model, strict=True)] for model in models]
    changed = [[abs(x) > epsilon for x in tau] for tau in taus]
    several = [sum(column) for column in zip(*changed, strict=True)]
    gains = []
    for row in changed:
        shared = sum(here and n > 1 for here, n in zip(row, several, strict=True))
        own = sum(here and n == 1 for here, n in zip(row, several, strict=True))
        gains.append(1 + r * min(alpha, shared / max(own, epsilon or 1e-300)))
    merged = []
    for place, theta in enumerate(base):
        total = 0.0
        for tau, here, gain in zip(taus, changed, gains, strict=True):
            if here[place]:
                total += gain * tau[place] if several[place] == 1 else tau[place] / several[place]
        merged.append(theta + total)
    return merged
