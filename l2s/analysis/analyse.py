"""Analyse: verdicts in, a summary out, every number with its count and interval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from l2s.analysis.findings.takeaways import judge_runs
from l2s.analysis.findings.takeaways_study import judge_study
from l2s.analysis.inputs.facts import Facts, RunFacts, run_facts
from l2s.analysis.inputs.frame import KEY, complete, names_in, reported
from l2s.analysis.results.asked import asked_rows
from l2s.analysis.results.changes import changed_problems
from l2s.analysis.results.choose import Choice, choose
from l2s.analysis.results.comparisons import Couples, Parts, baselines, compare_all, couples_of, slow_of
from l2s.analysis.results.controls import control_rows, curve_rows, idle_notes
from l2s.analysis.results.efficiency import efficiency_row
from l2s.analysis.results.levels import level_rows
from l2s.analysis.results.notes import notes_on
from l2s.analysis.results.overall import overall_rows
from l2s.analysis.results.pareto import pareto_front, pareto_rows
from l2s.analysis.results.rivals import WAYS, making, rival_rows, way_of
from l2s.analysis.results.rows import has_tokens, run_row
from l2s.analysis.results.sampled import beside_of, sampled_rows
from l2s.analysis.results.samples import sample_rows
from l2s.analysis.results.sensitivity import scale_rows, sensitivity_rows
from l2s.analysis.results.shared import shared_notes, shared_problems
from l2s.analysis.settings import AnalysisParams

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Report:
    """The summary, as it is written and read again; ``docs/analysis.md`` says what every column means."""

    rows: Rows
    """One per run and benchmark (see :mod:`l2s.records.summary`)."""
    levels: Rows
    """One per run, benchmark and level of difficulty."""
    overall: Rows
    """One per run, over the reported benchmarks: accuracy two ways, length reduction three ways."""
    chosen: Choice
    benchmarks: list[str]
    """Those that are reported, in the order in which they are shown."""
    settings: AnalysisParams
    front: dict[str, list[str]]
    """Runs on the Pareto front of each benchmark, shortest first."""
    comparisons: Rows
    """One per run and benchmark, against its slow run on the same problems."""
    efficiency: Rows
    """One per run and benchmark: costs and scores."""
    pareto: Rows
    """One per run and reported benchmark: on the front or beaten by whom, and how surely."""
    hypervolume: Rows
    """One per reported benchmark."""
    samples: Rows
    """pass@k and maj@k, one per run, benchmark and k; empty with one sample a problem."""
    controls: Rows
    """One per controlled run and benchmark, and its model without control."""
    curves: Rows
    """s1's metrics, one per model, kind of control and benchmark."""
    sensitivity: Rows
    """Recipes that differ in one number."""
    scale: Rows
    """Methods tried at several model sizes."""
    asked: Rows
    """Trained models at each level of length that they were asked for."""
    rivals: Rows
    """Merges, controls and trainings together; empty where nothing was trained."""
    sampled: Rows
    """Runs with sampling of their own, beside those of the same models; they stand in no other list but samples."""
    takeaways: Rows
    """What the study found, tested on its own tables and on these runs."""
    runs: Rows
    """What each run is."""
    shared: dict[str, tuple[int, int]]
    """Reported benchmarks with problems on which recipes were chosen: how many, and of how many."""
    notes: list[str]
    """Sentences that must be read with the numbers."""
    problems: pl.DataFrame
    """One row per problem that a run won or lost against its slow run."""


def analyse(verdicts: pl.DataFrame, settings: AnalysisParams, facts: Facts | None = None) -> Report:
    """Summarise verdicts of any number of runs and benchmarks.

    Args:
        verdicts: rows under :class:`l2s.records.Verdicts`, in any order, or what
            :func:`l2s.analysis.inputs.reading.read_verdicts` made of files; ``run``, ``model``, ``benchmark``, ``id``,
            ``sample``, ``problem``, ``tokens``, ``finish``, ``closed`` and ``level`` are used where they are.
        settings: roles and margins.
        facts: recipes, controls and sizes of runs, as far as they are known.

    Raises:
        ConfigError: the slow run, a benchmark or a candidate is not among the verdicts.
        RecordError: two runs did not answer the same problems, so nothing can be paired.
    """
    facts = facts or {}
    frame = complete(verdicts, settings)
    beside = beside_of(facts, names_in(frame, "run"), settings)
    benchmarks = names_in(frame.filter(~pl.col("run").is_in(list(beside))), "benchmark")
    divided = frame.sort(["run", *KEY]).partition_by(["benchmark", "run"], as_dict=True)
    every = {(str(run), str(benchmark)): part for (benchmark, run), part in sorted(divided.items())}
    parts = {key: part for key, part in every.items() if key[0] not in beside}
    couples = couples_of(parts, settings)
    comparisons = compare_all(couples, parts, settings)
    rows = _rows(parts, comparisons, settings, facts)
    ways = {row["run"]: _way(row, settings, facts) for row in rows}
    chosen = _choice(rows, settings, settings.candidates, "model" if "trained" in ways.values() else "recipe")
    for row in rows:
        row["chosen"] = row["run"] == chosen.run
    shown = reported(benchmarks, settings)
    overall = overall_rows(parts, couples, shown, settings) if shown else []
    levels = [row for key, part in parts.items() for row in level_rows(part, couples.get(key), settings)]
    controls = control_rows(parts, facts, settings)
    sensitivity, scale = sensitivity_rows(parts, facts, settings), scale_rows(rows, facts)
    pareto, hypervolume = _pareto(parts, shown, settings)
    shared = shared_problems(frame, shown, settings)
    return Report(
        rows=rows,
        levels=levels,
        overall=overall,
        chosen=chosen,
        benchmarks=shown,
        settings=settings,
        front={benchmark: _front(rows, benchmark) for benchmark in shown},
        comparisons=comparisons,
        efficiency=_efficiency(parts, couples, settings, facts),
        pareto=pareto,
        hypervolume=hypervolume,
        samples=[row for part in every.values() for row in sample_rows(part, settings)],
        controls=controls,
        curves=curve_rows(controls),
        sensitivity=sensitivity,
        scale=scale,
        asked=asked_rows(rows, parts, facts, settings),
        rivals=rival_rows(rows, ways, _best(rows, ways, settings), shown),
        sampled=sampled_rows(every, beside, facts, settings),
        takeaways=[
            *judge_study(settings),
            *judge_runs(rows, overall, levels, sensitivity, scale, facts, shown, settings),
        ],
        runs=[_run(run, frame, chosen.run, settings, facts) for run in names_in(frame, "run") if run not in beside],
        shared=shared,
        notes=[*shared_notes(shared, settings), *notes_on(frame, shown, settings), *idle_notes(controls)],
        problems=changed_problems(couples),
    )


def _rows(parts: Parts, comparisons: Rows, settings: AnalysisParams, facts: Facts) -> Rows:
    """Every run by itself, with how its model was made, and what the comparison says of it."""
    rows = {key: run_row(part, settings) | making(facts.get(key[0], RunFacts())) for key, part in parts.items()}
    for row in rows.values():
        if row.get("length_level") and facts[row["run"]].control_kind == "none":
            row["control"] = "none"  # a run that is called after its level has no control of that name
    for comparison in comparisons:
        columns = {
            name: value for name, value in comparison.items() if name not in ("baseline", "unpaired", "n", "problems")
        }
        rows[comparison["run"], comparison["benchmark"]] |= columns
    for (run, _), row in rows.items():
        if run in baselines(settings):
            row |= {"verdict": "baseline", "reduction": 0.0 if row["tokens"] else None}
    return list(rows.values())


def _way(row: dict[str, Any], settings: AnalysisParams, facts: Facts) -> str | None:
    if (run := row["run"]) in baselines(settings):
        return None
    return way_of(run_facts(run, row["model"], facts), run in settings.candidates)


def _best(rows: Rows, ways: Mapping[str, str | None], settings: AnalysisParams) -> dict[str, Choice]:
    """Way to the run chosen among its own: so a merge is not compared with the luckiest of many trainings."""
    return {way: _choice(rows, settings, [run for run, own in ways.items() if own == way], "run") for way in WAYS}


def _choice(rows: Rows, settings: AnalysisParams, runs: Sequence[str], what: str) -> Choice:
    if settings.validation is None or settings.slow is None:
        return Choice(None, f"no {what} was chosen: no validation benchmark and slow run are named")
    own = [r for r in rows if r["benchmark"] == settings.validation and r["run"] in runs]
    if any(row["tokens"] is None for row in own):
        return Choice(None, f"no {what} was chosen: not every verdict on {settings.validation} tells its tokens")
    return choose([row for row in own if row.get("difference_low") is not None], settings.validation, what)


def _front(rows: Rows, benchmark: str) -> list[str]:
    own = [row for row in rows if row["benchmark"] == benchmark and row["tokens"] is not None]
    return pareto_front({row["run"]: (row["tokens"], row["accuracy"]) for row in own})


def _pareto(parts: Parts, benchmarks: list[str], settings: AnalysisParams) -> tuple[Rows, Rows]:
    rows, areas = [], []
    for benchmark in benchmarks:
        own = {run: part for (run, name), part in parts.items() if name == benchmark and has_tokens(part)}
        found, area = pareto_rows(own, settings.slow, settings)
        rows += found
        areas += [area] if area else []
    return rows, areas


def _efficiency(parts: Parts, couples: Couples, settings: AnalysisParams, facts: Facts) -> Rows:
    unknown = RunFacts()
    return [
        efficiency_row(
            part,
            couples.get((run, benchmark)),
            facts.get(run, unknown),
            facts.get(slow_of(run, settings) or "", unknown),
            settings,
        )
        for (run, benchmark), part in parts.items()
    ]


def _run(run: str, frame: pl.DataFrame, chosen: str | None, settings: AnalysisParams, facts: Facts) -> dict[str, Any]:
    model = str(frame.filter(pl.col("run") == run)["model"][0])
    own = run_facts(run, model, facts)
    roles: Mapping[str, bool] = {
        "slow": run in baselines(settings),
        "quick": run == settings.quick,
        "chosen": run == chosen,
        "control": own.controlled,
        "trained": own.training is not None,
        "merge": run in settings.candidates or own.method is not None,
        "given": True,
    }
    role = next(name for name, holds in roles.items() if holds)
    known = own.model_dump(exclude={"beside", "sampling"})
    return {"run": run, "model": model, "role": role, **known, "slow": slow_of(run, settings)}
