"""What merging did to each layer: four small plots, one line a recipe."""

from collections.abc import Mapping
from typing import Any

from l2s.core.summary import roles_of
from l2s.report.charts.marks import Spec, axis, by_role, frame, stations, tip
from l2s.report.parts.layers import has_base, layer_rows

PANELS = {
    "delta_norm": ("length of the change", "‖merged − reference‖ per layer", 1),
    "kept_share": ("kept share, %", "entries of the task vectors that entered the sum", 100),
    "sign_conflict_share": ("sign conflicts, %", "entries where task vectors point both ways", 100),
    "unchanged_share": ("undone by rounding, %", "entries moved by the merge and put back by the stored format", 100),
}


def layer_charts(summary: dict[str, Any], manifests: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Panel to ``{title, hint, spec}``; empty without manifests that hold diagnostics."""
    rows = layer_rows(manifests)
    if not rows:
        return {}
    roles = dict.fromkeys(manifests, "merge") | roles_of(summary)
    based = {recipe: has_base(manifest) for recipe, manifest in manifests.items()}
    longest = max(rows, key=lambda row: row["place"])["recipe"]
    layers = [row["layer"] for row in rows if row["recipe"] == longest]
    return {
        key: {"title": title, "hint": hint, "spec": _panel(title, _points(rows, key, scale, roles, based), layers)}
        for key, (title, hint, scale) in PANELS.items()
        if any(row[key] for row in rows)
    }


def _points(
    rows: list[dict[str, Any]], key: str, scale: int, roles: dict[str, str], based: dict[str, bool]
) -> list[dict[str, Any]]:
    unit = " %" if scale == 100 else ""
    return [
        {
            "run": row["recipe"],
            "role": roles[row["recipe"]],
            "based": based[row["recipe"]],
            "x": row["layer"],
            "y": round(scale * row[key], 6),
            "tip": tip(
                row["recipe"],
                f"layer {row['layer']}, {row['entries']:,} weights",
                f"{scale * row[key]:.4g}{unit}",
                "" if based[row["recipe"]] else "against the first model, there being no base",
            ),
        }
        for row in rows
    ]


def _panel(title: str, points: list[dict[str, Any]], layers: list[str]) -> Spec:
    x = stations("layer", layers)
    y = axis("y", title, {"zero": True, "nice": True})
    colour = by_role("color", [point["role"] for point in points])
    thick: Spec = {"condition": {"test": "datum.role === 'chosen'", "value": 2.6}, "value": 1.1}
    dash: Spec = {"condition": {"test": "!datum.based", "value": [4, 3]}, "value": [1, 0]}
    return frame(
        f"{title} by layer", 210, data={"values": points},
        layer=[
            {"mark": {"type": "line", "opacity": 0.75},
             "encoding": {"x": x, "y": y, "detail": {"field": "run", "type": "nominal"}, "color": colour,
                          "strokeWidth": thick, "strokeDash": dash}},
            {"mark": {"type": "point", "filled": True, "size": 34, "opacity": 0.9, "cursor": "pointer"},
             "encoding": {"x": x, "y": y, "fill": colour, "tooltip": {"field": "tip", "type": "nominal"}}},
        ],
    )  # fmt: skip
