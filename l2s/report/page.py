"""The page: one HTML file that opens offline, with everything in it."""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from l2s.files import replacing_folder, write_text
from l2s.report import tables
from l2s.report.figures import draw_figures
from l2s.report.layers import Layered
from l2s.report.plots import layers, plots_of
from l2s.report.runs import runs_of, tokens_text

SCRIPT = Path(__file__).parent / "templates" / "page.js"
_CHAT_MARK = re.compile(r"<\|im_start\|>(?:system|user|assistant)?|<\|[^|<>]*\|>|<｜[^｜<>]*｜>")


def build_page(
    summary: dict[str, Any],
    out: Path,
    *,
    title: str,
    notes: Sequence[str] = (),
    examples: Sequence[Mapping[str, Any]] = (),
    lineage: Mapping[str, str] | None = None,
    merges: Mapping[str, Layered] | None = None,
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
        merges: by recipe, what it did in each layer.
    """
    environment = Environment(loader=PackageLoader("l2s.report"), autoescape=True, undefined=StrictUndefined)
    environment.filters |= {
        "accuracy": tables.accuracy_text,
        "tokens": tokens_text,
        "clean": clean,
        "difference": tables.difference_text,
        "reduction": tables.reduction_text,
        "share": tables.share_text,
        "p_value": tables.p_text,
        "question": question_of,
        "thinking": thinking_of,
        "final": final_of,
    }
    chosen_on = summary["settings"]["validation"]
    plots = {benchmark: plots_of(summary, benchmark) for benchmark in summary["benchmarks"]}
    by_layer = layers(merges, summary["chosen"]["run"]) if merges else {}
    drawn = {
        f"{of}/{name}": plot for of, found in (*plots.items(), ("merges", by_layer)) for name, plot in found.items()
    }
    with replacing_folder(out) as folder:
        figures = draw_figures(summary, folder)
        page = environment.get_template("page.html").render(
            title=title,
            headline=tables.headline(summary),
            summary=summary,
            percent=f"{100 * summary['settings']['confidence']:g} %",
            sections=[
                _section(summary, benchmark, figures) | {"plots": plots[benchmark]}
                for benchmark in summary["benchmarks"]
            ],
            runs=runs_of(summary),
            layer_plots={name: plot["y"] for name, plot in by_layer.items()},
            takeaways=summary.get("takeaways", []),
            overall=_overall(summary),
            validation=_section(summary, chosen_on, {}) | {"plots": {}} if chosen_on else None,
            notes=notes,
            examples=[_pair(examples[place : place + 2]) for place in range(0, len(examples) - 1, 2)],
            lineage=dict(lineage or {}),
            data=_embedded({"plots": drawn}),
            plotly=Markup(get_plotlyjs()) if drawn else "",
            script=Markup(SCRIPT.read_text(encoding="utf-8")),
        )
        write_text(folder / "index.html", page)
    return out / "index.html"


def clean(text: Any) -> str:
    """Text as a page can hold it: no lone surrogates and no NUL."""
    return str(text).encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _embedded(content: Any) -> Markup:
    """JSON inside a script element: nothing in it can end the element or mean markup."""
    text = json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return Markup(text)


def _pair(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The slow model's response and the chosen one's, and who was right."""
    outcomes = {(True, True): "both", (True, False): "lost", (False, True): "won", (False, False): "neither"}
    return {"rows": rows, "outcome": outcomes[bool(rows[0]["correct"]), bool(rows[1]["correct"])]}


def question_of(prompt: str) -> str:
    """A prompt without the marks and roles of its chat template."""
    return clean(_CHAT_MARK.sub(" ", prompt).strip())


def thinking_of(response: str) -> str:
    """What stands between the thinking marks; empty if there is none."""
    return clean(response.partition("<think>")[2].partition("</think>")[0].strip()) if "<think>" in response else ""


def final_of(response: str) -> str:
    """What follows the thinking."""
    return clean(response.rpartition("</think>")[2].strip() if "</think>" in response else response.strip())


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
