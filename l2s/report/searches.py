"""The page's section on searches: what was tried, what was found, and what it is worth on other problems."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from l2s.core.row import Row
from l2s.report.charts.searches import VALUE
from l2s.report.parts import columns
from l2s.report.parts.numbers import Column
from l2s.report.sections import plain_grid

IMPORTANCE = [Column("importance", "importance, %", "how much it decides which trials are short (PED-ANOVA)", 100)]
ESTIMATES = [columns.ACCURACY, columns.DIFFERENCE, columns.TOKENS, columns.CHANGE, columns.N]


class Search(NamedTuple):
    """A search's folder, read."""

    summary: Row
    """search.json."""
    trials: Sequence[Row]
    """trials.csv."""
    sentence: str
    """What was found."""
    runs: Sequence[str]
    """Runs of what was found."""


def searches_of(summary: Row, searches: Mapping[str, Search]) -> dict[str, Row]:
    """What the page shows of each search, by name: sentences, tables and the names of its plots."""
    return {name: _search(summary, name, found) for name, found in searches.items()}


def _search(summary: Row, name: str, found: Search) -> Row:
    own, spent = found.summary, found.summary["spent"]
    names = [key.removeprefix(VALUE) for key in (found.trials[0] if found.trials else {}) if key.startswith(VALUE)]
    importances = [{"name": key, "importance": share} for key, share in (own["importances"] or {}).items()]
    importances.sort(key=lambda row: -row["importance"])
    each, grid = spent["every_trial"], spent["grid"]
    return {
        "sentence": found.sentence[:1].upper() + found.sentence[1:],
        "values": [(f"search-value-{number}-{name}", one) for number, one in enumerate(names)],
        "spent": f"{spent['trials']} trials took {spent['problems']:,} problems and {spent['tokens']:,} tokens. "
        f"{each['problems_each']} problems for each of them would have been {each['problems']:,}, and a grid of "
        f"{grid['values']} values a number ({grid['cells']:,} recipes) {grid['problems']:,}.",
        "missed": _missed(own),
        "estimates": plain_grid("measured on", _estimates(summary, found), ESTIMATES, {}),
        "importances": plain_grid("number", importances, IMPORTANCE, {}),
    }


def _estimates(summary: Row, found: Search) -> list[Row]:
    """The search's own number, and those of runs of what it found on validation and test."""
    best, slow = found.summary["winner"], found.summary["slow"]
    if best is None:
        return []
    rows = [
        {key: best[key] for key in ("accuracy", "difference", "difference_low", "difference_high", "tokens")}
        | {"name": "the search's own problems", "n": best["problems"], "reduction": 1 - best["tokens"] / slow["tokens"]}
    ]
    for row in summary["rows"]:
        if row["run"] in found.runs and row["tokens"] is not None:
            role = "validation" if row["benchmark"] == summary["settings"]["validation"] else "test"
            rows.append(row | {"name": f"{row['benchmark']} ({role}), {row['run']}", "run": None})
    return rows


def _missed(summary: Row) -> str:
    missed = summary["missed"]
    if missed is None:
        return "Every trial was certified or thrown out."
    return (
        f"Neither certified nor thrown out, and the shortest of those: trial {missed['trial']}, at "
        f"{100 * missed['relative']:.1f} % of slow's tokens after {missed['problems']} problems."
    )
