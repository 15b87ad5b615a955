"""The command line: ``l2s``. Exit codes: 0 done; 1 finished and found something wrong; 2 bad input; 130 stopped."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from flows.cli import console
from flows.cli.commands import steps
from flows.cli.recorded_steps import leaving_record
from l2s import __version__
from l2s.core.errors import L2SError, sentence_of
from l2s.core.extras import naming_extras

PIPELINE, STEPS = "The pipeline", "Single steps, on your own files"
STOPPED = 130
"""The exit code after Ctrl-C."""
GO_ON = ("run", "ui", "merge", "calibrate", "generate", "sample", "train", "search")
"""Commands that keep what is finished when they are stopped."""


def main(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Long-to-short reasoning: merge a quick and a slow model, and measure what the merge is worth."""
    context.obj = {"debug": debug}
    if version:
        console.say(f"l2s {__version__}")
        raise typer.Exit


def app_for(arguments: Sequence[str] = ()) -> typer.Typer:
    """The command line; if ``arguments`` begin with a single step, just that one, which then starts sooner."""
    app = typer.Typer(
        name="l2s",
        help="Long-to-short reasoning: merge a quick and a slow model, and measure what the merge is worth.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.callback(invoke_without_command=True)(main)
    asked = [step for step in steps.COMMANDS if step.__name__ in arguments[:1]]
    if not asked:
        _add_pipeline(app)
    for step in asked or steps.COMMANDS:
        app.command(rich_help_panel=STEPS)(leaving_record(step))
    if not asked:
        _add_others(app)
    return app


def _add_pipeline(app: typer.Typer) -> None:
    from flows.cli.commands import audit, export, init, lineage, nightly, planned, preset, runs
    from flows.pipeline.repository.project import in_project

    for command in (*runs.COMMANDS, planned.plan, export.export, nightly.nightly):
        app.command(rich_help_panel=PIPELINE)(in_project(command))
    for alone in (lineage.lineage, audit.audit, preset.preset, init.init):
        app.command(rich_help_panel=PIPELINE)(alone)


def _add_others(app: typer.Typer) -> None:
    from flows.cli.commands import runs, store

    app.command(hidden=True)(runs.stage)
    app.add_typer(store.app, rich_help_panel=STEPS)


def entry() -> None:
    """Run the command line; what a user can mend is one sentence and exit code 2."""
    try:
        with naming_extras(" ".join(["l2s", *sys.argv[1:2]])):
            app_for(sys.argv[1:])()
    except (L2SError, OSError) as error:
        if "--debug" in sys.argv:
            raise
        console.complain(f"error: {sentence_of(error)}")
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        _say_stopped()
        raise SystemExit(STOPPED) from None
    except SystemExit as ended:  # which Typer makes of an interrupt, without a word
        if ended.code == STOPPED:
            _say_stopped()
        raise


def _say_stopped() -> None:
    """What comes of the work after Ctrl-C; of a stage the run that started it tells."""
    command = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    if command != "stage":
        console.tell("stopped; the same command goes on from here" if command in GO_ON else "stopped")
