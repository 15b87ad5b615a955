"""Merge, hold back or train: the three ways to shorter reasoning on the same problems, with what training cost."""

from collections.abc import Mapping, Sequence

from l2s.analysis.inputs.facts import MAKING, RunFacts
from l2s.analysis.results.choose import Choice
from l2s.analysis.results.pareto import pareto_front
from l2s.core.row import Row
from l2s.core.summary import with_ends

WAYS = ("merge", "control", "trained")
MEASURES = with_ends("accuracy~", "tokens~", "tokens_right~", "tokens_wrong~", "reduction~", "difference~", "verdict")


def way_of(facts: RunFacts, candidate: bool) -> str | None:
    """``merge``, ``control`` or ``trained``; None of a model that was given.

    A trained model under a length control counts as held back.
    """
    if facts.controlled:
        return "control"
    if facts.training is not None:
        return "trained"
    return "merge" if candidate or facts.method is not None else None


def making(facts: RunFacts) -> Row:
    """What is known of how a run's model was made."""
    return {name: value for name in MAKING if (value := getattr(facts, name)) is not None}


def rival_rows(
    rows: Sequence[Row], ways: Mapping[str, str | None], best: Mapping[str, Choice], benchmarks: Sequence[str]
) -> list[Row]:
    """One row per merge, control and training and reported benchmark, on the front of all three or not.

    Nothing where no model was trained.

    Args:
        rows: of the summary.
        ways: run to its way.
        best: way to the run chosen on validation among its own.
        benchmarks: those that are reported.
    """
    if "trained" not in ways.values():
        return []
    found = []
    for benchmark in benchmarks:
        own = [row for row in rows if row["benchmark"] == benchmark and ways.get(row["run"])]
        timed = {row["run"]: (row["tokens"], row["accuracy"]) for row in own if row["tokens"] is not None}
        front = pareto_front(timed)
        found += [
            {"way": ways[row["run"]], "run": row["run"], "benchmark": benchmark, "n": row["n"]}
            | {name: row.get(name) for name in (*MEASURES, *MAKING)}
            | {"on_front": row["run"] in front, "best": best[str(ways[row["run"]])].run == row["run"]}
            for row in own
        ]
    return sorted(found, key=lambda row: (row["benchmark"], WAYS.index(row["way"]), row["tokens"] or 0.0, row["run"]))
