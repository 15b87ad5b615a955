"""The summary's files: summary.json whole, every table of it as CSV, the main table for papers, few numbers for DVC."""

import json
from pathlib import Path
from typing import Any

from l2s.analysis.analyse import Report
from l2s.analysis.inputs.transcript import LOOP_CHARACTERS, LOOP_TIMES
from l2s.analysis.output.columns import TABLES
from l2s.analysis.output.tables import latex_table, markdown_table
from l2s.analysis.settings import STUDY_KEYWORDS
from l2s.core.files import write_json, write_text
from l2s.records import Summary, table_of
from l2s.records.cells import csv_text, frame_text, rounded

LISTS = (
    "rows", "levels", "comparisons", "overall", "efficiency", "pareto", "hypervolume", "samples", "controls", "curves",
    "sensitivity", "scale", "asked", "rivals", "sampled", "takeaways", "runs",
)  # fmt: skip
"""Attributes of the report that are lists of rows."""


def file_names() -> tuple[str, ...]:
    """What :func:`write_summary` writes."""
    return (*(f"{name}.csv" for name in (*TABLES, "problems")), "table.md", "table.tex", "metrics.json",
            "headline.json", "summary.json")  # fmt: skip


def write_summary(report: Report, folder: Path) -> None:
    """Write every file of ``data/summary``; the bytes depend on the report alone, and summary.json comes last."""
    content = summary_of(report)
    table_of(content["rows"], Summary, "summary")
    for name, columns in TABLES.items():
        rows = content["rows" if name == "summary" else name]
        write_text(folder / f"{name}.csv", csv_text(rows, columns))
    write_text(folder / "problems.csv", frame_text(report.problems))
    write_text(folder / "table.md", markdown_table(content))
    write_text(folder / "table.tex", latex_table(content))
    write_json(folder / "metrics.json", _metrics(content))
    write_json(folder / "headline.json", headline_numbers(content))
    write_json(folder / "summary.json", content)


def summary_of(report: Report) -> dict[str, Any]:
    """What summary.json holds."""
    settings = report.settings
    content: dict[str, Any] = {name: getattr(report, name) for name in LISTS}
    content |= {
        "chosen": report.chosen._asdict(),
        "benchmarks": report.benchmarks,
        "front": report.front,
        "settings": json.loads(settings.model_dump_json()),
        "constants": {
            "aes": {**settings.aes.model_dump(), "source": "arXiv:2501.12570"},
            "eflops": {"flops_per_byte": settings.flops_per_byte, "source": "arXiv:2506.05333, a B200's"},
            "loop": {"times": LOOP_TIMES, "characters": LOOP_CHARACTERS},
            "study_keywords": list(STUDY_KEYWORDS),
        },
        "shared": {benchmark: list(counts) for benchmark, counts in report.shared.items()},
        "notes": report.notes,
    }
    shown: dict[str, Any] = rounded(content)
    return shown


def headline_numbers(content: dict[str, Any]) -> dict[str, dict[str, float | str]]:
    """Which run was chosen, and few, well-named numbers of the reported benchmarks, for ``dvc metrics show``."""
    slow, chosen = content["settings"]["slow"], content["chosen"]["run"]
    wanted = [
        ("chosen", chosen, ("accuracy", "difference", "difference_low", "tokens", "reduction", "truncated")),
        ("slow", slow, ("accuracy", "tokens")),
    ]
    named = {} if chosen is None else {"chosen": chosen}  # so that dvc metrics diff shows another choice
    return {
        benchmark: named
        | {
            f"{role}_{name}": row[name]
            for role, run, names in wanted
            for row in content["rows"]
            if (row["run"], row["benchmark"]) == (run, benchmark)
            for name in names
            if row.get(name) is not None
        }
        for benchmark in content["benchmarks"]
    }


def _metrics(content: dict[str, Any]) -> dict[str, Any]:
    """Four numbers of every run on the reported benchmarks."""
    shown = ("accuracy", "tokens", "reduction", "truncated")
    return {
        benchmark: {
            row["run"]: {name: row[name] for name in shown if row[name] is not None}
            for row in content["rows"]
            if row["benchmark"] == benchmark
        }
        for benchmark in content["benchmarks"]
    }
