"""Everything about one run, for the panel that a click opens."""

from collections.abc import Mapping, Sequence
from typing import Any

from l2s.core.row import Row
from l2s.core.summary import roles_of, rows_of
from l2s.report.parts.columns import DETAILS, LEVEL
from l2s.report.parts.numbers import Cell, Column


def run_details(summary: dict[str, Any], manifests: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One entry per run, in the summary's order: what it is, its measures by benchmark, its levels, its weights."""
    facts = {fact["run"]: fact for fact in summary.get("runs", [])}
    runs = list(dict.fromkeys(row["run"] for row in summary["rows"]))
    return [_details(summary, run, facts.get(run, {}), manifests) for run in runs]


def _details(
    summary: dict[str, Any], run: str, fact: Row, manifests: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    validation = summary["settings"]["validation"]
    rows = {row["benchmark"]: row for row in summary["rows"] if row["run"] == run}
    shown = [name for name in (*summary["benchmarks"], validation) if name in rows]
    merged = [_measures(summary, run, name, rows[name]) for name in shown]
    first = rows[next(iter(rows))]
    return {
        "run": run,
        "role": roles_of(summary)[run],
        "verdict": first["verdict"] if not shown else rows[shown[0]]["verdict"],
        "facts": _facts(first, fact),
        "benchmarks": [f"{name} (validation)" if name == validation else name for name in shown],
        "measures": _table(DETAILS, merged),
        "levels": [_levels(summary, run, name) for name in summary["benchmarks"] if name in rows],
        "weights": _weights(manifests.get(first["model"], {})),
    }


def _facts(row: Row, fact: Row) -> dict[str, str]:
    """What the run is: method, coefficients, training, control, size."""
    found = {
        "model": row["model"],
        "control": fact.get("control_kind") or row.get("control"),
        "method": fact.get("method"),
        "training": fact.get("training"),
        "asked for": fact.get("length_level"),
        "weights": f"{fact['parameters']:,}" if fact.get("parameters") else None,
        "compared with": fact.get("slow"),
    }
    if (fact.get("control_kind") or "none") != "none":
        found |= {f"control: {key}": repr(value) for key, value in fact.get("control", {}).items()}
    found |= {key: f"{value}" for key, value in fact.get("coefficients", {}).items()}
    return {key: str(value) for key, value in found.items() if value not in (None, "", "none")}


def _measures(summary: dict[str, Any], run: str, benchmark: str, row: Row) -> Row:
    """A row with what the other tables know of the same run and benchmark; its own numbers count first."""
    others = [*rows_of(summary, "efficiency", benchmark), *rows_of(summary, "pareto", benchmark)]
    merged: Row = {}
    for part in (*(other for other in others if other["run"] == run), row):
        merged |= part
    return merged | ({"reduction": None} if row["verdict"] == "baseline" else {})


def _table(columns: Sequence[Column], rows: list[Row]) -> list[tuple[str, list[Cell]]]:
    """Measures that at least one benchmark knows, as lines."""
    return [(column.heading, [column.cell(row) for row in rows]) for column in columns if column.is_known(rows)]


def _levels(summary: dict[str, Any], run: str, benchmark: str) -> dict[str, Any]:
    rows = [row for row in rows_of(summary, "levels", benchmark) if row["run"] == run]
    columns = [column for column in LEVEL if column.is_known(rows)]
    return {
        "benchmark": benchmark,
        "columns": columns,
        "rows": [(str(row["level"]), [column.cell(row) for column in columns]) for row in rows],
    }


def _weights(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Digests of a merge's inputs and output, and the donor of its tokenizer."""
    if not manifest:
        return {}
    found = {f"weights of {name}": model.get("weights", "") for name, model in manifest.get("inputs", {}).items()}
    found["merged weights"] = manifest.get("output", {}).get("weights", "")
    found["seed"] = str(manifest.get("seed", ""))
    found["tokenizer of"] = manifest.get("donor", {}).get("model", "")
    return {key: value for key, value in found.items() if value}
