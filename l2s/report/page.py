"""The page: one HTML file that opens offline, with everything in it."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from l2s.core.files import replacing_folder, write_text
from l2s.core.shown import plain, share_text
from l2s.report.charts.marks import ROLE_NAMES
from l2s.report.content import page_content, present_sections
from l2s.report.parts import columns
from l2s.report.parts.examples import Examples
from l2s.report.parts.numbers import NOTHING
from l2s.report.parts.transcripts import final_of, question_of, shortened, thinking_of
from l2s.report.plots.figures import draw_figures
from l2s.report.plots.vega import library
from l2s.report.searches import Search

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
    searches: Mapping[str, Search] | None = None,
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
        searches: what each search tried and found, by its name.
        transcript: most characters shown of each part of a transcript; its middle is left out beyond that.
        kept: folder where the plotting library is kept for the next time.
    """
    script, vega = _template_file("page.js"), library(kept)
    with replacing_folder(out) as folder:
        figures = draw_figures(summary, folder)
        content = page_content(summary, manifests or {}, searches or {})
        page = (
            _environment(transcript)
            .get_template("page.html")
            .render(
                title=title,
                policy=_policy([vega, script]),
                styles=Markup(_template_file("page.css")),
                scripts=[Markup(vega), Markup(script)],
                fallbacks={name: _data_uri(path) for name, path in figures.items()},
                notes=[*notes, *summary.get("notes", [])],
                examples=examples,
                lineage=lineage or {},
                present=present_sections(content, bool(examples and examples.shown), bool(lineage)),
                data=_embedded_json(content["specs"]),
                **content,
            )
        )
        write_text(folder / "index.html", page)
    return out / "index.html"


@cache
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
        "share": share_text,
        "p_value": columns.P_VALUE.number,
        "question": lambda prompt: shortened(question_of(prompt), transcript),
        "thinking": lambda response: shortened(thinking_of(response), transcript),
        "final": lambda response: shortened(final_of(response), transcript),
    }
    environment.globals |= {"columns": columns, "nothing": NOTHING, "role_names": ROLE_NAMES}
    return environment


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
