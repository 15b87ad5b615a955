"""The study's takeaways, tested on the user's runs, each against its slow run over the reported benchmarks."""

from collections.abc import Sequence
from typing import Any

from l2s.analysis.findings.claims import BEST_OF, HALF, POINT, decided, judgement, percent, points
from l2s.analysis.inputs.facts import Facts
from l2s.analysis.settings import AnalysisParams
from l2s.analysis.statistics.accuracy import Interval
from l2s.core.summary import grouped

Rows = Sequence[dict[str, Any]]
Judgement = dict[str, Any]
TASK_VECTOR, SVD, ACTIVATION = ("task_arithmetic", "ties"), ("lore", "twin"), ("aim", "sens")
GOOD = ("parity", "better")
SMALL = (0.5e9, 3e9)
"""Weights of what the study calls small models."""


def judge_runs(
    rows: Rows,
    overall: Rows,
    levels: Rows,
    sensitivity: Rows,
    scale: Rows,
    facts: Facts,
    benchmarks: Sequence[str],
    settings: AnalysisParams,
) -> list[Judgement]:
    """Every claim about models on the user's runs; undecided, with the reason, where no run can tell.

    Args:
        rows: one per run and benchmark.
        overall: one per run, over the reported benchmarks.
        levels: one per run, benchmark and level.
        sensitivity: recipes that differ in one number.
        scale: methods at several sizes.
        facts: methods and sizes of runs.
        benchmarks: those that are reported.
        settings: margin and confidence.
    """
    by_method: dict[str, list[dict[str, Any]]] = {}
    for row in overall:
        own = facts.get(row["run"])
        compared = row.get("verdict") and row.get("reduction_mean_of_benchmarks") is not None
        if own is not None and own.method and not own.controlled and compared:
            by_method.setdefault(own.method, []).append(row)
    shown = [row for row in levels if row["benchmark"] in benchmarks]
    return [
        _half("half-at-parity-task-arithmetic", by_method.get("task_arithmetic", [])),
        _half("half-at-parity-ties", by_method.get("ties", [])),
        _groups("svd-limited", _of(by_method, SVD), _of(by_method, TASK_VECTOR)),
        _groups("activation-ahead", _of(by_method, ACTIVATION), _of(by_method, TASK_VECTOR)),
        _small([row for found in by_method.values() for row in found], facts),
        _large(scale),
        _with_level("length-with-level", shown, "tokens"),
        _with_level("reflections-with-level", shown, "reflective"),
        _reflections_fall([row for row in rows if row["benchmark"] in benchmarks], facts),
        _steps("coefficient-tenth", [r for r in sensitivity if not r["calibration"] and r["benchmark"] in benchmarks]),
        _steps("calibration-size", [r for r in sensitivity if r["calibration"] and r["benchmark"] in benchmarks]),
    ]


def _of(by_method: dict[str, list[dict[str, Any]]], methods: Sequence[str]) -> Rows:
    return [row for method in methods for row in by_method.get(method, [])]


def _undecided(name: str, reason: str) -> Judgement:
    return judgement(name, "runs", "undecided", reason)


def _interval(row: dict[str, Any], name: str) -> Interval:
    return Interval(row[name], row[f"{name}_low"], row[f"{name}_high"])


def _told(row: dict[str, Any]) -> str:
    change, difference = -row["reduction_mean_of_benchmarks"], _interval(row, "difference")
    return f"{row['run']} {percent(change)} tokens, accuracy {points(difference)}, {row['verdict']}"


def _half(name: str, rows: Rows) -> Judgement:
    """Some run at parity saves at least 40 % for sure; contradicted where every run is worse, or surely saves less."""
    if not rows:
        return _undecided(name, "No run merges by this method, or its lengths are not known.")
    reach = [row["reduction_mean_of_benchmarks_low"] >= HALF and row["verdict"] in GOOD for row in rows]
    fail = [row["reduction_mean_of_benchmarks_high"] < HALF or row["verdict"] == "worse" for row in rows]
    sentence = "; ".join(map(_told, rows)) + "."
    return judgement(name, "runs", decided(any(reach), all(fail)), sentence, caveat=BEST_OF if len(rows) > 1 else "")


def _best(rows: Rows) -> dict[str, Any]:
    """The run that is at parity and shortest; if none is at parity, the one that lost least."""
    good = [row for row in rows if row["verdict"] in GOOD]
    if good:
        return max(good, key=lambda row: row["reduction_mean_of_benchmarks"])
    return max(rows, key=lambda row: row["difference_low"])


def _groups(name: str, special: Rows, plain: Rows) -> Judgement:
    """The best of a group against the best task vector: surely more right, or as right and surely shorter."""
    if not special or not plain:
        return _undecided(name, "There are not runs of both kinds of methods.")
    one, other = _best(special), _best(plain)
    ahead, behind = _ahead(one, other), _ahead(other, one)
    status = decided(ahead, behind) if name == "activation-ahead" else decided(behind, ahead)
    return judgement(name, "runs", status, f"{_told(one)}; best task vector: {_told(other)}.", caveat=BEST_OF)


def _ahead(one: dict[str, Any], other: dict[str, Any]) -> bool:
    if one["difference_low"] > other["difference_high"]:
        return True
    shorter = bool(one["reduction_mean_of_benchmarks_low"] > other["reduction_mean_of_benchmarks_high"])
    return one["verdict"] in GOOD and (shorter or other["verdict"] == "worse")


def _small(rows: Rows, facts: Facts) -> Judgement:
    own = [row for row in rows if SMALL[0] <= (facts[row["run"]].parameters or 0) <= SMALL[1]]
    if not own:
        return _undecided("small-struggle", "No merged run is known to have between 0.5 and 3 billion weights.")
    worse = [row["difference_high"] < 0 for row in own]
    status = decided(all(worse), all(row["verdict"] in GOOD for row in own))
    return judgement("small-struggle", "runs", status, "; ".join(map(_told, own)) + ".")


def _large(scale: Rows) -> Judgement:
    """Against the smallest size of the same method and benchmark, the largest saves surely less."""
    pairs = []
    for _, own in grouped((row for row in scale if row["reduction_low"] is not None), "method", "benchmark"):
        if len({row["parameters"] for row in own}) > 1:
            pairs.append((min(own, key=lambda r: r["parameters"]), max(own, key=lambda r: r["parameters"])))
    if not pairs:
        return _undecided("large-hard-to-shorten", "No method was tried at two known model sizes.")
    less = [large["reduction_high"] < small["reduction_low"] for small, large in pairs]
    more = [large["reduction_low"] > small["reduction_high"] for small, large in pairs]
    told = "; ".join(
        f"{large['method']} on {large['benchmark']}: {percent(-small['reduction'])} "
        f"at {small['parameters']:.2g} weights, "
        f"{percent(-large['reduction'])} at {large['parameters']:.2g}"
        for small, large in pairs
    )
    return judgement("large-hard-to-shorten", "runs", decided(all(less), any(more)), f"{told}.")


def _with_level(name: str, levels: Rows, column: str) -> Judgement:
    """The hardest level surely above the easiest, run by run; runs that never reflect say nothing."""
    up, down, count = [], [], 0
    for (run, _), group in grouped((row for row in levels if isinstance(row["level"], int)), "run", "benchmark"):
        own = sorted(group, key=lambda row: row["level"])
        if len(own) < 2 or any(row[column] is None for row in own) or not any(row[column] for row in own):
            continue
        count += 1
        easy, hard = (_interval(row, column) for row in (own[0], own[-1]))
        up += [run] if hard.low > easy.high else []
        down += [run] if hard.high < easy.low else []
    if not count:
        return _undecided(
            name, "No run has two levels of difficulty" + (" and reflects." if column == "reflective" else ".")
        )
    sentence = (
        f"Surely more at the hardest level than at the easiest in {len(up)} of {count} runs, surely less in {len(down)}"
    )
    fallen = ": " + ", ".join(down) if down else ""
    return judgement(name, "runs", decided(len(up) == count, 2 * len(down) > count), f"{sentence}{fallen}.")


def _reflections_fall(rows: Rows, facts: Facts) -> Judgement:
    merges = [row for row in rows if row["run"] in facts and facts[row["run"]].method and row["control"] == "none"]
    slow = {row["benchmark"]: row for row in rows if row["verdict"] == "baseline"}
    pairs = [(row, slow[row["benchmark"]]) for row in merges if row["benchmark"] in slow]
    if not pairs:
        return _undecided("reflections-fall", "There is no merged run beside a slow one.")
    less = [row["reflective_high"] < other["reflective_low"] for row, other in pairs]
    more = [row["reflective_low"] > other["reflective_high"] for row, other in pairs]
    told = ", ".join(f"{row['run']} {100 * row['reflective']:.0f} %" for row, _ in pairs)
    first = pairs[0][1]
    sentence = f"{first['run']} {100 * first['reflective']:.0f} %; {told}."
    return judgement("reflections-fall", "runs", decided(all(less), any(more)), sentence)


def _steps(name: str, rows: Rows) -> Judgement:
    """Every step's change (per 0.1 of a coefficient; as it is for calibration sizes) surely within a point."""
    steps = [row for row in rows if row["step"]]
    if not steps:
        return _undecided(name, "No two recipes differ in one such number alone.")
    scales = [1.0 if row["calibration"] else abs(row["step"]) / 0.1 for row in steps]
    ends = [
        (max(abs(row["change_low"]), abs(row["change_high"])) / k, _least(row) / k)
        for row, k in zip(steps, scales, strict=True)
    ]
    status = decided(all(most <= POINT for most, _ in ends), any(least > POINT for _, least in ends))
    told = "; ".join(
        f"{row['method']} {row['coefficient']} to {row['value']:g} (step {row['step']:g}): "
        f"{points(_interval(row, 'change'))}"
        for row in steps
    )
    return judgement(name, "runs", status, f"{told}.")


def _least(row: dict[str, Any]) -> float:
    """The smallest change that the interval allows."""
    return max(0.0, float(row["change_low"]), -float(row["change_high"]))
