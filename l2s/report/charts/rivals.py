"""Merges, controls and trainings as three marks in one plot; a trained model's levels of length as a curve."""

from collections.abc import Collection, Sequence
from typing import Any

from l2s.core.row import Row
from l2s.core.summary import rows_of
from l2s.report.charts.close import views
from l2s.report.charts.marks import Spec, accuracies, lengths, point_of, runs_frame
from l2s.report.plots.crowd import crowd


def rivals_chart(summary: dict[str, Any], benchmark: str) -> dict[str, Spec]:
    """The chart's views, with the front of all three ways; empty where nothing was trained."""
    rivals = [row for row in rows_of(summary, "rivals", benchmark) if row["tokens"] is not None]
    front = sorted((row["tokens"], row["accuracy"]) for row in rivals if row["on_front"])
    points = [point_of(row, row["way"], "on the front" if row["on_front"] else "") for row in rivals]
    line = [{"line": "front", "x": x, "y": 100 * y} for x, y in front]
    mark = {"interpolate": "step-after", "strokeDash": [5, 4], "color": "var(--soft)"}
    near = {row["run"] for row in crowd(rivals, summary["chosen"]["run"])} if rivals else ()
    return _chart("Merges, length controls and trained models", summary, benchmark, points, line, mark, near)


def asked_chart(summary: dict[str, Any], benchmark: str) -> dict[str, Spec]:
    """The one view, a line for each model; empty where no model was asked for levels."""
    asked = rows_of(summary, "asked", benchmark)
    points = [point_of(row, "trained", f"asked for {row['length_level']}") for row in asked]
    lines = [{"line": row["model"], "x": row["tokens"], "y": 100 * row["accuracy"]} for row in asked]
    return _chart("Levels of length", summary, benchmark, points, lines, {"color": "var(--trained)"})


def _slow(summary: dict[str, Any], benchmark: str) -> list[Spec]:
    slow = summary["settings"]["slow"]
    return [
        point_of(row, "slow") for row in rows_of(summary, "rows", benchmark) if row["run"] == slow and row["tokens"]
    ]


def _chart(
    title: str, summary: dict[str, Any], benchmark: str, points: list[Spec], line: Sequence[Spec], mark: Spec,
    near: Collection[str] = (),
) -> dict[str, Spec]:  # fmt: skip
    if not points:
        return {}
    points = [*_slow(summary, benchmark), *points]

    def draw(title: str, points: Sequence[Row], x: Spec, y: Spec) -> Spec:
        drawn: Spec = {
            "data": {"values": list(line)},
            "mark": {"type": "line", "strokeWidth": 1.4, "opacity": 0.8, "clip": True, **mark},
            "encoding": {"x": x, "y": y, "detail": {"field": "line", "type": "nominal"}},
        }
        return runs_frame(title, 340, points, x, y, [drawn] if len(line) > 1 else [])

    title = f"{title} on {benchmark}, accuracy against mean tokens"
    return views(title, points, near, lengths(), accuracies(points, 100.5), draw)
