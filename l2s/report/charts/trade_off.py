"""Accuracy against mean tokens: where a run stands says what it is worth."""

from collections.abc import Sequence
from typing import Any

from l2s.report.charts.close import views
from l2s.report.charts.marks import Spec, axis, crosses, frame, point_of, symbols
from l2s.report.parts.numbers import Row, change_text
from l2s.report.parts.tables import difference_text, role_of
from l2s.report.plots.crowd import crowd


def trade_off_charts(summary: dict[str, Any], benchmark: str) -> dict[str, Spec]:
    """The plot's views by name: all runs, and where many stand on one another, those close up; none without tokens."""
    rows = [row for row in summary["rows"] if row["benchmark"] == benchmark and row["tokens"] is not None]
    if not rows:
        return {}
    points = sorted((_point(summary, row) for row in rows), key=lambda point: point["place"])
    names = summary["front"].get(benchmark, [])
    front = sorted((point for point in points if point["run"] in names), key=lambda point: point["x"])
    x = axis("x", "mean generated tokens a response", {"zero": True, "nice": True}, axis={"tickCount": 8})
    low = min(point["yl"] for point in points)
    y = axis("y", "accuracy, %", {"domain": [max(0.0, low - 4), 101], "nice": False})
    near = {row["run"] for row in crowd(rows, summary["chosen"]["run"])}
    title = f"Accuracy against mean tokens of {len(points)} runs on {benchmark}"
    return views(title, points, near, x, y, lambda *view: _view(front, *view))


def _point(summary: dict[str, Any], row: dict[str, Any]) -> Spec:
    role = role_of(summary, row)
    change, against = "", ""
    if row.get("difference") is not None:
        change = change_text(row) if row["reduction"] is not None else ""
        against = f"Δ accuracy {difference_text(row, 'points')}"
    return point_of(row, role, change, against, row["verdict"])


def _view(front: Sequence[Row], title: str, points: Sequence[Row], x: Spec, y: Spec) -> Spec:
    stairs: Spec = {
        "data": {"values": [{"x": point["x"], "y": point["y"]} for point in front]},
        "mark": {"type": "line", "interpolate": "step-after", "color": "var(--soft)", "strokeDash": [5, 4],
                 "strokeWidth": 1.2, "clip": True},
        "encoding": {"x": x, "y": y},
    }  # fmt: skip
    layers = [stairs] if len(front) > 1 else []
    return frame(
        title, 400, data={"values": points}, layer=[*layers, *crosses(points, x, y), symbols(points, x, y)],
        usermeta={"names": True},
    )  # fmt: skip
