"""Controls beside merges: what cutting the slow model's thinking reaches at the length a merge needs."""

from typing import Any

from l2s.report.charts.marks import Spec, axis, by_role, crosses, frame, point_of, symbols
from l2s.report.parts.tables import role_of


def controls_chart(summary: dict[str, Any], benchmark: str) -> Spec | None:
    """Each kind of control as a line through its budgets, the merges as points; null without a controlled run."""
    rows = {row["run"]: row for row in summary["rows"] if row["benchmark"] == benchmark and row["tokens"] is not None}
    roles = {run: role_of(summary, row) for run, row in rows.items()}
    if "control" not in roles.values():
        return None
    shown = [run for run in rows if roles[run] not in ("given", "quick")]
    points = sorted((point_of(rows[run], roles[run]) for run in shown), key=lambda point: point["place"])
    x = axis("x", "mean generated tokens a response", {"zero": True, "nice": True}, axis={"tickCount": 8})
    low = min(point["yl"] for point in points)
    y = axis("y", "accuracy, %", {"domain": [max(0.0, low - 4), 101], "nice": False})
    stations = _lines(summary, benchmark, rows)
    lines: Spec = {
        "data": {"values": stations},
        "mark": {"type": "line", "strokeWidth": 1.6, "opacity": 0.8},
        "encoding": {"x": x, "y": y, "detail": {"field": "line", "type": "nominal"},
                     "color": by_role("color", [point["role"] for point in points])},
    }  # fmt: skip
    return frame(
        f"Accuracy against mean tokens of merges and length controls on {benchmark}", 320, data={"values": points},
        layer=[*([lines] if stations else []), *crosses(points, x, y), symbols(points, x, y)], usermeta={"names": True},
    )  # fmt: skip


def _lines(summary: dict[str, Any], benchmark: str, rows: dict[str, Any]) -> list[dict[str, Any]]:
    """The budgets of one model and kind of control, ending at the model without any."""
    groups: dict[tuple[str, str], list[str]] = {}
    free: dict[str, str] = {}
    for row in summary.get("controls", []):
        if row["benchmark"] == benchmark and row["run"] in rows:
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
