"""The summary as a table in the terminal, sorted so that the winner is seen at once."""

from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from l2s.report.numbers import decimal

WIDE = 100
"""Columns of a terminal from which on everything is shown."""
AIRY = 112
"""Columns from which on two blanks stand between numbers instead of one."""
RANK = {"better": 0, "parity": 1, "undecided": 2, "worse": 3}
STYLES = {"better": "bold green", "parity": "green", "worse": "red", "undecided": "yellow", "baseline": "dim"}


def sorted_rows(summary: dict[str, Any], benchmark: str) -> list[dict[str, Any]]:
    """Rows of one benchmark: the chosen run, the other merges by verdict and length, controls, the given models."""
    settings = summary["settings"]
    roles = {"chosen": 0, "merge": 1, "control": 2, "slow": 3, "quick": 4, "given": 5}

    def order(row: dict[str, Any]) -> tuple[Any, ...]:
        place = roles[role_of(summary, row)] if settings["candidates"] or row["run"] == settings["slow"] else 1
        return (place, RANK.get(row["verdict"], 4), row["tokens"] or 0.0, row["run"])

    return sorted((row for row in summary["rows"] if row["benchmark"] == benchmark), key=order)


def role_of(summary: dict[str, Any], row: dict[str, Any]) -> str:
    """``slow``, ``quick``, ``chosen``, ``control``, ``merge`` or ``given``: where a run stands, and its colour."""
    settings = summary["settings"]
    if row["run"] in (settings["slow"], settings["quick"]):
        return "slow" if row["run"] == settings["slow"] else "quick"
    if row["run"] == summary["chosen"]["run"]:
        return "chosen"
    if row.get("control", "none") != "none":
        return "control"
    return "merge" if row["run"] in settings["candidates"] else "given"


def summary_table(summary: dict[str, Any], benchmark: str, title: str | None = None, width: int = WIDE) -> Table:
    """One benchmark's rows as a Rich table; on a terminal narrower than ``WIDE`` columns without the differences."""
    rows = sorted_rows(summary, benchmark)
    percent = f"{100 * summary['settings']['confidence']:g} %"
    table = Table(
        title=title or benchmark,
        caption=caption(summary, rows),
        title_justify="left",
        caption_justify="left",
        header_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1 if width >= AIRY else 0, 0, 0),
        pad_edge=False,
        show_edge=False,
    )
    table.add_column("  model", overflow="fold")
    headings = [f"accuracy [{percent}]", "tokens", "vs slow", "Δ accuracy, points", "reflect", "cut"]
    if width < WIDE:
        del headings[3]
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        table.add_row(*_cells(row, wide=width >= WIDE), end_section=_ends_section(summary, row, following))
    return table


def _cells(row: dict[str, Any], wide: bool) -> list[str | Text]:
    return [
        Text(("★ " if row["chosen"] else "  ") + row["run"], style="bold" if row["chosen"] else ""),
        accuracy_text(row),
        f"{row['tokens']:.1f}" if row["tokens"] is not None else "–",
        reduction_text(row),
        *([difference_text(row)] if wide else []),
        share_text(row["reflective"]),
        share_text(row["truncated"]),
        Text(row["verdict"], style=STYLES.get(row["verdict"], "")),
    ]


def _ends_section(summary: dict[str, Any], row: dict[str, Any], following: dict[str, Any] | None) -> bool:
    """A rule stands between what was made and the models it was made from."""
    sources = ("slow", "quick", "given") if summary["settings"]["candidates"] else ("slow",)
    return following is not None and role_of(summary, row) not in sources and role_of(summary, following) in sources


def caption(summary: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    """What the marks and words of the table mean."""
    settings = summary["settings"]
    parts = [f"{' or '.join(sorted({size_text(row) for row in rows}))} each."]
    if any("difference" in row for row in rows):
        parts.append(
            f"Verdicts against {settings['slow']}, paired: parity = accuracy at most "
            f"{100 * settings['margin']:g} points lower, with {100 * settings['confidence']:g} % confidence."
        )
    blind = [row["minimum_detectable"] for row in rows if row["verdict"] == "undecided" and "difference" in row]
    if blind:
        parts.append(f"Undecided: a difference under {100 * max(blind):.1f} points is easily missed with so few.")
    if summary["chosen"]["run"]:
        parts.append(f"★ chosen on {settings['validation']}, on its problems alone.")
    return " ".join(parts)


def size_text(row: dict[str, Any]) -> str:
    """``1,000 problems``, or with several samples ``1,000 problems (4,000 responses)``."""
    problems = row.get("problems", row["n"])
    responses = f" ({row['n']:,} responses)" if problems != row["n"] else ""
    return f"{problems:,} problem{'s' if problems != 1 else ''}{responses}"


def accuracy_text(row: dict[str, Any]) -> str:
    """``98.4 [96.9, 99.2]``, percent."""
    return f"{100 * row['accuracy']:.1f} [{100 * row['accuracy_low']:.1f}, {100 * row['accuracy_high']:.1f}]"


def reduction_text(row: dict[str, Any]) -> str:
    """``−63 %`` for 63 % fewer tokens."""
    if row["reduction"] is None or row["verdict"] == "baseline":
        return "–"
    return f"{decimal(-100 * row['reduction'], 0, signed=True)} %"


def difference_text(row: dict[str, Any], unit: str = "") -> str:
    """``−0.2 [−0.9, +0.5]``, in points of accuracy; the unit, if one is given, stands after the first number."""
    if row.get("difference") is None:
        return "–"
    numbers = (row["difference"], row["difference_low"], row["difference_high"])
    value, low, high = (decimal(100 * number, 1, signed=True) for number in numbers)
    return f"{value}{unit and ' ' + unit} [{low}, {high}]"


def share_text(share: float) -> str:
    """Whole percent; ``<1 %`` for the few and ``>99 %`` for all but a few, so that 0 and 100 mean none and all."""
    if 0 < share < 0.005 or 0.995 <= share < 1:
        return "<1 %" if share < 0.5 else ">99 %"
    return f"{100 * share:.0f} %"


def p_text(p: float) -> str:
    """Three digits; ``<0.001`` below, where more digits would only pretend."""
    return "<0.001" if p < 0.0005 else f"{p:.3f}"
