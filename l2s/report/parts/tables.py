"""The summary's rows on the page: their order, so that the winner is seen at once, and their numbers as text."""

from typing import Any

from l2s.core.shown import size_text
from l2s.report.parts.numbers import decimal

RANK = {"better": 0, "parity": 1, "undecided": 2, "worse": 3}


def sorted_rows(summary: dict[str, Any], benchmark: str) -> list[dict[str, Any]]:
    """Rows of one benchmark: the chosen run, merges by verdict and length, trainings, controls, the given models."""
    settings = summary["settings"]
    roles = {"chosen": 0, "merge": 1, "trained": 2, "control": 3, "slow": 4, "quick": 5, "given": 6}

    def order(row: dict[str, Any]) -> tuple[Any, ...]:
        place = roles[role_of(summary, row)] if settings["candidates"] or row["run"] == settings["slow"] else 1
        return (place, RANK.get(row["verdict"], 4), row["tokens"] or 0.0, row["run"])

    return sorted((row for row in summary["rows"] if row["benchmark"] == benchmark), key=order)


def role_of(summary: dict[str, Any], row: dict[str, Any]) -> str:
    """``slow``, ``quick``, ``chosen``, ``control``, ``trained``, ``merge`` or ``given``; also its colour."""
    settings = summary["settings"]
    if row["run"] in (settings["slow"], settings["quick"]):
        return "slow" if row["run"] == settings["slow"] else "quick"
    if row["run"] == summary["chosen"]["run"]:
        return "chosen"
    if row.get("control", "none") != "none":
        return "control"
    if any(one["run"] == row["run"] and one.get("training") for one in summary.get("runs", [])):
        return "trained"
    return "merge" if row["run"] in settings["candidates"] else "given"


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


def accuracy_text(row: dict[str, Any]) -> str:
    """``98.4 [96.9, 99.2]``, percent."""
    return f"{100 * row['accuracy']:.1f} [{100 * row['accuracy_low']:.1f}, {100 * row['accuracy_high']:.1f}]"


def difference_text(row: dict[str, Any], unit: str = "") -> str:
    """``−0.2 [−0.9, +0.5]``, in points of accuracy; the unit, if one is given, stands after the first number."""
    if row.get("difference") is None:
        return "–"
    numbers = (row["difference"], row["difference_low"], row["difference_high"])
    value, low, high = (decimal(100 * number, 1, signed=True) for number in numbers)
    return f"{value}{unit and ' ' + unit} [{low}, {high}]"
