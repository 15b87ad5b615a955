"""The summary on a terminal, as Rich tables, the winner first."""

from typing import NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from l2s.analysis.output.columns import TABLES
from l2s.analysis.output.tables import caption, signed, unsigned, verdict_text, with_interval
from l2s.core.row import Row
from l2s.core.shown import given_text, plain_name, share_text, size_text
from l2s.core.summary import roles_of, rows_of, sorted_rows

WIDE = 100
"""Columns of a terminal, where nobody says."""
GIVEN = ("value", "target", "parameters")
"""Columns of numbers that were chosen, not measured."""
LONGEST = 32
"""Letters of a run's name that stand in one line."""
STYLES = {"better": "bold green", "parity": "green", "worse": "red", "undecided": "yellow", "baseline": "dim"}
STATUS_STYLES = {"supported": "green", "contradicted": "red", "undecided": "yellow"}
SOURCES = ("slow", "quick", "given")
"""Roles of what merges are made from; a rule stands above them."""


def main_table(summary: Row, benchmark: str, title: str | None = None, width: int = WIDE) -> Table:
    """One benchmark, with as much as fits beside each other in ``width`` columns; runs' names are kept whole."""
    ways = (_Way(2, True), _Way(2, False), _Way(1, False), _Way(1, False, ("cut",)), _Way(1, False, ("cut", "reflect")),
            _Way(1, False, ("Δ points",)), _Way(1, False, ("Δ points", "cut")),
            _Way(1, False, ("Δ points", "cut", "reflect")))  # fmt: skip
    measuring = Console(width=4 * WIDE + width)
    for way in ways:
        table = _main_table(summary, benchmark, plain_name(title or benchmark), way)
        if measuring.measure(table).maximum <= width:
            break
    return table


class _Way(NamedTuple):
    """How the main table is set."""

    gap: int
    """Blanks between columns."""
    detects: bool
    """Undecided verdicts say what difference they would have shown."""
    hidden: tuple[str, ...] = ()


def _main_table(summary: Row, benchmark: str, title: str, way: _Way) -> Table:
    rows, roles = sorted_rows(summary, benchmark), roles_of(summary)
    table = _table(title, way.gap - 1)
    percent = f"{100 * summary['settings']['confidence']:g} %"
    table.add_column("  model", overflow="fold", max_width=LONGEST + 2)
    headings = [f"accuracy [{percent}]", "tokens", "vs slow", "Δ points", "reflect", "cut"]
    shown = [place for place, heading in enumerate(headings) if heading not in way.hidden]
    for place in shown:
        table.add_column(headings[place], justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        name, *numbers = _cells(row)
        verdict = Text(verdict_text(row) if way.detects else row["verdict"], style=STYLES.get(row["verdict"], ""))
        cells = [name, *(numbers[place] for place in shown), verdict]
        # a rule stands between what was made and the models it was made from
        last_made = following and roles[row["run"]] not in SOURCES and roles[following["run"]] in SOURCES
        table.add_row(*cells, end_section=bool(last_made))
    table.caption = Text(_caption(summary, benchmark, rows, way.detects), style="table.caption")
    return table


def _caption(summary: Row, benchmark: str, rows: list[Row], detects: bool) -> str:
    sizes = sorted({size_text(row) for row in rows})
    parts = [f"{' or '.join(sizes)} each.", caption(summary, benchmark).replace(" *: ", " ★ ")]
    blind = [
        row["minimum_detectable"]
        for row in rows
        if row["verdict"] == "undecided" and row.get("minimum_detectable") is not None
    ]
    if blind and detects:
        parts.append("Undecided (detects x): so few problems show a true difference of x points four times in five.")
    elif blind:
        parts.append(f"Undecided: a difference under {100 * max(blind):.1f} points is easily missed with so few.")
    return " ".join(parts)


def overall_table(summary: Row, width: int = WIDE) -> Table:
    """Every run over all reported benchmarks: the study's averages and better ones; all of them from 130 columns."""
    table = _table(f"all {len(summary['benchmarks'])} benchmarks")
    table.add_column("  model", overflow="fold")
    headings = ("accuracy, Avg", "all problems", "reduction, Avg", "all tokens", "both finished")
    for heading in headings if width >= 130 else headings[:-1]:
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict")
    shown = [row for row in summary["overall"] if row["benchmarks"]]
    for row in sorted(shown, key=lambda r: (-(r.get("reduction_total_tokens") or -9), r["run"])):
        star = "★ " if row["run"] == summary["chosen"]["run"] else "  "
        cells = [with_interval(row, name, 100, 1, unsigned) for name in ("accuracy_mean", "accuracy_pooled")]
        names = ("reduction_mean_of_benchmarks", "reduction_total_tokens", "reduction_both_finished")
        cells += [with_interval(row, name, 100, 1, unsigned) for name in (names if width >= 130 else names[:-1])]
        verdict = verdict_text(row) if row.get("verdict") else "–"
        table.add_row(
            Text(star + plain_name(row["run"])), *cells, Text(verdict, style=STYLES.get(str(row.get("verdict")), ""))
        )
    return table


def sampled_table(summary: Row, benchmark: str) -> Table | None:
    """Runs with sampling of their own, beside the same models without; None where there are none."""
    rows = rows_of(summary, "sampled", benchmark)
    if not rows:
        return None
    headings = ["T", "accuracy", "Δ to default", "tokens"]
    headings += ["Δ to slow sampled"] if any(row["difference_sampled"] is not None for row in rows) else []
    table = _table(f"sampled: {plain_name(benchmark)}")
    table.add_column("  model", overflow="fold", max_width=LONGEST + 2)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        known = [row[name] for name in ("tokens_beside", "tokens")]
        cells = [
            "–" if row["temperature"] is None else given_text(row["temperature"]),
            with_interval(row, "accuracy", 100, 1, unsigned),
            with_interval(row, "difference", 100, 1, signed),
            "–" if None in known else " → ".join(unsigned(tokens, 1) for tokens in known),
            with_interval(row, "difference_sampled", 100, 1, signed),
        ]
        table.add_row(Text(f"  {plain_name(row['run'])}"), *cells[: len(headings)])
    return table


def any_table(summary: Row, name: str) -> Table:
    """One of the summary's tables whole, intervals folded into their number's cell."""
    if name == "takeaways":
        return _takeaways(summary)
    rows = summary["rows" if name == "summary" else name]
    columns = [column for column in TABLES[name] if not column.endswith(("_low", "_high")) or _alone(column, name)]
    used = [column for column in columns if any(row.get(column) is not None for row in rows)]
    table = _table(name)
    for column in used:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(_plain(row, column) for column in used))
    return table


def _table(title: str, padding: int = 1) -> Table:
    return Table(
        title=Text(title, style="table.title"), title_justify="left", caption_justify="left", header_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, padding, 0, 0), pad_edge=False, show_edge=False,
    )  # fmt: skip


def _cells(row: Row) -> list[str | Text]:
    baseline = row["verdict"] == "baseline" or row["reduction"] is None
    return [
        Text(("★ " if row["chosen"] else "  ") + plain_name(row["run"]), style="bold" if row["chosen"] else ""),
        with_interval(row, "accuracy", 100, 1, unsigned),
        unsigned(row["tokens"], 1) if row["tokens"] is not None else "–",
        "–" if baseline else f"{signed(-100 * row['reduction'], 0)} %",
        with_interval(row, "difference", 100, 1, signed),
        share_text(row["reflective"]),
        share_text(row["truncated"]),
    ]


def _takeaways(summary: Row) -> Table:
    table = _table("what the study found (arXiv:2503.20641)")
    for heading in ("finding", "on", "status"):
        table.add_column(heading)
    table.add_column("numbers", overflow="fold")
    for row in summary["takeaways"]:
        words = " ".join(part for part in (row["sentence"], row["caveat"]) if part)
        status = Text(row["status"], style=STATUS_STYLES[row["status"]])
        table.add_row(row["claim"], row["on"], status, Text(words))
    return table


def _alone(column: str, table: str) -> bool:
    """A low or high end whose number itself stands in no column."""
    return column.rpartition("_")[0] not in TABLES[table]


def _plain(row: Row, column: str) -> Text:
    value = row.get(column)
    if not isinstance(value, float):
        return Text("–" if value is None else plain_name(str(value)))
    if column in GIVEN:
        return Text(given_text(value))
    number = [row.get(f"{column}{end}") for end in ("", "_low", "_high")]
    shown = [f"{x:.4g}".replace("-", "−") for x in number if isinstance(x, float)]
    return Text(f"{shown[0]} [{shown[1]}, {shown[2]}]" if len(shown) == 3 else shown[0])
