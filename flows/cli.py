"""The command line: ``l2s``. Exit codes: 0 done; 1 finished and found something wrong; 2 bad input."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from flows import nightly, preset, steps
from flows.console import Json, err, out, print_table
from l2s import __version__
from l2s.errors import L2SError

app = typer.Typer(
    name="l2s",
    help="Long-to-short reasoning: merge a quick and a slow model, and measure what the merge is worth.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
PIPELINE, STEPS = "The pipeline", "Single steps, on your own files"
for command in steps.COMMANDS:
    app.command(rich_help_panel=STEPS)(command)
app.command(rich_help_panel=PIPELINE)(nightly.nightly)
app.command(rich_help_panel=PIPELINE)(preset.preset)


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Long-to-short reasoning: merge a quick and a slow model, and measure what the merge is worth."""
    context.obj = {"debug": debug}
    if version:
        out.print(f"l2s {__version__}", highlight=False)
        raise typer.Exit


def entry() -> None:
    """Run the command line; what a user can mend is one sentence and exit code 2."""
    try:
        app()
    except L2SError as error:
        if "--debug" in sys.argv:
            raise
        err.print(f"error: {error}", style="red", highlight=False, markup=False, soft_wrap=True)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        err.print("stopped; the next run continues from here", highlight=False)
        raise SystemExit(130) from None


@app.command(rich_help_panel=PIPELINE)
def run(
    targets: Annotated[list[str] | None, typer.Argument(help="Stages, e.g. merge@average; all if none.")] = None,
    runner: Annotated[str, typer.Option(help="How stages run: threads.")] = "threads",
    jobs: Annotated[int, typer.Option(min=1, help="Most stages at a time; default: one a core.")] = os.cpu_count() or 1,
    dry: Annotated[bool, typer.Option("--dry", help="List what would run and why; run nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Bring the pipeline up to date and show the table."""
    from flows.pipeline import StageFailed, plan, run_pipeline
    from flows.stage import check_recipes
    from l2s.config import Config

    config = Config.read()
    if dry:
        stale = plan(targets or [])[2]
        if stale:
            check_recipes(config)
        _print_plan(stale, as_json)
        return
    try:
        if not run_pipeline(targets or [], runner, jobs, err, before=lambda: check_recipes(config)):
            err.print("everything is up to date", highlight=False)
    except StageFailed as failure:
        _say_failure(failure)
    if not targets or "report" in targets or "analyse" in targets:
        _print_summary(config.report.title, as_json)


@app.command(rich_help_panel=PIPELINE)
def why(stage: Annotated[str, typer.Argument(help="A stage, e.g. merge@average.")], as_json: Json = False) -> None:
    """Which parameter, file or code change makes a stage out of date: old → new."""
    from flows.pipeline import plan

    graph, _, stale = plan([stage])
    _print_plan(
        {name: reasons for name, reasons in stale.items() if name == stage or stage not in graph.stages}, as_json
    )


@app.command(rich_help_panel=PIPELINE)
def ui(
    port: Annotated[int, typer.Option(help="Of the server, on this machine.")] = 4200,
    jobs: Annotated[int, typer.Option(min=1, help="Most stages at a time; default: one a core.")] = os.cpu_count() or 1,
    stay: Annotated[bool, typer.Option(help="Keep the server up after the run.")] = True,
) -> None:
    """Start the Prefect UI and run the pipeline against it."""
    from flows.pipeline import StageFailed
    from flows.ui import show

    try:
        show(port, jobs, err, stay)
    except StageFailed as failure:
        _say_failure(failure)


@app.command(rich_help_panel=PIPELINE)
def report() -> None:
    """Build the report page from the summary, offline."""
    from flows.page import build_report
    from l2s.config import Config

    out.print(str(build_report(Config.read(), Path("data"))), highlight=False, soft_wrap=True)


@app.command(hidden=True)
def stage(kind: str, name: Annotated[str | None, typer.Argument()] = None) -> None:
    """Run one stage's work; what dvc.yaml calls."""
    from flows import watch
    from flows.orphans import end_with_ancestors
    from flows.stage import run_stage
    from l2s.progress import Track, bar
    from tasks.observed import observed

    end_with_ancestors()
    title = f"{kind}@{name}" if name else kind
    track: Track = bar
    if watch.is_watched():
        watch.redirect_output(title)
        track = watch.WrittenProgress(title)

    def say(sentence: str) -> None:
        out.print(f"{title}: {sentence}", highlight=False, markup=False, soft_wrap=True)

    if watch.is_watched():
        run_stage(kind, name, track, say)
    else:
        observed(title, lambda track, say: run_stage(kind, name, track, say), track, say)


def _say_failure(failure: Exception) -> NoReturn:
    err.print(str(failure), style="red", highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(2) from None


def _print_plan(stale: dict[str, list], as_json: bool) -> None:  # type: ignore[type-arg]
    if as_json:
        out.print_json(json.dumps({name: [str(reason) for reason in reasons] for name, reasons in stale.items()}))
        return
    if not stale:
        out.print("everything is up to date", highlight=False)
    for name, reasons in stale.items():
        out.print(name, style="bold", highlight=False)
        for reason in reasons:
            out.print(f"    {reason}", highlight=False, markup=False, soft_wrap=True)


def _print_summary(title: str, as_json: bool) -> None:
    print_table(Path("data/summary/summary.json"), as_json, title)
    if not as_json:
        out.print("report   data/report/index.html", highlight=False)
        out.print("summary  data/summary/summary.json", highlight=False)
