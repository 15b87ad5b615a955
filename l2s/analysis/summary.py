"""The summary's files: summary.json whole, two tables as CSV, a few metrics for DVC."""

import io
import json
from pathlib import Path
from typing import Any

import polars as pl

from l2s.analysis.analyse import Report
from l2s.errors import RecordError
from l2s.files import write_json, write_text
from l2s.records import Summary, table_of

DIGITS = 10


def write_summary(report: Report, folder: Path) -> None:
    """``summary.json``, ``summary.csv``, ``levels.csv`` and ``metrics.json``; the bytes depend on the report alone."""
    content: dict[str, Any] = {
        "rows": report.rows,
        "levels": report.levels,
        "comparisons": report.comparisons,
        "overall": report.overall,
        "chosen": report.chosen._asdict(),
        "benchmarks": report.benchmarks,
        "front": report.front,
        "settings": json.loads(report.settings.model_dump_json()),
    }
    content = _rounded(content)
    table_of(content["rows"], Summary, "summary")
    write_text(folder / "summary.csv", _csv(content["rows"]))
    write_text(folder / "levels.csv", _csv(content["levels"]))
    write_json(folder / "metrics.json", _metrics(content))
    write_json(folder / "summary.json", content)


def read_summary(path: Path) -> dict[str, Any]:
    """summary.json, its rows checked.

    Raises:
        RecordError: it is missing or not a summary.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        table_of(content["rows"], Summary, str(path))
    except FileNotFoundError:
        raise RecordError(f"{path}: no such file; run the analysis first (l2s run analyse)") from None
    except (ValueError, KeyError) as error:
        raise RecordError(f"{path}: not a summary ({error})") from None
    return content


def _metrics(content: dict[str, Any]) -> dict[str, Any]:
    """Few, well-named numbers of the reported benchmarks, for ``dvc metrics show`` and ``diff``."""
    shown = ("accuracy", "tokens", "reduction", "truncated")
    return {
        benchmark: {
            row["run"]: {name: row[name] for name in shown if row[name] is not None}
            for row in content["rows"]
            if row["benchmark"] == benchmark
        }
        for benchmark in content["benchmarks"]
    }


def _csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    pl.DataFrame(rows, infer_schema_length=None).write_csv(text)
    return text.getvalue()


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, (list, tuple)) else value
