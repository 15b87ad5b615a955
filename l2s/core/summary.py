"""A summary as it is shown: what each run is, and where it stands in a table, so that the winner is seen at once."""

from collections.abc import Iterable
from typing import Any

from l2s.core.row import Row

ROLES = {"chosen": 0, "merge": 1, "trained": 2, "control": 3, "slow": 4, "quick": 5, "given": 6}
VERDICTS = {"better": 0, "parity": 1, "undecided": 2, "worse": 3}


def with_ends(*names: str) -> tuple[str, ...]:
    """Names of columns, where ``x~`` stands for ``x``, ``x_low`` and ``x_high``."""
    found = list[str]()
    for name in names:
        stem = name.removesuffix("~")
        found += [name] if stem == name else [stem, f"{stem}_low", f"{stem}_high"]
    return tuple(found)


def roles_of(summary: Row) -> dict[str, str]:
    """Run to ``slow``, ``quick``, ``chosen``, ``control``, ``trained``, ``merge``, or ``given`` where none is said."""
    given = dict.fromkeys((row["run"] for row in summary["rows"]), "given")
    return given | {one["run"]: one["role"] for one in summary.get("runs", [])}


def rows_of(summary: Row, table: str, benchmark: str) -> list[Row]:
    """What a table of the summary says of one benchmark."""
    return [row for row in summary.get(table, []) if row["benchmark"] == benchmark]


def longer_than_slow(summary: Row, benchmark: str) -> str:
    """A sentence where the chosen run answers a benchmark at greater length than the slow one; else nothing."""
    chosen = [row for row in rows_of(summary, "rows", benchmark) if row["run"] == summary["chosen"]["run"]]
    reduction = chosen[0].get("reduction") if chosen else None
    if reduction is None or round(1 - reduction, 2) <= 1:
        return ""
    return f"The chosen run is longer than the slow one here: {1 - reduction:.2f} × its tokens."


def grouped(rows: Iterable[Row], *names: str) -> list[tuple[tuple[Any, ...], list[Row]]]:
    """Rows that agree in some columns, with what stands there, in its order."""
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[name] for name in names), []).append(row)
    return sorted(found.items(), key=lambda group: group[0])


def sorted_rows(summary: Row, benchmark: str) -> list[Row]:
    """Rows of one benchmark: the chosen run, merges by verdict and length, trainings, controls, the given models."""
    roles = roles_of(summary)
    grouped = not {"merge", "trained", "chosen"}.isdisjoint(roles.values())

    def order(row: Row) -> tuple[Any, ...]:
        place = ROLES[roles[row["run"]]] if grouped or row["verdict"] == "baseline" else 1
        return (place, VERDICTS.get(row["verdict"], 4), row["tokens"] or 0.0, row["run"])

    return sorted(rows_of(summary, "rows", benchmark), key=order)
