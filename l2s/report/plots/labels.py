"""Labels: names beside their points, each where it covers least, with a line to its point where that is far."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

Point = tuple[float, float]

DIRECTIONS = ((0.8, 0.8), (0.8, -0.8), (-0.8, 0.8), (-0.8, -0.8), (1.2, 0), (-1.2, 0), (0, 1), (0, -1))
PLACES = [(far * dx, far * dy) for far in (9, 15, 22, 32, 46, 62, 80, 100, 124, 150) for dx, dy in DIRECTIONS]
"""Offsets in points at which a name may stand, the nearest first."""
FAR = 200
"""Squared offset from which on a line leads to the point."""
OUTSIDE, NAME, POINT, BAR = 1000.0, 100.0, 30.0, 4.0
"""What it costs to leave the plot, and to cover a name, a point or an interval; a step away costs 1."""


def place_names(axes: Axes, points: Mapping[str, Point], bars: Sequence[Bbox], bold: str | None, ink: str) -> None:
    """Write every name of ``points`` (data coordinates), the bold one first.

    Args:
        axes: drawn, with its final limits.
        points: name to where its point stands.
        bars: what else should not be covered, in data coordinates.
        bold: the name that stands out, if any.
        ink: colour of the lines that lead to far points.
    """
    figure = axes.get_figure(root=True)
    if figure is None:
        raise ValueError("axes belong to no figure")
    figure.canvas.draw()
    pixels = {name: tuple(axes.transData.transform(point)) for name, point in points.items()}
    covered = [Bbox(axes.transData.transform(bar.get_points())) for bar in bars]
    taken: list[Bbox] = []
    for name in sorted(points, key=lambda name: (name != bold, pixels[name], name)):
        text = _text(axes, name, points[name], bold=name == bold)
        size = Text.get_window_extent(text)
        boxes = [_box(pixels[name], place, size, figure.dpi) for place in PLACES]
        costs = [
            place // len(DIRECTIONS) + _cost(box, axes.bbox, taken, list(pixels.values()), covered)
            for place, box in enumerate(boxes)
        ]
        best = costs.index(min(costs))
        taken.append(boxes[best])
        _move(text, PLACES[best], ink)


def _text(axes: Axes, name: str, point: Point, bold: bool) -> Annotation:
    text = axes.annotate(
        name, point, (0, 0), textcoords="offset points", fontsize=8.5, fontweight="bold" if bold else "normal",
        va="center", zorder=6, arrowprops={"arrowstyle": "-", "lw": 0.6, "shrinkA": 0, "shrinkB": 4},
    )  # fmt: skip
    text.set_in_layout(False)
    return text


def _alignment(dx: float) -> Literal["left", "center", "right"]:
    return "left" if dx > 0 else "right" if dx < 0 else "center"


def _box(pixel: Point, place: Point, size: Bbox, dpi: float) -> Bbox:
    x, y = (at + offset * dpi / 72 for at, offset in zip(pixel, place, strict=True))
    left = {"left": x, "right": x - size.width, "center": x - size.width / 2}[_alignment(place[0])]
    return Bbox.from_bounds(left, y - size.height / 2, size.width, size.height).padded(1.5)


def _cost(box: Bbox, frame: Any, taken: list[Bbox], pixels: list[Any], bars: list[Bbox]) -> float:
    inside = frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
    return (
        OUTSIDE * (not inside)
        + NAME * sum(box.overlaps(other) for other in taken)
        + POINT * sum(box.padded(3).contains(x, y) for x, y in pixels)
        + BAR * sum(box.overlaps(bar) for bar in bars)
    )


def _move(text: Annotation, place: Point, ink: str) -> None:
    text.set_position(place)
    text.set_horizontalalignment(_alignment(place[0]))
    if text.arrow_patch is not None:
        text.arrow_patch.set_color(ink)
        text.arrow_patch.set_visible(place[0] ** 2 + place[1] ** 2 > FAR)
