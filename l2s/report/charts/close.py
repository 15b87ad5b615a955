"""A plot's views: all of it, and where many points stand on one another, those close up."""

from collections.abc import Callable, Collection, Sequence

from l2s.core.row import Row
from l2s.report.charts.marks import Spec

Draw = Callable[[str, Sequence[Row], Spec, Spec], Spec]
"""A plot of a title, points and the two axes."""


def views(title: str, points: Sequence[Row], near: Collection[str], x: Spec, y: Spec, draw: Draw) -> dict[str, Spec]:
    """Name of a view to its plot: all runs, and those ``near`` one another where there are any."""
    whole = {"all runs": draw(title, points, x, y)}
    if not near:
        return whole
    close = [point for point in points if point["run"] in near]
    wide, high = _zoomed(x, close, 0.25), _zoomed(y, close, 0.12)
    inside = [point for point in points if _holds(wide, point["x"]) and _holds(high, point["y"])]
    return whole | {"close up": draw(f"{title}, close up", inside, wide, high)}


def _zoomed(axis: Spec, points: Sequence[Row], room: float) -> Spec:
    """The axis about the points' intervals, with so much of their extent on either side."""
    field = axis["field"]
    first, last = min(point[f"{field}l"] for point in points), max(point[f"{field}h"] for point in points)
    edge = room * (last - first) + 1e-6
    return {**axis, "scale": {"domain": [first - edge, last + edge], "nice": False, "zero": False}}


def _holds(axis: Spec, value: float) -> bool:
    low, high = axis["scale"]["domain"]
    return bool(low <= value <= high)
