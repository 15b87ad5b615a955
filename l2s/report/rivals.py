"""The page's sections on training: merge, hold back or train; one model at several lengths."""

from itertools import groupby
from typing import Any

from l2s.core.row import Row
from l2s.core.summary import rows_of
from l2s.report.parts import columns
from l2s.report.sections import plain_grid

WAYS = {"merge": "merge", "control": "hold back", "trained": "train"}


def rivals_of(summary: dict[str, Any], benchmark: str) -> dict[str, Any]:
    """The front, the best of each way, and what making the models took; empty where nothing was trained."""
    rows = rows_of(summary, "rivals", benchmark)
    if not rows:
        return {}
    ways = {row["run"]: row["way"] for row in rows}
    front = sorted((row for row in rows if row["on_front"]), key=lambda row: row["tokens"])
    best = [row | {"name": f"{WAYS[row['way']]}: {row['run']} ({row['verdict']})"} for row in rows if row["best"]]
    made = [
        row for row in rows if row["way"] == "trained" or (row["way"] == "merge" and (row["best"] or row["on_front"]))
    ]
    hardware: dict[str, list[str]] = {}
    for row in made:
        if row["hardware"]:
            hardware.setdefault(row["hardware"], []).append(row["run"])
    return {
        "front": front,
        "best": plain_grid("way", best, columns.RIVALS, ways),
        "making": plain_grid("run", made, columns.MAKING, ways),
        "hardware": hardware,
    }


def asked_of(summary: dict[str, Any], benchmark: str) -> list[dict[str, Any]]:
    """One entry per model that was asked for levels: what was found, and a table."""
    rows = rows_of(summary, "asked", benchmark)
    found = []
    for model, group in groupby(rows, key=lambda row: row["model"]):
        own = list(group)
        named = [row | {"name": f"{row['length_level']} ({row['verdict']})"} for row in own]
        grid = plain_grid("level", named, columns.ASKED, {row["run"]: "trained" for row in own})
        found.append({"model": model, "sentence": _sentence(own), "grid": grid})
    return found


def _sentence(rows: list[Row]) -> str:
    """Whether the levels are distinct and in order, and which are at parity with the slow model."""
    count = {2: "two", 3: "three"}[len(rows)]
    order = {
        True: f"The {count} levels are distinct and in order.",
        False: f"The {count} levels are not all distinct and in order: "
        f"{', '.join(row['length_level'] for row in rows if row['distinct'] is False)} is not surely longer than "
        "the level below.",
        None: f"The {count} levels did not answer the same problems, so their order is not tested.",
    }[rows[0]["ordered"]]
    known = [row for row in rows if row["difference"] is not None]
    equal = [row["length_level"] for row in known if row["verdict"] in ("parity", "better")]
    other = [f"{row['length_level']} ({row['verdict']})" for row in known if row["length_level"] not in equal]
    said = [f"Parity with the slow model at {', '.join(equal)}."] if equal else []
    return " ".join([order, *said, *([f"Not at {', '.join(other)}."] if other else [])])
