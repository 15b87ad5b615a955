"""One coefficient changed, all else equal: accuracy and tokens against its value."""

from typing import Any

from l2s.core.row import Row
from l2s.core.shown import given_text
from l2s.core.summary import grouped, rows_of
from l2s.report.charts.marks import ACCURACY, TOKENS, Spec, axis, frame, tip


def sweeps(summary: dict[str, Any], benchmark: str) -> list[dict[str, Any]]:
    """``{method, coefficient, rows, accuracy, tokens}`` per method and coefficient with two values or more."""
    slow = {row["run"]: row for row in rows_of(summary, "rows", benchmark)}.get(summary["settings"]["slow"])
    return [
        {
            "method": method,
            "coefficient": coefficient,
            "rows": (ordered := sorted(rows, key=lambda row: (row["value"], row["run"]))),
            "accuracy": _panel(ordered, coefficient, "accuracy", "accuracy, %", 100, slow),
            "tokens": _panel(ordered, coefficient, "tokens", "mean tokens", 1, slow),
        }
        for (method, coefficient), rows in grouped(rows_of(summary, "sensitivity", benchmark), "method", "coefficient")
        if len({row["value"] for row in rows}) > 1
    ]


def _panel(rows: list[Row], coefficient: str, key: str, title: str, scale: int, slow: Row | None) -> Spec:
    points = [
        {
            "run": row["run"],
            "x": row["value"],
            "y": scale * row[key],
            "yl": scale * row[f"{key}_low"],
            "yh": scale * row[f"{key}_high"],
            "tip": tip(
                row["run"],
                f"{coefficient} = {given_text(row['value'])}",
                f"accuracy {ACCURACY.text(row)}",
                f"tokens {TOKENS.text(row)}",
                f"n = {row['n']:,}",
            ),
        }
        for row in rows
        if row[key] is not None
    ]
    x = axis(
        "x", coefficient, {"zero": False, "padding": 16}, axis={"values": sorted({point["x"] for point in points})}
    )
    y = axis("y", title, {"zero": key == "tokens", "nice": True})
    line: Spec = {"type": "line", "color": "var(--merge)", "strokeWidth": 2}
    rule: Spec = {"type": "rule", "color": "var(--merge)", "opacity": 0.6}
    point: Spec = {"type": "point", "filled": True, "size": 70, "opacity": 1, "color": "var(--merge)",
                   "cursor": "pointer"}  # fmt: skip
    layers: list[Spec] = []
    if slow is not None and slow[key] is not None:
        layers.append(
            {"data": {"values": [{"y": scale * slow[key], "tip": f"{slow['run']}\nfor comparison"}]},
             "mark": {"type": "rule", "color": "var(--slow)", "strokeDash": [5, 4]},
             "encoding": {"y": y, "tooltip": {"field": "tip", "type": "nominal"}}}
        )  # fmt: skip
    layers += [
        {"mark": line, "encoding": {"x": x, "y": y}},
        {"mark": rule, "encoding": {"x": x, "y": {**y, "field": "yl"}, "y2": {"field": "yh"}}},
        {"mark": point, "encoding": {"x": x, "y": y, "tooltip": {"field": "tip", "type": "nominal"}}},
    ]
    return frame(f"{title} against {coefficient}", 220, data={"values": points}, layer=layers)
