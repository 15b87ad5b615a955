"""Everything the report shows, gathered from the stages' outputs."""

import itertools
import json
from pathlib import Path
from typing import Any

import polars as pl

from l2s.analysis.output.reading import read_summary
from l2s.config import Config
from l2s.core.digests import digest_file
from l2s.core.errors import RecordError
from l2s.core.row import Row
from l2s.core.versions import installed
from l2s.records import read_rows
from l2s.report.page import build_page
from l2s.report.parts.examples import Examples, pick_examples
from l2s.report.parts.headline import featured
from l2s.report.searches import Search
from l2s.search.output.told import found_sentence, nothing_sentence
from tasks.inputs.recipes import merged_names

PACKAGES = ("l2s", "torch", "transformers", "safetensors", "math-verify", "vl-convert-python", "dvc", "prefect")
KEPT = Path(".l2s") / "report"


def build_report(config: Config, data: Path) -> Path:
    """Build ``data/report/index.html`` from the summary, the verdicts behind it and the merges' manifests.

    Raises:
        RecordError: a file of them cannot be read.
    """
    summary = read_summary(data / "summary" / "summary.json")
    manifests = _manifests(config, data)
    return build_page(
        summary,
        data / "report",
        title=config.title(),
        notes=config.notes(),
        examples=_examples(config, data, summary),
        lineage=_lineage(config, data, manifests),
        manifests=manifests,
        searches={name: _search(config, data, name) for name in config.searches if _searched(data, name).is_dir()},
        transcript=config.report.transcript,
        kept=KEPT,
    )


def _manifests(config: Config, data: Path) -> dict[str, Any]:
    """Recipe to its merge's manifest, for the recipes that were merged."""
    paths = {recipe: data / "merged" / recipe / "l2s_manifest.json" for recipe in merged_names(config)}
    return {recipe: _read_json(path) for recipe, path in paths.items() if path.is_file()}


def _searched(data: Path, name: str) -> Path:
    return data / "searches" / name


def _search(config: Config, data: Path, name: str) -> Search:
    """What a search tried and found, and the runs of it."""
    folder = _searched(data, name)
    summary, trials = _read_json(folder / "search.json"), folder / "trials.csv"
    try:
        rows = pl.read_csv(trials, infer_schema_length=None).to_dicts()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise RecordError(f"{trials}: cannot be read as CSV: {error}; search anew") from None
    sentence = found_sentence(summary) if summary["found"] else nothing_sentence(summary)
    return Search(summary, rows, sentence, [run for run, one in config.runs.items() if one.model == f"merged/{name}"])


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordError(f"{path}: cannot be read as JSON: {error}; merge the recipe anew") from None


def _lineage(config: Config, data: Path, manifests: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Digests of what the page rests on, and versions of what made it."""
    verdicts = {run: data / "verdicts" / f"{run}.jsonl" for run in config.runs}
    found = {run: path for run, path in verdicts.items() if path.is_file()}
    made: dict[str, str] = {}
    for manifest in manifests.values():
        made |= {f"{package} (merging)": version for package, version in manifest.get("versions", {}).items()}
    groups = {
        "Tables": {"summary": digest_file(data / "summary" / "summary.json")}
        | {f"verdicts of {run}": digest_file(path) for run, path in found.items()},
        "Models merged": {
            f"{name}": model.get("weights", "")
            for manifest in manifests.values()
            for name, model in manifest.get("inputs", {}).items()
        },
        "Merged weights": {
            recipe: manifest.get("output", {}).get("weights", "") for recipe, manifest in manifests.items()
        },
        "Engines and graders": {run: _engine(path) for run, path in found.items()},
        "Versions": made | {f"{package} (report)": version for package, version in installed(PACKAGES).items()},
    }
    return {group: entries for group, entries in groups.items() if entries}


def _engine(path: Path) -> str:
    """What generated and graded a run, from its first row."""
    with open(path, encoding="utf-8") as lines:
        first = next(itertools.islice(lines, 1), "{}")
    try:
        row = json.loads(first)
    except ValueError as error:
        raise RecordError(f"{path}: row 1 is no JSON: {error}; grade the run's responses anew") from None
    return (
        f"{row.get('engine', 'unknown')}, graded by {row.get('grader', 'unknown')}, seed {row.get('seed', 'unknown')}"
    )


def _examples(config: Config, data: Path, summary: dict[str, Any]) -> Examples | None:
    """Problems lost, won and solved by the featured run, beside the slow run it is compared with."""
    run = featured(summary)
    slow = {row["run"]: row.get("baseline") for row in summary["comparisons"]}.get(run or "") or summary["settings"][
        "slow"
    ]
    if run is None or slow is None or config.report.examples == 0:
        return None

    def verdicts(name: str) -> list[Row]:
        return list(read_rows(data / "verdicts" / f"{name}.jsonl"))

    return pick_examples(verdicts(slow), verdicts(run), summary["benchmarks"], config.report.examples)
