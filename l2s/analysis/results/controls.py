"""Length controls as curves: one model, one kind of control, several settings; s1's metrics; levels of length.

s1 (arXiv:2501.19393, section 3.2): *control* is the share of responses whose thinking stays in the range asked for,
*scaling* the mean slope of accuracy over all pairs of settings, *performance* the best accuracy. Departure: slopes
are taken over the mean tokens that were spent, not over the budgets asked for, so that controls without a budget
(a temperature on the end of thinking) stand on the same axis.
"""

from collections.abc import Sequence
from itertools import combinations, pairwise

import polars as pl

from l2s.analysis.inputs.facts import Facts, RunFacts, run_facts
from l2s.analysis.results.comparisons import Parts
from l2s.analysis.results.differences import accuracy_minus, same_problems
from l2s.analysis.results.rows import Part, has_tokens, is_cut, mean, measured
from l2s.analysis.settings import AnalysisParams
from l2s.analysis.statistics.accuracy import columns
from l2s.core.numbers import is_number
from l2s.core.row import Row
from l2s.core.summary import grouped
from l2s.records.acted import Spent, share_acted_on

OWN = {
    "budget": ("max_think",), "min_think": ("min_think", "ignores"), "eot_temperature": ("value",),
    "early_exit": ("threshold",), "entropy_stop": ("alpha",), "prompt": ("tokens",),
}  # fmt: skip
"""The parameter that tells one control of a kind from another; a budget may stand under any of them."""
VALUES = ("value", "max_think", "min_think", "ignores", "threshold", "alpha", "tokens")
"""Parameters of controls whose kind tells none."""
ABSENT = ("min_think", "ignores")
"""Those that 0 switches off."""
TARGETS = ("max_think", "tokens")
"""Those that ask for a length."""


def control_rows(parts: Parts, facts: Facts, settings: AnalysisParams) -> list[Row]:
    """One row per controlled run and benchmark, and one for its model without control (kind ``none``)."""
    models = {run: str(part["model"][0]) for (run, _), part in parts.items()}
    known = {run: run_facts(run, model, facts) for run, model in models.items()}
    controlled = {models[run] for run, own in known.items() if own.controlled}
    rows = list[Row]()
    for (run, benchmark), part in parts.items():
        model, own = models[run], known[run]
        kind = own.control_kind or "none"
        if not has_tokens(part) or model not in controlled:
            continue
        value, target = _first(own, (*OWN.get(kind, ()), *VALUES)), _target(own, kind)
        rows.append(
            {
                "model": model,
                "kind": kind,
                "run": run,
                "benchmark": benchmark,
                "value": value,
                "target": target,
                "n": part.height,
                **measured(part, settings),
                "think_tokens": mean(part["think_tokens"]),
                "within": _within(part, own, target),
                "acted": share_acted_on(kind, own.control, map(Spent._make, part.select(Spent._fields).iter_rows())),
                "truncated": mean(part.select(is_cut()).to_series()),
                "budget_accuracy": None,
                **columns("gain_over_budget", None),
            }
        )
    for row in rows:
        row |= _against_budget(row, rows, parts, settings)
    return sorted(rows, key=lambda r: (r["benchmark"], r["model"], r["kind"], r["tokens"], r["run"]))


def curve_rows(rows: Sequence[Row]) -> list[Row]:
    """s1's metrics of every curve: one row per model, kind and benchmark."""
    found = []
    controlled = (row for row in rows if row["kind"] != "none")
    for (benchmark, model, kind), own in grouped(controlled, "benchmark", "model", "kind"):
        within = [r["within"] for r in own if r["within"] is not None]
        aimed = sorted((r for r in own if r["target"]), key=lambda r: (r["target"], r["run"]))
        steps = [(one, other) for one, other in pairwise(aimed) if one["target"] < other["target"]]
        found.append(
            {
                "model": model,
                "kind": kind,
                "benchmark": benchmark,
                "points": len(own),
                "control": sum(within) / len(within) if len(within) == len(own) else None,
                "scaling": scaling([(r["tokens"], r["accuracy"]) for r in own]),
                "performance": max(r["accuracy"] for r in own),
                "monotone": _mean([one["tokens"] < other["tokens"] for one, other in steps]),
                "target_error": _mean([abs(r["tokens"] - r["target"]) / r["target"] for r in aimed]),
            }
        )
    return found


def idle_notes(rows: Sequence[Row]) -> list[str]:
    """A sentence for the controlled runs whose control did nothing: their names promise what was not done."""
    idle = [f"{row['run']} on {row['benchmark']}" for row in rows if row["acted"] == 0]
    if not idle:
        return []
    return [
        f"Length controls that acted on no response: {', '.join(idle)}. Those runs are their models without control, "
        "as where a model never opens thinking."
    ]


def scaling(points: Sequence[tuple[float, float]]) -> float | None:
    """Mean slope over all pairs of (tokens, accuracy), in accuracy per 1000 tokens; None without two lengths."""
    slopes = [(fb - fa) / (b - a) for (a, fa), (b, fb) in combinations(sorted(points), 2) if b > a]
    return 1000 * sum(slopes) / len(slopes) if slopes else None


def _first(facts: RunFacts, names: Sequence[str]) -> float | None:
    found = ((name, facts.control.get(name)) for name in names)
    return next((float(value) for name, value in found if is_number(value) and (value or name not in ABSENT)), None)


def _target(facts: RunFacts, kind: str) -> float | None:
    """The length a control asks for; the value of a budget that is known by its name alone is one."""
    named = _first(facts, ("value",)) if kind in ("budget", "token-budget", "prompt") else None
    return _first(facts, TARGETS) or named


def _within(part: Part, facts: RunFacts, target: float | None) -> float | None:
    """Share of responses that think as long as asked: at most the target, at least ``min_think``."""
    least = _first(facts, ("min_think",)) or 0.0
    if (target is None and not least) or part["think_tokens"].null_count():
        return None
    return mean(part.select(pl.col("think_tokens").is_between(least, target or float("inf"))).to_series())


def _against_budget(row: Row, rows: Sequence[Row], parts: Parts, settings: AnalysisParams) -> Row:
    """The budget curve's accuracy at the same mean tokens, between its two nearest points; its lengths as given."""
    curve = [
        r for r in rows
        if (r["model"], r["benchmark"]) == (row["model"], row["benchmark"]) and r["kind"] in ("budget", "none")
    ]  # fmt: skip
    below = [r for r in curve if r["tokens"] <= row["tokens"]]
    above = [r for r in curve if r["tokens"] > row["tokens"]]
    if row["kind"] in ("budget", "none") or not below or not above or all(r["kind"] == "none" for r in curve):
        return {}
    one, other = max(below, key=lambda r: r["tokens"]), min(above, key=lambda r: r["tokens"])
    weight = (row["tokens"] - one["tokens"]) / (other["tokens"] - one["tokens"])
    part, first, second = (parts[r["run"], r["benchmark"]] for r in (row, one, other))
    if not same_problems(part, first, second):
        return {}
    return {
        "budget_accuracy": (1 - weight) * one["accuracy"] + weight * other["accuracy"],
        **columns(
            "gain_over_budget", accuracy_minus(part, [(1 - weight, first), (weight, second)], settings.confidence)
        ),
    }


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
