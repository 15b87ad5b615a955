"""The benchmark of the pipeline: ``python -m bench.pipeline``. What does running the stages cost besides them?

A scratch clone with few problems is run by ``l2s run``, another by plain ``dvc repro``. A stage's own work is
timed inside its process, after libraries and configuration are loaded; the overhead is what the run took
beyond the sum of that, with one stage at a time so that nothing hides behind something else. Exit codes:
0 the limits hold and the bytes are the same; 1 not.
"""

import json
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from tests.scratch import clone, edit_params, outputs, run, shrink

MOST_OVERHEAD = 0.25
"""Of the sum of the stages' own work, over the whole default run."""
MAX_IDLE = 5.0
"""Seconds of a run with nothing to do."""
console = Console(width=None if sys.stdout.isatty() else 110)


@dataclass(frozen=True)
class Timed:
    """One way to run the pipeline."""

    name: str
    seconds: float
    work: float
    """Sum of the stages' own seconds."""
    stages: int
    idle: float
    """Seconds of a second run."""
    folder: Path

    def overhead(self, work: float, jobs: int) -> float:
        """Share of ``work`` that the run took beyond it, had ``jobs`` stages run side by side without a gap."""
        return self.seconds * jobs / work - 1


def main(
    problems: Annotated[int, typer.Option(min=1, help="Of each level, in both benchmarks.")] = 6,
    full: Annotated[bool, typer.Option("--full", help="All problems: the default run.")] = False,
    few: Annotated[bool, typer.Option("--few", help="Five runs only.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Stages at a time.")] = 1,
    plain: Annotated[bool, typer.Option(help="Run plain dvc repro as well (one stage at a time).")] = True,
    limit: Annotated[bool, typer.Option(help="End with 1 if a limit is missed; they are for --full.")] = True,
) -> None:
    """Run it, print the table."""
    scratch = Path(tempfile.mkdtemp(prefix="l2s-bench-"))

    def edit(params: dict[str, Any]) -> None:
        if few:
            shrink(params)
        for benchmark in params["benchmarks"].values() if not full else []:
            benchmark["per_level"] = problems

    try:
        ours = timed("l2s run", scratch, edit, ["l2s", "run", "--jobs", str(jobs)], ["l2s", "run"])
        theirs = timed("dvc repro", scratch, edit, ["dvc", "repro", "-q"], ["dvc", "repro", "-q"]) if plain else None
        same = theirs is None or outputs(ours.folder) == outputs(theirs.folder)
        show(ours, theirs, jobs)
        console.print(
            f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; bytes {'the same' if same else 'DIFFER'}"
        )
        missed = ours.overhead(ours.work, jobs) > MOST_OVERHEAD or ours.idle > MAX_IDLE
        raise typer.Exit(1 if not same or (limit and missed) else 0)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def timed(name: str, scratch: Path, edit: Any, first: list[str], second: list[str]) -> Timed:
    """Run a fresh clone to its end, then once more."""
    folder = clone(scratch / name.replace(" ", "-"))
    edit_params(folder, edit)
    started = time.perf_counter()
    run(folder, *first)
    seconds = time.perf_counter() - started
    rows = [json.loads(line) for line in (folder / ".l2s" / "costs.jsonl").read_text().splitlines()]
    started = time.perf_counter()
    run(folder, *second)
    idle = time.perf_counter() - started
    return Timed(name, seconds, sum(row["seconds"] for row in rows), len(rows), idle, folder)


def show(ours: Timed, theirs: Timed | None, jobs: int) -> None:
    """Show both side by side; the work is ours for both, since theirs loads libraries in the middle of it."""
    table = Table("", "stages", "run", "own work", "overhead", "a stage", "nothing to do", box=None)
    for timed_run, at_once in ((ours, jobs), (theirs, 1)):
        if timed_run is not None:
            extra = timed_run.overhead(ours.work, at_once)
            table.add_row(
                f"{timed_run.name}{f' --jobs {at_once}' if timed_run is ours else ''}",
                str(timed_run.stages),
                f"{timed_run.seconds:.1f} s",
                f"{ours.work:.1f} s",
                f"{extra:+.0%}",
                f"{extra * ours.work / timed_run.stages:.2f} s",
                f"{timed_run.idle:.1f} s",
            )
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
