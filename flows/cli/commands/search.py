"""``l2s search``: from ranges to a recipe, on the user's own models and problems."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli import console
from flows.cli.console import Json, say, warn
from l2s.core.errors import ConfigError
from l2s.core.params import nearest

if TYPE_CHECKING:
    from l2s.search.file import SearchFile

SAMPLERS = ("auto", "qmc", "tpe", "grid", "random", "gp", "cma-es", "nsga2")
FORMS = ("optuna",)


def search(
    search: Annotated[
        Path, typer.Argument(metavar="SEARCH.yaml", help="Ranges, models, problems; its paths are relative to it.")
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of what is found.")],
    dry: Annotated[bool, typer.Option("--dry", help="Show dimensions, first trials and costs; do nothing.")] = False,
    budget: Annotated[int | None, typer.Option(metavar="N", help="Problems of all trials together.")] = None,
    sampler: Annotated[str | None, typer.Option(help=f"{', '.join(SAMPLERS)}.")] = None,
    jobs: Annotated[
        int, typer.Option(min=1, help="Trials at once, each in a process with an engine, or GPU, of its own.")
    ] = 1,
    export: Annotated[
        str | None, typer.Option(metavar="optuna", help="Write OUT/optuna.log too, for optuna-dashboard.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace OUT if it is not of this command's making.")] = False,
    as_json: Json = False,
) -> None:
    """Find the shortest recipe within ranges at certified parity with slow; exit code 1 if there is none."""
    from l2s import api
    from l2s.core.progress import bar
    from l2s.search.output.told import found_sentence, nothing_sentence

    _check_options(budget, sampler, export)
    asked = _read(search, budget, sampler)
    if dry:
        _show_plan(asked, search, as_json)
        return
    if not force and target.is_dir() and any(target.iterdir()) and not (target / "search.json").is_file():
        raise ConfigError(
            f"{target}: holds files of something else than a search; choose another place, or replace it with --force"
        )
    summary = api.search_recipe(search, target, budget=budget, sampler=sampler, jobs=jobs, track=bar, say=warn)
    if export:
        from l2s.search.output.export import write_optuna

        write_optuna(asked.space(str(search)), target)
    if as_json:
        console.out.print_json(json.dumps(summary))
    else:
        _show(summary, target)
        say(f"{target}: {found_sentence(summary) if summary['found'] else nothing_sentence(summary)}")
    if not summary["found"]:
        raise typer.Exit(1)


def _check_options(budget: int | None, sampler: str | None, export: str | None) -> None:
    problems = []
    if budget is not None and budget < 1:
        problems.append(f"--budget: found {budget}, expected at least 1 problem")
    if sampler is not None and sampler not in SAMPLERS:
        problems.append(f"--sampler: '{sampler}' is not known{nearest(sampler, SAMPLERS)}")
    if export is not None and export not in FORMS:
        problems.append(f"--export: '{export}' is not known; expected optuna")
    if problems:
        raise ConfigError("; ".join(problems))


def _read(file: Path, budget: int | None, sampler: str | None) -> "SearchFile":
    from l2s.core.yaml import read_yaml
    from l2s.search.file import read_search

    return read_search(read_yaml(file), str(file), file.parent, budget=budget, sampler=sampler)


def _show(summary: dict[str, Any], target: Path) -> None:
    import polars as pl

    from l2s.search.output.terminal import trials_table

    console.out.print(trials_table(summary, pl.read_csv(target / "trials.csv").to_dicts()))


def _show_plan(asked: "SearchFile", file: Path, as_json: bool) -> None:
    """Dimensions, the first batch, and what the budget comes to."""
    from flows.cli.estimated import as_record, show
    from flows.cli.searching import estimate_of, first_trials

    space = asked.space(str(file))
    trials = first_trials(asked, space, warn)
    estimate, assumptions = estimate_of(asked, space)
    if as_json:
        dimensions = [{"name": one.name, **_bounds(one)} for one in space.dimensions]
        record = as_record([estimate], assumptions)
        console.out.print_json(json.dumps({"dimensions": dimensions, "first_trials": trials, "costs": record}))
        return
    say(f"{len(space.dimensions)} dimension{'s' if len(space.dimensions) > 1 else ''}:")
    for one in space.dimensions:
        say(f"  {one.name}: {', '.join(f'{key} {value}' for key, value in _bounds(one).items())}")
    say("first trials:")
    for trial in trials:
        say("  " + ", ".join(f"{name} {value}" for name, value in trial.items()))
    show([estimate], assumptions)


def _bounds(dimension: Any) -> dict[str, Any]:
    if hasattr(dimension, "options"):
        return {"any_of": list(dimension.options)}
    bounds = {"low": dimension.low, "high": dimension.high}
    return bounds | ({"step": dimension.step} if dimension.step else {}) | ({"log": True} if dimension.log else {})
