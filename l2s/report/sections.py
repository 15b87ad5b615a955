"""The page's sections as plain values: each is there only where the summary has its numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from l2s.core.row import Row
from l2s.core.shown import size_text
from l2s.core.summary import longer_than_slow, roles_of, rows_of, sorted_rows
from l2s.report.parts import columns
from l2s.report.parts.headline import featured
from l2s.report.parts.numbers import Cell, Column


@dataclass(frozen=True)
class Line:
    """One row of a table."""

    label: str
    run: str | None
    """The run whose details the label opens."""
    role: str
    cells: list[Cell]


@dataclass(frozen=True)
class Grid:
    """A sortable table."""

    first: str
    """Heading of the labels."""
    columns: Sequence[Column]
    lines: list[Line]


def run_grid(summary: dict[str, Any], rows: list[Row], wanted: Sequence[Column], benchmark: str) -> Grid | None:
    """A table with one line per run, in the main table's order; null if no run has any of the numbers."""
    known = {row["run"]: row for row in rows}
    ordered = [known[row["run"]] for row in sorted_rows(summary, benchmark) if row["run"] in known]
    grid = plain_grid("run", ordered, wanted, roles_of(summary))
    return grid if grid is not None and grid.columns else None


def plain_grid(first: str, rows: list[Row], wanted: Sequence[Column], roles: dict[str, str]) -> Grid | None:
    """A table with one line per row; the label is the row's name, or else its run. Null without rows."""
    shown = [column for column in wanted if column.is_known(rows)]
    lines = [
        Line(row.get("name") or row["run"], run, roles.get(run or "", ""), [column.cell(row) for column in shown])
        for row in rows
        for run in [row.get("run")]
    ]
    return Grid(first, shown, lines) if lines else None


def benchmark_sections(summary: dict[str, Any], benchmark: str) -> dict[str, Any]:
    """The tables of one benchmark."""
    rows, roles, of = sorted_rows(summary, benchmark), roles_of(summary), partial(rows_of, summary, benchmark=benchmark)

    beside = {row["run"]: row["beside"] for row in summary.get("sampled", [])}
    drawn = [row | {"name": row["run"], "run": beside.get(row["run"], row["run"])} for row in of("samples")]
    controls = [row | {"name": f"{row['run']} ({row['kind']})"} for row in of("controls") if row["kind"] != "none"]
    curves = [row | {"name": f"{row['model']}, {row['kind']}"} for row in of("curves") if row["points"] > 1]
    run = featured(summary)
    return {
        "name": benchmark,
        "rows": rows,
        "roles": roles,
        "caption": caption(summary, rows),
        "featured": next((row for row in rows if row["run"] == run and row.get("difference") is not None), None),
        "slow": next((row for row in rows if row["verdict"] == "baseline"), None),
        "forest": forest_scale(rows, summary["settings"]["margin"]),
        "cost": run_grid(summary, of("efficiency"), columns.COST, benchmark),
        "inside": run_grid(summary, rows, columns.INSIDE, benchmark),
        "controls": plain_grid("control", controls, columns.CONTROLS, roles),
        "curves": plain_grid("curve", curves, columns.CURVES, {}),
        "duel": _duel(rows, roles, run),
        "samples": plain_grid("run", drawn, columns.SAMPLES, roles),
        "sampled": sampled_grid(summary, benchmark),
        "scale": plain_grid("run", of("scale"), columns.SCALE, roles),
        "hypervolume": next(
            (row for row in of("hypervolume") if row["runs"] > 1 and row["hypervolume"] is not None), None
        ),
        "levels": level_grid(summary, benchmark),
    }


def caption(summary: Row, rows: list[Row]) -> str:
    """What the marks and words of the table mean."""
    settings = summary["settings"]
    parts = [f"{' or '.join(sorted({size_text(row) for row in rows}))} each."]
    if any("difference" in row for row in rows):
        parts.append(
            f"Verdicts against {settings['slow']}, paired: parity = accuracy at most "
            f"{100 * settings['margin']:g} points lower, with {100 * settings['confidence']:g} % confidence."
        )
    blind = [row["minimum_detectable"] for row in rows if row["verdict"] == "undecided" and "difference" in row]
    if blind:
        parts.append(f"Undecided: a difference under {100 * max(blind):.1f} points is easily missed with so few.")
    if summary["chosen"]["run"]:
        parts.append(f"★ chosen on {settings['validation']}, on its problems alone.")
        parts.append(longer_than_slow(summary, rows[0]["benchmark"]))
    return " ".join(filter(None, parts))


def sampled_grid(summary: dict[str, Any], benchmark: str) -> Grid | None:
    """Runs with sampling of their own; a label opens the run beside it, of the same model."""
    rows = rows_of(summary, "sampled", benchmark)
    told = {row["run"]: f" ({row['verdict']})" if row["verdict"] not in (None, "baseline") else "" for row in rows}
    named = [row | {"name": f"{row['run']}{told[row['run']]}", "run": row["beside"]} for row in rows]
    return plain_grid("run", named, columns.SAMPLED, roles_of(summary))


def _duel(rows: list[Row], roles: dict[str, str], run: str | None) -> tuple[Row, Row] | None:
    """The featured run and the length control that comes nearest to it in tokens."""
    timed = {row["run"]: row for row in rows if row["tokens"] is not None}
    controls = [row for name, row in timed.items() if roles[name] == "control" and name != run]
    if run not in timed or not controls:
        return None
    mine = timed[run]
    return mine, min(controls, key=lambda row: (abs(row["tokens"] - mine["tokens"]), row["run"]))


def overall_grid(summary: dict[str, Any]) -> Grid | None:
    """Every reported benchmark together, where there are two or more."""
    if len(summary["benchmarks"]) < 2:
        return None
    return run_grid(summary, summary["overall"], columns.OVERALL, summary["benchmarks"][0])


def level_grid(summary: dict[str, Any], benchmark: str) -> dict[str, Any] | None:
    """Accuracy and tokens by level, one line per run."""
    rows = rows_of(summary, "levels", benchmark)
    levels = sorted({row["level"] for row in rows}, key=lambda level: (isinstance(level, str), level))
    if not levels:
        return None
    by_level = {(row["run"], row["level"]): row for row in rows}
    runs = [row["run"] for row in sorted_rows(summary, benchmark)]
    sizes = sorted({row["n"] for row in rows})
    return {
        "levels": levels,
        "sizes": f"{sizes[0]:,}" if len(sizes) == 1 else f"{sizes[0]:,} to {sizes[-1]:,}",
        "lines": [(run, [by_level.get((run, level)) for level in levels]) for run in runs],
        "accuracy": columns.ACCURACY,
        "tokens": columns.TOKENS,
    }


def forest_scale(rows: list[Row], margin: float) -> tuple[float, float]:
    """Ends of the axis on which the table draws differences.

    It is wide enough for the runs whose verdict is in question; one far below is an arrow at the edge, and no
    reason to squeeze the others.
    """
    near = [row for row in rows if row.get("difference") is not None and row["verdict"] in ("parity", "undecided")]
    low = min([row["difference_low"] for row in near], default=0.0)
    high = max([row["difference_high"] for row in near], default=0.0)
    return min(low, -1.6 * margin) * 1.12 - 1e-9, max(high, 0.8 * margin) * 1.12 + 1e-9


def takeaways(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """The study's claims, each with what its own tables and these runs say."""
    found: dict[str, dict[str, Any]] = {}
    for row in summary.get("takeaways", []):
        claim = found.setdefault(row["id"], {"claim": row["claim"], "source": row["source"], "sides": {}})
        claim["sides"][row["on"]] = row
    return list(found.values())
