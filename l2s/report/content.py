"""What the page's template is given: the summary, the merges' manifests and the plots, in its names."""

from collections.abc import Mapping
from typing import Any

from l2s.core.summary import roles_of
from l2s.report import sections
from l2s.report.charts.controls import controls_chart
from l2s.report.charts.layers import layer_charts
from l2s.report.charts.levels import level_charts
from l2s.report.charts.marks import ROLE_NAMES
from l2s.report.charts.rivals import asked_chart, rivals_chart
from l2s.report.charts.searches import search_charts
from l2s.report.charts.sweep import sweeps
from l2s.report.charts.trade_off import trade_off_charts
from l2s.report.parts import columns
from l2s.report.parts.details import run_details
from l2s.report.parts.headline import headline
from l2s.report.parts.layers import has_base
from l2s.report.rivals import asked_of, rivals_of
from l2s.report.searches import Search, searches_of

Summary = dict[str, Any]
Manifests = Mapping[str, Mapping[str, Any]]


def page_content(summary: Summary, manifests: Manifests, searches: Mapping[str, Search]) -> dict[str, Any]:
    """Every value that the template takes from what the page is built of; ``specs`` are the plots."""
    swept = {benchmark: sweeps(summary, benchmark) for benchmark in summary["benchmarks"]}
    layers = layer_charts(summary, manifests)
    plots = _plots(summary, swept) | {f"layers-{key}": {"": panel["spec"]} for key, panel in layers.items()}
    for name, found in searches.items():
        plots |= search_charts(name, found.summary, list(found.trials))
    roles = set(roles_of(summary).values())
    return {
        "summary": summary,
        "headline": headline(summary),
        "reason": _reason(summary),
        "sections": [sections.benchmark_sections(summary, name) for name in summary["benchmarks"]],
        "validation": _validation(summary),
        "overall": sections.overall_grid(summary),
        "roles": [role for role in ROLE_NAMES if role in roles],
        "plots": {name: list(views) for name, views in plots.items()},
        "specs": plots,
        "sweeps": {name: [_sweep_table(summary, sweep) for sweep in found] for name, found in swept.items()},
        "rivals": {name: rivals_of(summary, name) for name in summary["benchmarks"]},
        "asked": {name: asked_of(summary, name) for name in summary["benchmarks"]},
        "searches": searches_of(summary, searches),
        "layers": layers,
        "baseless": sorted(name for name, manifest in manifests.items() if not has_base(manifest)),
        "takeaways": sections.takeaways(summary),
        "details": run_details(summary, manifests),
    }


def _reason(summary: Summary) -> str:
    """Why this run was chosen, as the beginning of a sentence unless a run's own name begins it."""
    reason = str(summary["chosen"]["reason"] or "")
    starts_with_name = any(reason.startswith(f"{row['run']} ") for row in summary["rows"])
    return reason if starts_with_name else reason[:1].upper() + reason[1:]


def _plots(summary: Summary, swept: Mapping[str, list[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Name of each plot of a benchmark to its views, each a specification."""
    plots: dict[str, dict[str, Any]] = {}
    for benchmark in summary["benchmarks"]:
        plots[f"trade-off-{benchmark}"] = trade_off_charts(summary, benchmark)
        for key, spec in level_charts(summary, benchmark).items():
            plots[f"level-{key}-{benchmark}"] = {"": spec}
        for number, sweep in enumerate(swept[benchmark]):
            plots[f"sweep-{number}-accuracy-{benchmark}"] = {"": sweep["accuracy"]}
            plots[f"sweep-{number}-tokens-{benchmark}"] = {"": sweep["tokens"]}
        if (chart := controls_chart(summary, benchmark)) is not None:
            plots[f"controls-{benchmark}"] = {"": chart}
        plots |= {f"rivals-{benchmark}": rivals_chart(summary, benchmark)}
        plots |= {f"asked-{benchmark}": asked_chart(summary, benchmark)}
    return {name: views for name, views in plots.items() if views}


def _sweep_table(summary: Summary, sweep: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "method": sweep["method"],
        "coefficient": sweep["coefficient"],
        "grid": sections.plain_grid("run", sweep["rows"], columns.SWEEP, roles_of(summary)),
    }


def _validation(summary: Summary) -> dict[str, Any] | None:
    """The benchmark a recipe was chosen on, unless it is reported anyway."""
    name = summary["settings"]["validation"]
    known = {row["benchmark"] for row in summary["rows"]}
    if not name or name in summary["benchmarks"] or name not in known:
        return None
    return sections.benchmark_sections(summary, name)


def present_sections(content: Mapping[str, Any], examples: bool, lineage: bool) -> dict[str, str]:
    """Anchors of the sections whose data is there, with their words in the contents."""
    plots = content["plots"]
    found = {
        "runs": ("runs", True),
        "trade-off": ("accuracy and tokens", any(name.startswith("trade-off-") for name in plots)),
        "levels": ("difficulty", any(name.startswith("level-") for name in plots)),
        "sweep": ("coefficients", any(content["sweeps"].values())),
        "controls": ("controls", any(name.startswith("controls-") for name in plots)),
        "rivals": ("merge or train", any(content["rivals"].values())),
        "asked": ("levels of length", any(content["asked"].values())),
        "sampled": ("sampled", any(section["sampled"] for section in content["sections"])),
        "searches": ("searches", bool(content["searches"])),
        "cost": ("cost", any(section["cost"] or section["inside"] for section in content["sections"])),
        "problems": ("transcripts", examples),
        "layers": ("layers", bool(content["layers"])),
        "study": ("the study", bool(content["takeaways"])),
        "lineage": ("lineage", lineage),
    }
    return {anchor: words for anchor, (words, there) in found.items() if there}
