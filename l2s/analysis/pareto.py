"""The Pareto front: runs that no other run beats in both accuracy and length."""

from collections.abc import Mapping


def pareto_front(points: Mapping[str, tuple[float, float]]) -> list[str]:
    """Names on the front, shortest first.

    Args:
        points: name to (tokens, accuracy).
    """
    front, best = [], float("-inf")
    for name in sorted(points, key=lambda name: (points[name][0], -points[name][1], name)):
        if points[name][1] > best:
            front.append(name)
            best = points[name][1]
    return front
