"""Commands of the pipeline: run it, ask why a stage is out of date, show it."""

import json
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from flows.cli.console import Json, complain, err, out, print_summary, print_table, say, tell, warn
from l2s.core.errors import ConfigError
from l2s.lineage.checks.finding import short

if TYPE_CHECKING:
    from l2s.config import Config

SHOWN, WIDTH = 3, 100
"""What a dry run shows of a stage: reasons, and characters of each; ``l2s why`` shows all."""


def _no_preset(name: str | None) -> None:
    """People look for presets here, where there are none."""
    if name is not None:
        raise ConfigError(
            f"l2s run runs the params.yaml that is here and takes no --preset; make a project of it with "
            f"l2s init FOLDER --preset {name}, then l2s run there"
        )


NoPreset = Annotated[str | None, typer.Option("--preset", hidden=True, callback=_no_preset)]


def run(
    targets: Annotated[list[str] | None, typer.Argument(help="Stages, e.g. merge@average; all if none.")] = None,
    runner: Annotated[str, typer.Option(help="Where stages run: threads, processes, dask or ray.")] = "threads",
    address: Annotated[str | None, typer.Option(help="Of a Dask scheduler or Ray head; default: started here.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Most stages at a time; default: one a core.")] = os.cpu_count() or 1,
    dry: Annotated[bool, typer.Option("--dry", help="List what would run and why; run nothing.")] = False,
    as_json: Json = False,
    preset: NoPreset = None,
) -> None:
    """Bring the pipeline up to date and show the table."""
    from flows.cli.ready import check_ready, fill_in, read_config
    from flows.pipeline.resources import resources_of
    from flows.pipeline.run import StageFailed, plan, run_pipeline

    config, elsewhere = read_config(), address is not None
    fill_in(warn)
    if dry:
        stale = plan(targets or [], warn)[2]
        if stale:
            check_ready(stale, elsewhere=elsewhere)
        _print_plan(stale, as_json, SHOWN)
        return
    try:
        if not run_pipeline(
            targets or [],
            runner,
            jobs,
            err,
            address=address,
            before=lambda stale: check_ready(stale, elsewhere=elsewhere),
            resources=lambda stages: resources_of(config, stages),
        ):
            tell("everything is up to date")
    except StageFailed as failure:
        _say_failure(failure)
    if not targets or "report" in targets or "analyse" in targets:
        _print_summary(config, as_json)


def code(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit code 1 if it is out of date.")] = False,
) -> None:
    """Write code.lock: a fingerprint of the code behind each kind of stage; run and why do so by themselves."""
    from tasks.running.code import is_current, refresh
    from tasks.stage import LOCK

    if check:
        if not is_current():
            tell(f"{LOCK} tells of other code than lies here; write it anew: l2s code")
            raise typer.Exit(1)
        say(f"{LOCK} is up to date")
    else:
        say(f"{LOCK} {'written' if refresh() else 'is up to date'}")


def why(stage: Annotated[str, typer.Argument(help="A stage, e.g. merge@average.")], as_json: Json = False) -> None:
    """Which parameter, file or code change makes a stage out of date: old → new."""
    from flows.cli.ready import fill_in
    from flows.pipeline.run import plan

    fill_in(warn)  # and a file that would hang DVC, or that it reads otherwise, is told before
    graph, _, stale = plan([stage], warn)
    _print_plan(
        {name: reasons for name, reasons in stale.items() if name == stage or stage not in graph.stages}, as_json
    )


def ui(
    port: Annotated[int, typer.Option(help="Of the server, on this machine.")] = 4200,
    jobs: Annotated[int, typer.Option(min=1, help="Most stages at a time; default: one a core.")] = os.cpu_count() or 1,
    stay: Annotated[bool, typer.Option(help="Keep the server up after the run.")] = True,
) -> None:
    """Start the Prefect UI and run the pipeline against it."""
    from flows.cli.ready import check_ready, fill_in, read_config
    from flows.pipeline.run import StageFailed, prepared_environment, run_pipeline
    from flows.pipeline.server import served

    read_config()
    fill_in(warn)
    try:
        with prepared_environment(), served(port) as url:
            tell(f"Prefect UI: {url}")
            run_pipeline([], "threads", jobs, err, always=True, before=check_ready)
            if stay:
                tell(f"The run is at {url}/runs. Ctrl-C ends the server.")
                with suppress(KeyboardInterrupt):
                    threading.Event().wait()
                tell("server stopped")
    except StageFailed as failure:
        _say_failure(failure)


def report() -> None:
    """Build the report page from the summary, offline."""
    from flows.cli.ready import read_config
    from tasks.inputs.page import build_report

    say(str(build_report(read_config(), Path("data"))))


def stage(kind: str, name: Annotated[str | None, typer.Argument()] = None) -> None:
    """Run one stage's work; what dvc.yaml calls."""
    from flows.pipeline.orphans import end_with_ancestors
    from l2s.core.progress import bar
    from tasks.running.observed import observed
    from tasks.stages import run_stage

    end_with_ancestors()
    title = f"{kind}@{name}" if name else kind
    observed(title, lambda track, tell: run_stage(kind, name, track, tell), bar, lambda said: say(f"{title}: {said}"))


def _say_failure(failure: Exception) -> NoReturn:
    complain(str(failure))
    raise typer.Exit(2) from None


def _print_plan(stale: dict[str, list], as_json: bool, most: int | None = None) -> None:  # type: ignore[type-arg]
    """Stages and reasons; of each stage at most so many, in one line each."""
    if as_json:
        out.print_json(json.dumps({name: [str(reason) for reason in reasons] for name, reasons in stale.items()}))
        return
    if not stale:
        say("everything is up to date")
    for name, reasons in stale.items():
        out.print(name, style="bold", highlight=False, markup=False)
        shown = reasons if most is None or len(reasons) <= most else reasons[: most - 1]
        for reason in map(str, shown):
            say(f"    {reason if most is None else short(reason, WIDTH)}")
        if len(shown) < len(reasons):
            say(f"    and {len(reasons) - len(shown)} more: l2s why {name}")


def _print_summary(config: "Config", as_json: bool) -> None:
    from flows.cli.making import making_table
    from l2s.analysis.output.reading import read_summary

    summary = Path("data/summary/summary.json")
    if as_json:
        print_table(summary, as_json)
        return
    content = read_summary(summary, check=False)
    print_summary(content, config.title())
    if (table := making_table(config, content, Path("data"))) is not None:
        out.print(table, highlight=False, markup=False)
    say("report   data/report/index.html")
    say("summary  data/summary/summary.json")


COMMANDS = (run, why, ui, report, code)
