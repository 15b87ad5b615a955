"""The page: one HTML file that opens offline, with everything in it."""

import base64
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from l2s.files import replacing_folder, write_text
from l2s.report import tables
from l2s.report.figures import draw_figures

_CHAT_MARK = re.compile(r"<\|im_start\|>(?:system|user|assistant)?|<\|[^|<>]*\|>|<｜[^｜<>]*｜>")


def build_page(
    summary: dict[str, Any],
    out: Path,
    *,
    title: str,
    notes: Sequence[str] = (),
    examples: Sequence[Mapping[str, Any]] = (),
    lineage: Mapping[str, str] | None = None,
) -> Path:
    """Write ``out/index.html`` and the figures beside it; return the page's path.

    Args:
        summary: what summary.json holds.
        out: folder, replaced as a whole.
        title: the page's heading.
        notes: sentences that must be read with the numbers.
        examples: verdict rows, two for each problem: the slow model's and the chosen one's. Model output
            is untrusted text and is escaped.
        lineage: digests and versions for the footer.
    """
    environment = Environment(loader=PackageLoader("l2s.report"), autoescape=True, undefined=StrictUndefined)
    environment.filters |= {
        "accuracy": tables.accuracy_text,
        "difference": tables.difference_text,
        "reduction": tables.reduction_text,
        "share": tables.share_text,
        "p_value": tables.p_text,
        "question": question_of,
        "thinking": thinking_of,
        "final": final_of,
    }
    chosen_on = summary["settings"]["validation"]
    with replacing_folder(out) as folder:
        figures = draw_figures(summary, folder)
        page = environment.get_template("page.html").render(
            title=title,
            headline=tables.headline(summary),
            summary=summary,
            sections=[_section(summary, benchmark, figures) for benchmark in summary["benchmarks"]],
            overall=_overall(summary),
            validation=_section(summary, chosen_on, {}) if chosen_on else None,
            notes=notes,
            examples=[examples[place : place + 2] for place in range(0, len(examples) - 1, 2)],
            lineage=dict(lineage or {}),
        )
        write_text(folder / "index.html", page)
    return out / "index.html"


def question_of(prompt: str) -> str:
    """A prompt without the marks and roles of its chat template."""
    return _CHAT_MARK.sub(" ", prompt).strip()


def thinking_of(response: str) -> str:
    """What stands between the thinking marks; empty if there is none."""
    return response.partition("<think>")[2].partition("</think>")[0].strip() if "<think>" in response else ""


def final_of(response: str) -> str:
    """What follows the thinking."""
    return response.rpartition("</think>")[2].strip() if "</think>" in response else response.strip()


def _overall(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """Runs whose length is known against the slow model's, in the order of the first table."""
    order = [row["run"] for benchmark in summary["benchmarks"] for row in tables.sorted_rows(summary, benchmark)]
    known = [row for row in summary["overall"] if row.get("reduction_total_tokens") is not None]
    return sorted(known, key=lambda row: order.index(row["run"]))


def _section(summary: dict[str, Any], benchmark: str, figures: Mapping[str, Path]) -> dict[str, Any]:
    """Everything about one benchmark."""
    rows = tables.sorted_rows(summary, benchmark)
    levels = sorted({row["level"] for row in summary["levels"] if row["benchmark"] == benchmark})
    by_level = {(row["run"], row["level"]): row for row in summary["levels"] if row["benchmark"] == benchmark}
    images = {
        name: f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"
        for name, path in figures.items()
        if name.endswith(f"-{benchmark}")
    }
    return {
        "benchmark": benchmark,
        "rows": rows,
        "caption": tables.caption(summary, rows),
        "levels": levels,
        "level_sizes": " or ".join(f"{size:,}" for size in sorted({row["n"] for row in by_level.values()})),
        "by_level": by_level,
        "images": images,
    }
