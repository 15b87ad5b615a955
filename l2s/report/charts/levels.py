"""What a run does as problems get harder: tokens, reflections, accuracy against the level."""

from typing import Any

from l2s.core.summary import roles_of, rows_of
from l2s.report.charts.marks import ACCURACY, TOKENS, Spec, axis, by_role, frame, stations, tip
from l2s.report.parts.numbers import Column

BOLD = ("slow", "quick", "chosen")
PANELS = {
    "tokens": ("mean generated tokens", 1, TOKENS),
    "reflective": ("share of answers that reflect, %", 100, Column("reflective", "", "", 100, 1, " %")),
    "accuracy": ("accuracy, %", 100, ACCURACY),
}


def level_charts(summary: dict[str, Any], benchmark: str) -> dict[str, Spec]:
    """Panel to plot, for a benchmark with more than one level; empty otherwise."""
    rows = rows_of(summary, "levels", benchmark)
    levels = sorted({row["level"] for row in rows}, key=lambda level: (isinstance(level, str), level))
    if len(levels) < 2:
        return {}
    roles = roles_of(summary)
    panels = {}
    for key, (title, scale, column) in PANELS.items():
        known = [row for row in rows if row[key] is not None]
        if known:
            points = [_point(row, roles[row["run"]], key, scale, column) for row in known]
            panels[key] = _panel(f"{title} against level, {benchmark}", title, points, [str(level) for level in levels])
    return panels


def _point(row: dict[str, Any], role: str, key: str, scale: int, column: Column) -> dict[str, Any]:
    low, high = row.get(f"{key}_low"), row.get(f"{key}_high")
    return {
        "run": row["run"],
        "role": role,
        "bold": role in BOLD,
        "x": str(row["level"]),
        "y": scale * row[key],
        "yl": scale * (row[key] if low is None else low),
        "yh": scale * (row[key] if high is None else high),
        "tip": tip(
            row["run"],
            f"level {row['level']}, n = {row['n']:,}",
            f"{column.heading or 'reflect'} {column.text(row)}",
        ),
    }


def _panel(description: str, title: str, points: list[dict[str, Any]], levels: list[str]) -> Spec:
    x = stations("level of difficulty", levels)
    y = axis("y", title, {"zero": not title.startswith("accuracy"), "nice": True})
    colour = by_role("color", [point["role"] for point in points])
    run = {"field": "run", "type": "nominal"}
    point: Spec = {"type": "point", "filled": True, "cursor": "pointer"}
    hover = {"field": "tip", "type": "nominal"}
    known = {point["bold"] for point in points}
    line: Spec = {"x": x, "y": y, "detail": run, "color": colour}
    spot: Spec = {"x": x, "y": y, "fill": colour, "tooltip": hover}
    area: Spec = {"x": x, "y": {**y, "field": "yl"}, "y2": {"field": "yh"}, "detail": run, "fill": colour}
    layers: list[tuple[bool, Spec, Spec]] = [
        (False, {"type": "line", "strokeWidth": 1, "opacity": 0.5}, line),
        (True, {"type": "area", "opacity": 0.18, "line": False}, area),
        (True, {"type": "line", "strokeWidth": 2.2}, line),
        (False, {**point, "size": 26, "opacity": 0.75}, spot),
        (True, {**point, "size": 48, "opacity": 1}, spot),
    ]
    return frame(
        description,
        260,
        data={"values": points},
        layer=[
            {"transform": [{"filter": "datum.bold" if is_bold else "!datum.bold"}], "mark": mark, "encoding": encoding}
            for is_bold, mark, encoding in layers
            if is_bold in known
        ],
    )
