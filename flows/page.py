"""Everything the report shows, gathered from the stages' outputs."""

import importlib.metadata
import json
from pathlib import Path

from l2s.analysis.summary import read_summary
from l2s.config import Config
from l2s.files import digest_file
from l2s.records import Row, read_rows
from l2s.report.layers import Layered, by_layer
from l2s.report.page import build_page

PACKAGES = ("l2s", "torch", "transformers", "safetensors", "math-verify", "dvc", "prefect")


def build_report(config: Config, data: Path) -> Path:
    """Build ``data/report/index.html`` from the summary and the verdicts behind it."""
    summary = read_summary(data / "summary" / "summary.json")
    return build_page(
        summary,
        data / "report",
        title=config.report.title,
        notes=list(config.report.notes) if _embedded(config) else [],
        examples=_examples(config, data, summary["chosen"]["run"]),
        lineage=_lineage(config, data),
        merges=_merges(config, data),
    )


def _merges(config: Config, data: Path) -> dict[str, Layered]:
    """What each recipe did, from its manifest."""
    manifests = {recipe: data / "merged" / recipe / "l2s_manifest.json" for recipe in config.recipes}
    return {
        recipe: by_layer(json.loads(manifest.read_text(encoding="utf-8"))["tensors"])
        for recipe, manifest in manifests.items()
        if manifest.is_file()
    }


def _embedded(config: Config) -> bool:
    return any(model.source == "family" for model in config.models.values())


def _lineage(config: Config, data: Path) -> dict[str, str]:
    """Digests of what the page rests on, and versions of what made it."""
    files = {f"verdicts of {run}": digest_file(data / "verdicts" / f"{run}.jsonl") for run in config.runs}
    versions = {f"{package} version": importlib.metadata.version(package) for package in PACKAGES}
    return {"summary": digest_file(data / "summary" / "summary.json"), **files, **versions}


def _examples(config: Config, data: Path, chosen: str | None) -> list[Row]:
    """Slow beside chosen: one of the hardest problems both got right, then those that the merge lost and won."""
    if chosen is None or config.report.examples == 0:
        return []
    tests = [name for name in config.benchmarks if name != config.analysis.validation]
    sides = [
        {
            (row["benchmark"], row["id"]): row
            for row in read_rows(data / "verdicts" / f"{run}.jsonl")
            if row["sample"] == 0
        }
        for run in (config.analysis.slow, chosen)
    ]
    shared = [key for key in sides[0] if key in sides[1] and key[0] in tests]
    lost = [key for key in shared if sides[0][key]["correct"] and not sides[1][key]["correct"]]
    won = [key for key in shared if sides[1][key]["correct"] and not sides[0][key]["correct"]]
    both = [key for key in shared if sides[0][key]["correct"] and sides[1][key]["correct"]]
    both.sort(key=lambda key: (-(sides[0][key].get("level") or 0), key))
    many = config.report.examples
    picked = [*both[:1], *lost[:many], *won[:many], *both[1 : max(1, many - len(lost[:many]) - len(won[:many]))]]
    return [side[key] for key in picked for side in sides]
