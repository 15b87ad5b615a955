"""What making the models took in seconds, told here alone: summary and page have the same bytes on any machine."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from l2s.config import Config
from l2s.lineage.graph import ProvenanceGraph
from l2s.planning.machine import read_costs

if TYPE_CHECKING:
    from rich.table import Table

SHARED = ("family", "problems", "generate", "verify")
"""Kinds of stages that are there whatever is made of the models."""


class Took(NamedTuple):
    """What one model took; None where this machine does not know."""

    model: str
    way: str
    before: float | None
    """Samples, statistics, searches, and the models that it was made from."""
    itself: float | None
    hardware: str


def took(config: Config, summary: dict[str, Any], data: Path) -> list[Took]:
    """One entry per trained model, and per merge that is the best or on the front, as the page shows them."""
    shown = [
        row
        for row in summary["rivals"]
        if row["run"] in config.runs
        and (row["way"] == "trained" or (row["way"] == "merge" and (row["best"] or row["on_front"])))
    ]
    folders = {config.runs[row["run"]].model: row["way"] for row in shown}
    if not folders:
        return []
    graph, spent = ProvenanceGraph.read(data), _spent()
    return [_took(data, model, way, graph, spent) for model, way in folders.items()]


def _spent() -> dict[str, float]:
    """The longest that each stage took: later times may be of one that went on, or found what it needed in a store."""
    found: dict[str, float] = {}
    for row in read_costs():
        found[row["stage"]] = max(found.get(row["stage"], 0.0), row["seconds"])
    return found


def _took(data: Path, model: str, way: str, graph: ProvenanceGraph, spent: Mapping[str, float]) -> Took:
    maker = graph.maker(data / model)
    if maker is None:
        return Took(model, way, None, None, "–")
    own = maker.by.record.made_by
    stages = dict.fromkeys(made.by.record.made_by for _, made in graph.behind([data / model]) if made is not None)
    before = [spent.get(one) for one in stages if one != own and one.partition("@")[0] not in SHARED]
    known = [seconds for seconds in before if seconds is not None]
    machine = maker.by.occasion.machine if maker.by.occasion is not None else {}
    hardware = machine.get("gpu") or machine.get("processor") or "–"
    return Took(model, way, sum(known) if len(known) == len(before) else None, spent.get(own), str(hardware))


def making_table(config: Config, summary: dict[str, Any], data: Path) -> "Table | None":
    """The table that the terminal shows; None where nothing was trained, or this machine made none of it."""
    from rich import box
    from rich.table import Table

    from l2s.core.shown import plain_name

    found = [one for one in took(config, summary, data) if one.itself is not None]
    if not found:
        return None
    table = Table(
        "  model", "way", "before it, s", "itself, s", "hardware", title="what making took", title_justify="left",
        box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, header_style="bold",
        caption_justify="left",
        caption="The longest on this machine, beside other stages. Before it: samples, statistics, searches, models.",
    )  # fmt: skip
    for place in (2, 3):
        table.columns[place].justify = "right"
    for one in found:
        seconds = [f"{value:.1f}" if value is not None else "–" for value in (one.before, one.itself)]
        table.add_row(f"  {plain_name(one.model)}", one.way, *seconds, plain_name(one.hardware))
    return table
