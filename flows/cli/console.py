"""Consoles and options that the commands share. Rich is imported when a console is first used."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli import console as consoles

if TYPE_CHECKING:
    from rich.console import Console

    out: Console
    err: Console
Json = Annotated[bool, typer.Option("--json", help="Print machine-readable results.")]
Seed = Annotated[int, typer.Option(help="Every random draw derives from it; recorded.")]


def __getattr__(name: str) -> Console:
    """``out`` and ``err``."""
    from rich.console import Console

    from flows.cli.visible import Visible

    makes = {"out": lambda: Console(width=None if sys.stdout.isatty() else 110), "err": lambda: Console(stderr=True)}
    if name not in makes:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = console = makes[name]()
    console.push_render_hook(Visible(console))
    return console


def say(sentence: str) -> None:
    """Print one line as it is."""
    consoles.out.print(sentence, highlight=False, markup=False, soft_wrap=True)


def complain(sentence: str) -> None:
    """Print one line as it is, beside the output, in red."""
    consoles.err.print(sentence, style="red", highlight=False, markup=False, soft_wrap=True)


def tell(sentence: str) -> None:
    """Print one line as it is, beside the output."""
    consoles.err.print(sentence, highlight=False, markup=False, soft_wrap=True)


def warn(sentence: str) -> None:
    """The same for a note."""
    tell(f"note: {sentence}")


def print_table(summary: Path, as_json: bool, show: Sequence[str] = ()) -> None:
    """Show a summary: the table of every reported benchmark, or those named (``columns.py`` has all)."""
    from l2s.analysis.output.reading import read_summary
    from l2s.analysis.output.terminal import any_table

    if as_json:
        consoles.out.print_json(summary.read_text(encoding="utf-8"))
        return
    content = read_summary(summary)
    for name in show:
        consoles.out.print(any_table(content, name))
    if not show:
        print_summary(content)


def print_summary(content: dict[str, Any], title: str | None = None) -> None:
    """Show what a summary holds: the table of every reported benchmark, why a run was chosen, and the notes."""
    from l2s.analysis.output.terminal import main_table, overall_table, sampled_table

    for benchmark in content["benchmarks"]:
        named = f"{title}: {benchmark}" if title else None
        consoles.out.print(main_table(content, benchmark, named, consoles.out.width))
        if (sampled := sampled_table(content, benchmark)) is not None:
            consoles.out.print(sampled)
    if len(content["benchmarks"]) > 1:
        consoles.out.print(overall_table(content, consoles.out.width))
    if content["chosen"]["run"]:
        say(f"★ {content['chosen']['reason']}.")
    for note in content["notes"]:
        say(f"note: {note}")
