"""What a run leaves in Prefect besides its tasks: the result table, the plots and where the page is."""

import base64
import json
from pathlib import Path

from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

SUMMARY = Path("data/summary/summary.json")
PAGE = Path("data/report/index.html")
COLUMNS = (
    "run", "benchmark", "n", "accuracy", "accuracy_low", "accuracy_high", "tokens", "reduction", "truncated",
    "reflective", "verdict", "chosen",
)  # fmt: skip


def publish_table() -> None:
    """The result table as an artifact of the run."""
    if not SUMMARY.is_file():
        return  # another project's graph, whose analysis writes something else
    found = json.loads(SUMMARY.read_text(encoding="utf-8"))["rows"]
    rows = [{column: row[column] for column in COLUMNS} for row in found]
    create_table_artifact(rows, key="l2s-results", description=f"From {SUMMARY}")


def publish_page() -> None:
    """The plots, as images within the artifact, and where the page is."""
    if not PAGE.is_file():
        return  # another project's graph
    plots = [_as_markdown(plot) for plot in sorted(PAGE.parent.glob("*.png"))]
    link = f"[{PAGE}]({PAGE.resolve().as_uri()})"
    create_markdown_artifact("\n\n".join([f"The report: {link}", *plots]), key="l2s-report")
    create_link_artifact(PAGE.resolve().as_uri(), key="l2s-report-page", link_text=str(PAGE))


def _as_markdown(plot: Path) -> str:
    return f"![{plot.stem}](data:image/png;base64,{base64.b64encode(plot.read_bytes()).decode()})"
