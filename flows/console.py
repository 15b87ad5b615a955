"""Consoles and options that the commands share."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

out = Console(width=None if sys.stdout.isatty() else 110)
err = Console(stderr=True)
Json = Annotated[bool, typer.Option("--json", help="Print machine-readable results.")]
Seed = Annotated[int, typer.Option(help="Every random draw derives from it; recorded.")]


def say(sentence: str) -> None:
    """Print one line as it is."""
    out.print(sentence, highlight=False, markup=False, soft_wrap=True)


def warn(sentence: str) -> None:
    """Print one line as it is, beside the output."""
    err.print(f"note: {sentence}", highlight=False, markup=False, soft_wrap=True)


def print_table(summary: Path, as_json: bool, title: str | None = None, show: Sequence[str] = ()) -> None:
    """Show a summary: the table of every reported benchmark, or those named (see :mod:`l2s.analysis.columns`)."""
    from l2s.analysis.summary import read_summary
    from l2s.analysis.terminal import any_table, main_table, overall_table

    if as_json:
        out.print_json(summary.read_text(encoding="utf-8"))
        return
    content = read_summary(summary)
    for name in show:
        out.print(any_table(content, name))
    if show:
        return
    for benchmark in content["benchmarks"]:
        out.print(main_table(content, benchmark, f"{title}: {benchmark}" if title else None, out.width))
    if len(content["benchmarks"]) > 1:
        out.print(overall_table(content, out.width))
    for note in content["notes"]:
        say(f"note: {note}")
