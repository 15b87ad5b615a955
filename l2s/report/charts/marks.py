"""What every plot shares: roles as colours and shapes, axes, intervals, and a specification's frame."""

from collections.abc import Sequence
from typing import Any

from l2s.core.row import Row
from l2s.report.parts.numbers import Column

Spec = dict[str, Any]

SHAPES = {
    "slow": "square",
    "quick": "triangle-up",
    "chosen": "M0,-0.62L0.19,-0.26L0.59,-0.19L0.31,0.1L0.36,0.5L0,0.32L-0.36,0.5L-0.31,0.1L-0.59,-0.19L-0.19,-0.26Z",
    "merge": "circle",
    "trained": "triangle-right",
    "control": "diamond",
    "given": "cross",
}
"""Role to Vega symbol. Shape says the same as colour, for readers who see no colours and for print."""
ROLE_NAMES = {
    "chosen": "chosen on validation",
    "merge": "merge",
    "trained": "trained model",
    "control": "length control",
    "slow": "slow model",
    "quick": "quick model",
    "given": "other model",
}
SIZES = {"chosen": 300, "slow": 110, "quick": 110}
SIZE = 85
PLACES = ("given", "quick", "slow", "control", "trained", "merge", "chosen")
"""Drawn in this order: the later ones stand in front."""
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
ACCURACY = Column("accuracy", "accuracy", "", 100, 1, " %")
TOKENS = Column("tokens", "tokens", "")


def by_role(channel: str, roles: Sequence[str]) -> Spec:
    """A colour or shape scale over the roles that occur."""
    order = [role for role in SHAPES if role in roles]
    ranges = {"color": [f"var(--{role})" for role in order], "shape": [SHAPES[role] for role in order]}
    return {
        "field": "role",
        "type": "nominal",
        "scale": {"domain": order, "range": ranges[channel]},
        "legend": None,
    }


def axis(field: str, title: str, scale: Spec, **more: Any) -> Spec:
    """A quantitative axis."""
    return {"field": field, "type": "quantitative", "title": title, "scale": scale, **more}


def stations(title: str, names: list[str]) -> Spec:
    """The axis across of what has names and an order."""
    return {
        "field": "x",
        "type": "ordinal",
        "title": title,
        "sort": names,
        "scale": {"domain": names, "type": "point", "padding": 0.3},
        "axis": {"labelOverlap": True, "labelAngle": 0},
    }


def lengths() -> Spec:
    """The axis across of what runs generate."""
    return axis("x", "mean generated tokens a response", {"zero": True, "nice": True}, axis={"tickCount": 8})


def accuracies(points: Sequence[Row], top: float) -> Spec:
    """The axis up, from a little below all intervals."""
    low = min(point["yl"] for point in points)
    return axis("y", "accuracy, %", {"domain": [max(0.0, low - 4), top], "nice": False})


def frame(description: str, height: int, **content: Any) -> Spec:
    """A whole specification, as wide as the page lets it be; ``description`` is what a screen reader says."""
    return {
        "$schema": SCHEMA,
        "description": description,
        "width": "container",
        "height": height,
        "autosize": {"type": "fit", "contains": "padding"},
        **content,
    }


def tip(*lines: str) -> str:
    """What hovering shows: the first line is the heading."""
    return "\n".join(line for line in lines if line)


def point_of(row: Row, role: str, *more: str) -> Spec:
    """A run as a point with both intervals: ``x`` mean tokens, ``y`` accuracy in percent."""
    return {
        "run": row["run"],
        "role": role,
        "size": SIZES.get(role, SIZE),
        "place": PLACES.index(role),
        "x": row["tokens"],
        "xl": row["tokens_low"],
        "xh": row["tokens_high"],
        "y": 100 * row["accuracy"],
        "yl": 100 * row["accuracy_low"],
        "yh": 100 * row["accuracy_high"],
        "tip": tip(
            row["run"],
            ROLE_NAMES[role],
            f"accuracy {ACCURACY.text(row)}",
            f"tokens {TOKENS.text(row)}",
            f"n = {row['n']:,}",
            *more,
        ),
    }


def runs_frame(title: str, height: int, points: Sequence[Row], x: Spec, y: Spec, below: list[Spec]) -> Spec:
    """Runs as points with their intervals, above other layers; the page puts names beside them."""
    layers = [*below, *_crosses(points, x, y), _symbols(points, x, y)]
    return frame(title, height, data={"values": points}, layer=layers, usermeta={"names": True})


def _crosses(points: Sequence[Row], x: Spec, y: Spec) -> list[Spec]:
    """Layers with the intervals of points, thin and behind them."""
    roles = [point["role"] for point in points]
    rule: Spec = {"type": "rule", "opacity": 0.55, "strokeWidth": 1.2, "clip": True}
    colour = by_role("color", roles)
    return [
        {"mark": rule, "encoding": {"x": {**x, "field": "xl"}, "x2": {"field": "xh"}, "y": y, "color": colour}},
        {"mark": rule, "encoding": {"x": x, "y": {**y, "field": "yl"}, "y2": {"field": "yh"}, "color": colour}},
    ]


def _symbols(points: Sequence[Row], x: Spec, y: Spec) -> Spec:
    """The layer of points, one shape a role; named ``points`` so that the page can put names beside them."""
    roles = [point["role"] for point in points]
    return {
        "name": "points",
        "mark": {"type": "point", "filled": True, "opacity": 1, "cursor": "pointer", "clip": True,
                 "stroke": "var(--paper)", "strokeWidth": 1.2},
        "encoding": {
            "x": x,
            "y": y,
            "fill": by_role("color", roles),
            "shape": by_role("shape", roles),
            "size": {"field": "size", "type": "quantitative", "scale": None, "legend": None},
            "tooltip": {"field": "tip", "type": "nominal"},
        },
    }  # fmt: skip
