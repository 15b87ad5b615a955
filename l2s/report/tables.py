"""The summary as a table in the terminal, sorted so that the winner is seen at once."""

from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

WIDE = 104
"""Columns of a terminal from which on everything is shown."""
RANK = {"better": 0, "parity": 1, "undecided": 2, "worse": 3}
STYLES = {"better": "bold green", "parity": "green", "worse": "red", "undecided": "yellow", "baseline": "dim"}


def sorted_rows(summary: dict[str, Any], benchmark: str) -> list[dict[str, Any]]:
    """Rows of one benchmark: the chosen run, then by verdict and length, the given models last."""
    settings = summary["settings"]
    given = [settings["slow"], settings["quick"]]

    def order(row: dict[str, Any]) -> tuple[Any, ...]:
        role = 0 if row["chosen"] else 2 + given.index(row["run"]) if row["run"] in given else 1
        return (role, RANK.get(row["verdict"], 4), row["tokens"] or 0.0, row["run"])

    return sorted((row for row in summary["rows"] if row["benchmark"] == benchmark), key=order)


def summary_table(summary: dict[str, Any], benchmark: str, title: str | None = None, width: int = WIDE) -> Table:
    """One benchmark's rows as a Rich table; on a terminal narrower than ``WIDE`` columns without the differences."""
    rows = sorted_rows(summary, benchmark)
    settings = summary["settings"]
    percent = f"{100 * settings['confidence']:g} %"
    table = Table(
        title=title or benchmark,
        caption=caption(summary, rows),
        title_justify="left",
        caption_justify="left",
        header_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("  model", no_wrap=True)
    wide = width >= WIDE
    differences = ("Δ accuracy, points",) if wide else ()
    for heading in (f"accuracy, % [{percent}]", "tokens", "vs slow", *differences, "reflect", "cut"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for number, row in enumerate(rows):
        last_merge = number + 1 < len(rows) and rows[number + 1]["run"] == settings["slow"]
        style = STYLES.get(row["verdict"], "")
        table.add_row(
            Text(("★ " if row["chosen"] else "  ") + row["run"], style="bold" if row["chosen"] else ""),
            accuracy_text(row),
            f"{row['tokens']:.1f}" if row["tokens"] is not None else "–",
            reduction_text(row),
            *((difference_text(row),) if wide else ()),
            share_text(row["reflective"]),
            share_text(row["truncated"]),
            Text(row["verdict"], style=style),
            end_section=last_merge,
        )
    return table


def caption(summary: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    """What the marks and words of the table mean."""
    settings, n = summary["settings"], sorted({row["n"] for row in rows})
    parts = [f"{' or '.join(map(str, n))} problems each."]
    if settings["slow"]:
        parts.append(
            f"Verdicts against {settings['slow']}, paired: parity = accuracy at most "
            f"{100 * settings['margin']:g} points lower, with {100 * settings['confidence']:g} % confidence."
        )
    if summary["chosen"]["run"]:
        parts.append(f"★ chosen on {settings['validation']}, before this benchmark was looked at.")
    return " ".join(parts)


def accuracy_text(row: dict[str, Any]) -> str:
    """``98.4 [96.9, 99.2]``, percent."""
    return f"{100 * row['accuracy']:.1f} [{100 * row['accuracy_low']:.1f}, {100 * row['accuracy_high']:.1f}]"


def reduction_text(row: dict[str, Any]) -> str:
    """``−63 %`` for 63 % fewer tokens."""
    if row["reduction"] is None or row["verdict"] == "baseline":
        return "–"
    return f"{-100 * row['reduction']:+.0f} %".replace("-", "−")


def difference_text(row: dict[str, Any]) -> str:
    """``−0.2 [−0.9, +0.5]``, points."""
    if row.get("difference") is None:
        return "–"
    numbers = (row["difference"], row["difference_low"], row["difference_high"])
    value, low, high = (f"{100 * number:+.1f}".replace("-", "−") for number in numbers)
    return f"{value} [{low}, {high}]"


def share_text(share: float) -> str:
    """Whole percent; ``<1 %`` for the few."""
    return "<1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"


def headline(summary: dict[str, Any]) -> str:
    """The result in one sentence; several benchmarks give one clause each."""
    chosen = summary["chosen"]["run"]
    if chosen is None:
        return "No recipe was chosen."
    clauses = []
    for row in summary["rows"]:
        if row["run"] == chosen and row["benchmark"] in summary["benchmarks"]:
            clauses.append(
                f"{reduction_text(row)} tokens at {difference_text(row)} points of accuracy, {row['n']:,} problems of "
                f"{row['benchmark']}: {row['verdict']}"
            )
    return f"{chosen}: {'; '.join(clauses)}."
