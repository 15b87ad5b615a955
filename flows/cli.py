"""The command line: ``l2s``. Exit codes: 0 done; 1 finished and found something wrong; 2 bad input."""

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from flows import nightly, planned, preset, runs, steps, store
from flows.audit import audit
from flows.console import err, out
from flows.lineage import lineage
from flows.recorded_steps import leaving_record
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
Command = Callable[..., None]
PANELS: tuple[tuple[str, tuple[Command, ...]], ...] = (
    (PIPELINE, (*runs.COMMANDS, *planned.COMMANDS, lineage, audit, nightly.nightly, preset.preset)),
    (STEPS, tuple(leaving_record(step) for step in steps.COMMANDS)),
)
for panel, commands in PANELS:
    for command in commands:
        app.command(rich_help_panel=panel)(command)
app.command(hidden=True)(runs.stage)
app.add_typer(store.app, rich_help_panel=STEPS)


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
