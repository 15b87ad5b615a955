"""Order: what each run is, and where it stands in a table, so that the winner is seen at once."""

from typing import Any

ROLES = {"chosen": 0, "merge": 1, "trained": 2, "control": 3, "slow": 4, "quick": 5, "given": 6}
VERDICTS = {"better": 0, "parity": 1, "undecided": 2, "worse": 3}


def role_of(summary: dict[str, Any], row: dict[str, Any]) -> str:
    """``slow``, ``quick``, ``chosen``, ``control``, ``trained``, ``merge`` or ``given``."""
    return str(next((one["role"] for one in summary["runs"] if one["run"] == row["run"]), "given"))


def sorted_rows(summary: dict[str, Any], benchmark: str) -> list[dict[str, Any]]:
    """Rows of one benchmark: the chosen run, merges by verdict and length, trainings, controls, the given models."""
    grouped = any(one["role"] in ("merge", "trained", "chosen") for one in summary["runs"])

    def order(row: dict[str, Any]) -> tuple[Any, ...]:
        place = ROLES[role_of(summary, row)] if grouped or row["verdict"] == "baseline" else 1
        return (place, VERDICTS.get(row["verdict"], 4), row["tokens"] or 0.0, row["run"])

    return sorted((row for row in summary["rows"] if row["benchmark"] == benchmark), key=order)
