"""The page: one HTML file that opens offline, with everything in it."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from l2s.files import replacing_folder, write_text
from l2s.report import charts, columns, sections, tables
from l2s.report.charts.marks import ROLE_NAMES
from l2s.report.details import run_details
from l2s.report.examples import Examples
from l2s.report.figures import draw_figures
from l2s.report.headline import headline
from l2s.report.layers import has_base
from l2s.report.transcripts import final_of, plain, question_of, shortened, thinking_of
from l2s.report.vega import library

TRANSCRIPT = 20_000
"""Characters of a transcript that are shown."""


def build_page(
    summary: dict[str, Any],
    out: Path,
    *,
    title: str,
    notes: Sequence[str] = (),
    examples: Examples | None = None,
    lineage: Mapping[str, Mapping[str, str]] | None = None,
    manifests: Mapping[str, Mapping[str, Any]] | None = None,
    transcript: int = TRANSCRIPT,
    kept: Path | None = None,
) -> Path:
    """Write ``out/index.html`` and the figures beside it; return the page's path.

    The page asks nothing of the network and forbids itself to (a content security policy that names its own two
    scripts by digest): markup in model output, were it ever to slip through the escaping, could not run.

    Args:
        summary: what summary.json holds; a section appears where its numbers are there.
        out: folder, replaced as a whole.
        title: the page's heading.
        notes: sentences that must be read with the numbers.
        examples: problems lost, won and solved by both the slow and the featured run. Model output is
            untrusted text and is escaped.
        lineage: groups of digests and versions for the footer.
        manifests: recipe to what its ``l2s_manifest.json`` holds, for the diagnostics per layer.
        transcript: most characters shown of each part of a transcript; its middle is left out beyond that.
        kept: folder where the plotting library is kept for the next time.
    """
    script, vega = _template_file("page.js"), library(kept)
    with replacing_folder(out) as folder:
        figures = draw_figures(summary, folder)
        content = _content(summary, manifests or {})
        page = _environment(transcript).get_template("page.html").render(
            title=title,
            policy=_policy([vega, script]),
            styles=Markup(_template_file("page.css")),
            scripts=[Markup(vega), Markup(script)],
            fallbacks={name: _data_uri(path) for name, path in figures.items()},
            notes=[*notes, *summary.get("notes", [])],
            examples=examples,
            lineage=lineage or {},
            present=_present(content, examples, lineage),
            **content,
        )
        write_text(folder / "index.html", page)
    return out / "index.html"


def _content(summary: dict[str, Any], manifests: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the summary and the manifests say, in the template's names."""
    plots = _plots(summary, manifests)
    roles = set(sections.roles_of(summary).values())
    return {
        "summary": summary,
        "headline": headline(summary),
        "sections": [sections.benchmark_sections(summary, name) for name in summary["benchmarks"]],
        "validation": _validation(summary),
        "overall": sections.overall_grid(summary),
        "roles": [role for role in ROLE_NAMES if role in roles],
        "plots": {name: list(views) for name, views in plots.items()},
        "data": _embedded_json(plots),
        "sweeps": {name: _sweep_tables(summary, name) for name in summary["benchmarks"]},
        "layers": charts.layer_charts(summary, manifests),
        "baseless": sorted(name for name, manifest in manifests.items() if not has_base(manifest)),
        "takeaways": sections.takeaways(summary),
        "details": run_details(summary, manifests),
    }


def _present(content: Mapping[str, Any], examples: Examples | None, lineage: object) -> dict[str, str]:
    """Anchors of the sections whose data is there, with their words in the contents."""
    plots = content["plots"]
    found = {
        "runs": ("runs", True),
        "trade-off": ("accuracy and tokens", any(name.startswith("trade-off-") for name in plots)),
        "levels": ("difficulty", any(name.startswith("level-") for name in plots)),
        "sweep": ("coefficients", any(content["sweeps"].values())),
        "controls": ("controls", any(name.startswith("controls-") for name in plots)),
        "cost": ("cost", any(section["cost"] or section["inside"] for section in content["sections"])),
        "problems": ("transcripts", examples is not None and bool(examples.shown)),
        "layers": ("layers", bool(content["layers"])),
        "study": ("the study", bool(content["takeaways"])),
        "lineage": ("lineage", bool(lineage)),
    }
    return {anchor: words for anchor, (words, there) in found.items() if there}


def _environment(transcript: int) -> Environment:
    """Templates in which every value that is no markup of ours is escaped, and can be written as UTF-8."""
    environment = Environment(
        loader=PackageLoader("l2s.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
    )
    environment.filters |= {
        "difference": tables.difference_text,
        "share": tables.share_text,
        "p_value": tables.p_text,
        "question": lambda prompt: shortened(question_of(prompt), transcript),
        "thinking": lambda response: shortened(thinking_of(response), transcript),
        "final": lambda response: shortened(final_of(response), transcript),
    }
    environment.globals |= {"columns": columns, "role_names": ROLE_NAMES}
    return environment


def _plots(summary: dict[str, Any], manifests: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Name of a plot to its views, each a specification."""
    plots: dict[str, dict[str, Any]] = {}
    for benchmark in summary["benchmarks"]:
        plots[f"trade-off-{benchmark}"] = charts.trade_off_charts(summary, benchmark)
        for key, spec in charts.level_charts(summary, benchmark).items():
            plots[f"level-{key}-{benchmark}"] = {"": spec}
        for number, sweep in enumerate(charts.sweeps(summary, benchmark)):
            plots[f"sweep-{number}-accuracy-{benchmark}"] = {"": sweep["accuracy"]}
            plots[f"sweep-{number}-tokens-{benchmark}"] = {"": sweep["tokens"]}
        if (chart := charts.controls_chart(summary, benchmark)) is not None:
            plots[f"controls-{benchmark}"] = {"": chart}
    for key, panel in charts.layer_charts(summary, manifests).items():
        plots[f"layers-{key}"] = {"": panel["spec"]}
    return {name: views for name, views in plots.items() if views}


def _sweep_tables(summary: dict[str, Any], benchmark: str) -> list[dict[str, Any]]:
    roles = sections.roles_of(summary)
    return [
        {
            "method": sweep["method"],
            "coefficient": sweep["coefficient"],
            "grid": sections.plain_grid("run", sweep["rows"], columns.SWEEP, "run", roles),
        }
        for sweep in charts.sweeps(summary, benchmark)
    ]


def _validation(summary: dict[str, Any]) -> dict[str, Any] | None:
    """The benchmark a recipe was chosen on, unless it is reported anyway."""
    name = summary["settings"]["validation"]
    known = {row["benchmark"] for row in summary["rows"]}
    if not name or name in summary["benchmarks"] or name not in known:
        return None
    return sections.benchmark_sections(summary, name)


def _embedded_json(content: Any) -> Markup:
    """JSON for a script element: ASCII, and no character that could end the element."""
    text = json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _policy(scripts: Sequence[str]) -> str:
    """Nothing from outside, and no script but these."""
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _data_uri(path: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"


def _template_file(name: str) -> str:
    return (files("l2s.report") / "templates" / name).read_text(encoding="utf-8")
