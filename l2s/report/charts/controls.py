"""Controls beside merges: what cutting the slow model's thinking reaches at the length a merge needs."""

from typing import Any

from l2s.core.summary import roles_of, rows_of
from l2s.report.charts.marks import Spec, accuracies, by_role, lengths, point_of, runs_frame


def controls_chart(summary: dict[str, Any], benchmark: str) -> Spec | None:
    """Each kind of control as a line through its budgets, the merges as points; null without a controlled run."""
    rows = {row["run"]: row for row in rows_of(summary, "rows", benchmark) if row["tokens"] is not None}
    roles = roles_of(summary)
    if all(roles[run] != "control" for run in rows):
        return None
    shown = [run for run in rows if roles[run] not in ("given", "quick")]
    points = sorted((point_of(rows[run], roles[run]) for run in shown), key=lambda point: point["place"])
    x, y = lengths(), accuracies(points, 101)
    budgets = _budgets(summary, benchmark, rows)
    lines: Spec = {
        "data": {"values": budgets},
        "mark": {"type": "line", "strokeWidth": 1.6, "opacity": 0.8},
        "encoding": {"x": x, "y": y, "detail": {"field": "line", "type": "nominal"},
                     "color": by_role("color", [point["role"] for point in points])},
    }  # fmt: skip
    title = f"Accuracy against mean tokens of merges and length controls on {benchmark}"
    return runs_frame(title, 320, points, x, y, [lines] if budgets else [])


def _budgets(summary: dict[str, Any], benchmark: str, rows: dict[str, Any]) -> list[dict[str, Any]]:
    """The budgets of one model and kind of control, ending at the model without any."""
    groups: dict[tuple[str, str], list[str]] = {}
    free: dict[str, str] = {}
    for row in rows_of(summary, "controls", benchmark):
        if row["run"] in rows:
            if row["kind"] == "none":
                free[row["model"]] = row["run"]
            else:
                groups.setdefault((row["model"], row["kind"]), []).append(row["run"])
    lines = []
    for (model, kind), runs in sorted(groups.items()):
        ends = [rows[run] for run in runs] + ([rows[free[model]]] if model in free else [])
        for row in sorted(ends, key=lambda row: (row["tokens"], row["run"])):
            lines.append({"line": f"{model} {kind}", "role": "control", "x": row["tokens"], "y": 100 * row["accuracy"]})
    return lines
