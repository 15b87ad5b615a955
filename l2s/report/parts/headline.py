"""The answer in one sentence: which merge, how much shorter, at what accuracy, on how many problems."""

from typing import Any

from l2s.core.row import Row
from l2s.core.shown import size_text
from l2s.core.summary import roles_of
from l2s.report.parts import columns

AT_PARITY = ("better", "parity")


def featured(summary: dict[str, Any]) -> str | None:
    """The run the page is about; null if nothing is compared with a slow run.

    It is the one chosen on validation, else the shortest at parity, else the one nearest in accuracy; a length
    control only where no other run is compared.
    """
    if summary["chosen"]["run"]:
        return str(summary["chosen"]["run"])
    roles = roles_of(summary)
    rows = [row for row in _compared(summary) if roles[row["run"]] != "control"] or _compared(summary)
    at_parity = [row for row in rows if row["verdict"] in AT_PARITY and row["reduction"] is not None]
    if at_parity:
        return str(max(at_parity, key=lambda row: (row["reduction"], row["accuracy"], row["run"]))["run"])
    return str(max(rows, key=lambda row: (row["difference"], row["run"]))["run"]) if rows else None


def headline(summary: dict[str, Any]) -> str:
    """The result in one sentence; several benchmarks give one clause each."""
    run = featured(summary)
    if run is None:
        return _without_comparison(summary)
    rows = [row for benchmark in summary["benchmarks"] for row in _compared(summary, benchmark) if row["run"] == run]
    if not rows:
        return f"{run} was chosen; no benchmark but the validation one compares it with the slow model."
    pooled = _pooled(summary, run, rows) if len(rows) > 1 else None
    if pooled is None:
        return f"{_opening(summary, run, rows)}: {'; '.join(_clause(row) for row in rows)}."
    each = ", ".join(f"{row['verdict']} on {row['benchmark']}" for row in rows)
    return f"{_opening(summary, run, rows)}: {_clause(pooled)} ({each})."


def _pooled(summary: dict[str, Any], run: str, rows: list[Row]) -> Row | None:
    """Every problem of all benchmarks as one row, where the summary knows it."""
    row: Row = next((row for row in summary["overall"] if row["run"] == run), {})
    if row.get("difference") is None or row.get("reduction_total_tokens") is None:
        return None
    total = {f"reduction{end}": row.get(f"reduction_total_tokens{end}") for end in ("", "_low", "_high")}
    return {**row, **total, "benchmark": f"{len(rows)} benchmarks"}


def _clause(row: Row) -> str:
    change = f"{columns.CHANGE_TOLD.text(row)}, " if row["reduction"] is not None else ""
    difference = columns.DIFFERENCE_TOLD.text(row)
    return f"{change}accuracy {difference}, {size_text(row)} of {row['benchmark']}: {row['verdict']}"


def _opening(summary: dict[str, Any], run: str, rows: list[Row]) -> str:
    if summary["chosen"]["run"] == run:
        return run
    if any(row["verdict"] in AT_PARITY for row in rows):
        return f"{run}, the shortest at parity (picked on these very problems, so it looks a little too good)"
    return f"No run is at parity; the nearest is {run}"


def _without_comparison(summary: dict[str, Any]) -> str:
    rows = [row for row in summary["rows"] if row["benchmark"] in summary["benchmarks"]]
    if len(rows) == 1:
        (row,) = rows
        tokens = f" in {row['tokens']:,.1f} tokens on average" if row["tokens"] is not None else ""
        accuracy = columns.ACCURACY.text(row)
        return (
            f"{row['run']} alone: accuracy {accuracy} %{tokens}, {size_text(row)} of {row['benchmark']}. "
            "A second run on the same problems is needed for a comparison."
        )
    runs = sorted({row["run"] for row in rows})
    return f"{len(runs)} runs, none of them compared: no slow run is named, or none is among them."


def _compared(summary: dict[str, Any], benchmark: str | None = None) -> list[Row]:
    benchmarks = [benchmark] if benchmark else summary["benchmarks"]
    return [row for row in summary["rows"] if row["benchmark"] in benchmarks and row.get("difference") is not None]
