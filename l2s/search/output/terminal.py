"""A search on a terminal: its trials as a Rich table, the winner first."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from l2s.core.numbers import is_number

STYLES = {"certified": "green", "worse": "red"}
MOST = 12
"""Trials shown."""
FEW = 3
"""Dimensions whose values are shown whole; of more, a narrow terminal shows their beginnings."""


def trials_table(summary: Mapping[str, Any], trials: Sequence[Mapping[str, Any]], most: int = MOST) -> Table:
    """The winner, trials at parity, then the others, each the shortest first; and slow."""
    slow, winner = summary["slow"], (summary["winner"] or {}).get("trial")
    names = [name for name in trials[0] if name.startswith("value.")] if trials else []
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", padding=(0, 1, 0, 0))
    table.add_column("trial", no_wrap=True)
    for name in names:
        table.add_column(name.removeprefix("value."), justify="right", no_wrap=len(names) <= FEW)
    for heading in ("problems", "accuracy", "Δ points", "tokens", "charged"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("ended")
    order = sorted(trials, key=lambda row: (row["trial"] != winner, row["ended"] != "certified", row["relative"]))
    for row in order[:most]:
        mark = "★ " if row["trial"] == winner else "  "
        cells = [_cell(row[name]) for name in names]
        table.add_row(
            f"{mark}{row['trial']}", *cells, *_numbers(row), Text(row["ended"], style=STYLES.get(row["ended"], ""))
        )
    if slow["problems"]:
        numbers = [str(slow["problems"]), f"{100 * slow['accuracy']:.1f} %", "", f"{slow['tokens']:.1f}", "100.0 %"]
        table.add_row("  slow", *[""] * len(names), *numbers, Text("baseline", style="dim"))
    table.caption = "Charged: tokens of right responses, for a wrong one at least slow's; in percent of slow's."
    if len(order) > most:
        table.caption += f" {len(order) - most} more trials stand in trials.csv."
    return table


def _numbers(row: Mapping[str, Any]) -> list[str]:
    low, high = 100 * row["difference_low"], 100 * row["difference_high"]
    return [
        str(row["problems"]),
        f"{100 * row['accuracy']:.1f} %",
        f"{100 * row['difference']:+.1f} [{low:+.1f}, {high:+.1f}]".replace("-", "−"),
        f"{row['tokens']:.1f}",
        f"{100 * row['relative']:.1f} %",
    ]


def _cell(value: Any) -> str:
    return f"{value:.3g}" if is_number(value) else str(value)
