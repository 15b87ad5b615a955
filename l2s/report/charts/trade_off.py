"""Accuracy against mean tokens: where a run stands says what it is worth."""

from collections.abc import Sequence
from typing import Any

from l2s.core.row import Row
from l2s.core.summary import roles_of, rows_of
from l2s.report.charts.close import views
from l2s.report.charts.marks import Spec, accuracies, lengths, point_of, runs_frame
from l2s.report.parts.columns import CHANGE_TOLD, DIFFERENCE_TOLD
from l2s.report.plots.crowd import crowd


def trade_off_charts(summary: dict[str, Any], benchmark: str) -> dict[str, Spec]:
    """The plot's views by name: all runs, and where many stand on one another, those close up; none without tokens."""
    rows = [row for row in rows_of(summary, "rows", benchmark) if row["tokens"] is not None]
    if not rows:
        return {}
    roles = roles_of(summary)
    points = sorted((_point(row, roles[row["run"]]) for row in rows), key=lambda point: point["place"])
    names = summary["front"].get(benchmark, [])
    front = sorted((point for point in points if point["run"] in names), key=lambda point: point["x"])
    near = {row["run"] for row in crowd(rows, summary["chosen"]["run"])}
    title = f"Accuracy against mean tokens of {len(points)} runs on {benchmark}"
    return views(title, points, near, lengths(), accuracies(points, 101), lambda *view: _view(front, *view))


def _point(row: Row, role: str) -> Spec:
    change, against = "", ""
    if row.get("difference") is not None:
        change = CHANGE_TOLD.text(row) if row["reduction"] is not None else ""
        against = f"Δ accuracy {DIFFERENCE_TOLD.text(row)}"
    return point_of(row, role, change, against, row["verdict"])


def _view(front: Sequence[Row], title: str, points: Sequence[Row], x: Spec, y: Spec) -> Spec:
    stairs: Spec = {
        "data": {"values": [{"x": point["x"], "y": point["y"]} for point in front]},
        "mark": {"type": "line", "interpolate": "step-after", "color": "var(--soft)", "strokeDash": [5, 4],
                 "strokeWidth": 1.2, "clip": True},
        "encoding": {"x": x, "y": y},
    }  # fmt: skip
    return runs_frame(title, 400, points, x, y, [stairs] if len(front) > 1 else [])
