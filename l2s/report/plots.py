"""Interactive plots: traces and axes as plain values, drawn in the reader's browser by plotly, which the page holds.

A plot says what is drawn; colours come from the page, so that they follow light and dark.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from l2s.report.layers import Layered
from l2s.report.tables import accuracy_text, difference_text, reduction_text, role_of

Plot = dict[str, Any]
Row = Mapping[str, Any]

NAMES = {
    "chosen": "chosen merge", "merge": "merges", "control": "length controls", "slow": "slow", "quick": "quick",
    "given": "other models",
}  # fmt: skip
SYMBOLS = {"chosen": "star", "merge": "circle", "control": "diamond", "slow": "square", "quick": "square",
           "given": "square-open"}  # fmt: skip
LAYER_FIGURES = {
    "delta_norm": "length of the change",
    "sign_conflict_share": "share of entries where models disagree on the sign",
    "unchanged_share": "share of entries where rounding undid the change",
}


def plots_of(summary: Mapping[str, Any], benchmark: str) -> dict[str, Plot]:
    """Every plot of one benchmark for which there are numbers, by name."""
    rows = [row for row in summary["rows"] if row["benchmark"] == benchmark and row["tokens"] is not None]
    levels = [row for row in summary["levels"] if row["benchmark"] == benchmark and row["tokens"] is not None]
    sweep = [row for row in summary.get("sensitivity", []) if row["benchmark"] == benchmark]
    plots = {"trade-off": trade_off(summary, benchmark, rows)} if rows else {}
    if len({row["level"] for row in levels}) > 1:
        plots["length-by-level"] = by_level(summary, levels, "tokens", "mean tokens", 1)
        plots["reflection-by-level"] = by_level(summary, levels, "reflective", "answers with a second thought, %", 100)
    if sweep:
        plots["coefficients"] = coefficients(sweep)
    return plots


def trade_off(summary: Mapping[str, Any], benchmark: str, rows: Sequence[Row]) -> Plot:
    """Accuracy against mean tokens with intervals, a kind of run a colour; the front, and each control's curve."""
    traces = [_line("Pareto front", [r for r in rows if r["run"] in summary["front"].get(benchmark, [])], "front")]
    controls = [row for row in summary.get("controls", []) if row["benchmark"] == benchmark]
    for model, kind in sorted({(r["model"], r["kind"]) for r in controls if r["kind"] not in (None, "none")}):
        curve = [r for r in controls if r["model"] == model and r["kind"] in (kind, "none")]
        if len(curve) > 2:
            traces.append(_line(f"{model} under {kind.replace('_', ' ')}", curve, "control"))
    by_role: dict[str, list[Row]] = {}
    for row in rows:
        by_role.setdefault(role_of(dict(summary), dict(row)), []).append(row)
    traces += [_points(role, by_role[role]) for role in NAMES if role in by_role]
    return {"traces": traces, "x": "mean tokens an answer", "y": "accuracy, %", "height": 460}


def by_level(summary: Mapping[str, Any], levels: Sequence[Row], column: str, label: str, factor: float) -> Plot:
    """A column against the level of difficulty, a line a run; slow, quick and the chosen merge at first."""
    order = sorted({row["level"] for row in levels}, key=lambda level: (isinstance(level, str), level))
    settings, traces = summary["settings"], []
    shown = {settings["slow"], settings["quick"], summary["chosen"]["run"]}
    for run in sorted({row["run"] for row in levels}, key=lambda run: (run not in shown, run)):
        found = {row["level"]: row for row in levels if row["run"] == run and row.get(column) is not None}
        role = next((role_of(dict(summary), row) for row in summary["rows"] if row["run"] == run), "given")
        traces.append({
            "x": [str(level) for level in order if level in found],
            "y": [round(factor * found[level][column], 3) for level in order if level in found],
            "name": run, "role": role, "mode": "lines+markers", "run": run,
            "visible": True if run in shown or len(shown - {None}) < 2 else "legendonly",
        })  # fmt: skip
    return {"traces": traces, "x": "level of difficulty", "y": label, "category": True, "height": 340}


def coefficients(rows: Sequence[Row]) -> Plot:
    """Accuracy against a coefficient, a line for each method and coefficient that recipes differ in."""
    traces = []
    for method, name in sorted({(row["method"], row["coefficient"]) for row in rows}):
        found = sorted((r for r in rows if (r["method"], r["coefficient"]) == (method, name)), key=lambda r: r["value"])
        traces.append({
            "x": [r["value"] for r in found], "y": [_percent(r["accuracy"]) for r in found],
            "errors": [_ends(r) for r in found], "name": f"{method}: {name}", "mode": "lines+markers",
            "text": [f"{r['run']}: {accuracy_text(dict(r))}, {r['tokens']:.1f} tokens" for r in found],
            "runs": [r["run"] for r in found],
        })  # fmt: skip
    return {"traces": traces, "x": "value of the coefficient", "y": "accuracy, %", "height": 340}


def layers(layered: Mapping[str, Layered], chosen: str | None) -> dict[str, Plot]:
    """What each merge did, layer by layer: a plot for each figure, a line a recipe."""
    plots = {}
    for figure, label in LAYER_FIGURES.items():
        traces = [
            {
                "x": list(found), "y": [round(layer[figure], 6) for layer in found.values()], "name": recipe,
                "mode": "lines+markers", "role": "chosen" if recipe == chosen else None, "run": recipe,
                "visible": True if number < 5 or recipe == chosen else "legendonly",
            }
            for number, (recipe, found) in enumerate(sorted(layered.items(), key=lambda pair: pair[0] != chosen))
        ]  # fmt: skip
        plots[figure] = {"traces": traces, "x": "layer", "y": label, "category": True, "height": 300}
    return plots


def _points(role: str, rows: Iterable[Row]) -> dict[str, Any]:
    found = sorted(rows, key=lambda row: row["tokens"])
    return {
        "x": [row["tokens"] for row in found], "y": [_percent(row["accuracy"]) for row in found],
        "errors": [_ends(row) for row in found], "runs": [row["run"] for row in found], "name": NAMES[role],
        "role": role, "mode": "markers", "symbol": SYMBOLS[role], "text": [_hover(row) for row in found],
    }  # fmt: skip


def _line(name: str, rows: Iterable[Row], role: str) -> dict[str, Any]:
    found = sorted(rows, key=lambda row: row["tokens"])
    return {
        "x": [row["tokens"] for row in found], "y": [_percent(row["accuracy"]) for row in found], "name": name,
        "role": role, "mode": "lines", "dashed": role == "control",
    }  # fmt: skip


def _hover(row: Row) -> str:
    """Plain text, lines apart by a line feed; the page shows no markup of ours or others."""
    known = dict(row)
    lines = [row["run"], f"accuracy {accuracy_text(known)} %, {row['n']:,} answers", f"{row['tokens']:.1f} tokens"]
    if row.get("reduction") is not None and row["verdict"] != "baseline":
        lines.append(f"{reduction_text(known)} tokens, {difference_text(known)} points: {row['verdict']}")
    return "\n".join(lines)


def _percent(share: float) -> float:
    return round(100 * share, 3)


def _ends(row: Row) -> list[float]:
    """How far the interval reaches up and down."""
    return [_percent(row["accuracy_high"] - row["accuracy"]), _percent(row["accuracy"] - row["accuracy_low"])]
