"""Sensitivity: recipes that differ in one number only, and what that number does to accuracy and length."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from l2s.analysis.inputs.facts import Facts, RunFacts, Value, control_name
from l2s.analysis.results.comparisons import Parts
from l2s.analysis.results.differences import accuracy_minus, same_problems
from l2s.analysis.results.rows import has_tokens, measured
from l2s.analysis.settings import AnalysisParams
from l2s.analysis.statistics.accuracy import columns
from l2s.core.numbers import is_number
from l2s.core.summary import with_ends


class Sweep(NamedTuple):
    """Runs of one method that agree in every coefficient but one."""

    method: str
    coefficient: str
    runs: tuple[tuple[float, str], ...]
    """(value, run), in ascending order."""


def sensitivity_rows(parts: Parts, facts: Facts, settings: AnalysisParams) -> list[dict[str, Any]]:
    """One row per run, benchmark and coefficient that is swept there; ``change`` is against the value before."""
    rows = []
    for benchmark in sorted({benchmark for _, benchmark in parts}):
        here = {run: facts[run] for run, name in parts if name == benchmark and run in facts}
        plain = {run: own for run, own in here.items() if _uncontrolled(run, own, parts[run, benchmark]["model"][0])}
        for sweep in sweeps(plain):
            rows += list(_rows(sweep, benchmark, parts, settings))
    return rows


def sweeps(facts: Facts) -> list[Sweep]:
    """Every maximal set of at least two runs that differ in one number alone (and in nothing else that is known)."""
    groups: dict[tuple[str, str, tuple[tuple[str, Value], ...]], list[tuple[float, str]]] = {}
    for run, own in sorted(facts.items()):
        for name, value in own.coefficients.items():
            if own.method and is_number(value):
                rest = tuple(sorted((key, other) for key, other in own.coefficients.items() if key != name))
                groups.setdefault((own.method, name, rest), []).append((float(value), run))
    found = [Sweep(method, name, tuple(sorted(runs))) for (method, name, _), runs in groups.items()]
    return sorted(sweep for sweep in found if len({value for value, _ in sweep.runs}) > 1)


def _uncontrolled(run: str, own: RunFacts, model: str) -> bool:
    return not own.controlled and control_name(run, model) == "none"


def _rows(sweep: Sweep, benchmark: str, parts: Parts, settings: AnalysisParams) -> Iterator[dict[str, Any]]:
    before: tuple[float, str] | None = None
    for value, run in sweep.runs:
        yield {
            "method": sweep.method,
            "coefficient": sweep.coefficient,
            "value": value,
            "run": run,
            "benchmark": benchmark,
            "n": parts[run, benchmark].height,
            **measured(parts[run, benchmark], settings),
            **_change(before, (value, run), benchmark, parts, settings),
            "calibration": sweep.coefficient.startswith("calibration."),
        }
        before = (value, run)


def _change(
    before: tuple[float, str] | None, now: tuple[float, str], benchmark: str, parts: Parts, settings: AnalysisParams
) -> dict[str, float | None]:
    """Accuracy and length against the value before."""
    nothing = {"step": None, **columns("change", None), "change_per_tenth": None, "tokens_change_ratio": None}
    if before is None or not same_problems(parts[now[1], benchmark], parts[before[1], benchmark]):
        return nothing
    part, previous = parts[now[1], benchmark], parts[before[1], benchmark]
    change = accuracy_minus(part, [(1.0, previous)], settings.confidence)
    step = now[0] - before[0]
    known = has_tokens(part) and has_tokens(previous) and previous["tokens"].sum()
    return {
        "step": step,
        **columns("change", change),
        "change_per_tenth": change.value / step / 10 if step else None,
        "tokens_change_ratio": float(part["tokens"].sum()) / float(previous["tokens"].sum()) if known else None,
    }


def scale_rows(rows: Sequence[Mapping[str, Any]], facts: Facts) -> list[dict[str, Any]]:
    """One row per merged run whose size is known, where a method was tried at two sizes at least."""
    names = with_ends("accuracy~", "difference~", "reduction~", "verdict")
    found = [
        {
            "method": facts[row["run"]].method,
            "benchmark": row["benchmark"],
            "run": row["run"],
            "parameters": facts[row["run"]].parameters,
            "n": row["n"],
            **{name: row.get(name) for name in names},
        }
        for row in rows
        if row["run"] in facts and facts[row["run"]].method and facts[row["run"]].parameters
    ]
    sizes: dict[tuple[Any, Any], set[Any]] = {}
    for row in found:
        sizes.setdefault((row["method"], row["benchmark"]), set()).add(row["parameters"])
    kept = [row for row in found if len(sizes[row["method"], row["benchmark"]]) > 1]
    return sorted(kept, key=lambda r: (str(r["method"]), r["benchmark"], r["parameters"] or 0, r["run"]))
