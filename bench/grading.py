"""The benchmark of the graders: ``python -m bench.grading [--data FOLDER] [--json]``.

``l2s``, ``math-verify`` and ``qwen`` (the Qwen2.5-Math rules) judge the same pairs, one after the other, in one process
with warm workers: the public battery, whose labels are known; the verdicts of the pipeline's own runs, where there
are any; and, where a folder with the published files and real responses is given (``--data`` or ``L2S_SHARED_DATA``),
each published gold answer beside itself and beside the next one, and each response's extracted answer beside its
gold. Exit codes: 0; 1 where a limit of ours is missed: every label of the battery right, nowhere slower than
math-verify, twenty times its throughput on the files of responses, a median of at most 1 ms a pair.
"""

import json
import statistics
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench.answers import Pair, files
from l2s.core.files import write_json
from l2s.core.progress import bar
from l2s.verification import find_grader, grade
from l2s.verification.graders import Grader

GRADERS = ("l2s", "math-verify", "qwen")
TIMES, MEDIAN_MS = 20.0, 1.0
out = Console(width=None if sys.stdout.isatty() else 150)


@dataclass(frozen=True)
class Measured:
    """One grader on one file."""

    file: str
    grader: str
    pairs: int
    correct: int
    agree: int
    """Pairs judged as the label says, where there is one, else as l2s judges them."""
    labelled: bool
    false_accepts: int
    """Of labelled pairs."""
    seconds: float
    median_ms: float
    slowest_s: float


def measure(file: str, pairs: list[Pair], grader: Grader, reference: list[bool]) -> tuple[Measured, list[bool]]:
    """Judge every pair once, in order; ``reference`` is what to agree with, and empty for the first grader."""
    said, seconds = [], []
    for pair in bar(pairs, f"{grader.name}: {file}"):
        start = time.perf_counter()
        said.append(grade(gold=pair.gold, answer=pair.answer, grader=grader.name).correct)
        seconds.append(time.perf_counter() - start)
    labels = [pair.equal for pair in pairs]
    labelled = all(label is not None for label in labels)
    right = [bool(label) for label in labels] if labelled else reference or said
    found = Measured(
        file=file, grader=grader.name, pairs=len(pairs), correct=sum(said), labelled=labelled,
        agree=sum(one == other for one, other in zip(said, right, strict=True)),
        false_accepts=sum(one and not other for one, other in zip(said, right, strict=True)) if labelled else 0,
        seconds=sum(seconds), median_ms=1000 * statistics.median(seconds), slowest_s=max(seconds),
    )  # fmt: skip
    return found, said


def run(data: Path | None) -> Iterator[Measured]:
    """Every grader on every file, file by file, so that they share the machine's noise."""
    for name in GRADERS:
        find_grader(name).compare(r"\int_0^1 x\,dx", "1/2")  # starts a worker, outside the clock
    for file, pairs in files(data):
        reference: list[bool] = []
        for name in GRADERS:
            found, said = measure(file, pairs, find_grader(name), reference)
            reference = reference or said
            yield found


def missed(results: Iterable[Measured]) -> list[str]:
    """The limits that do not hold, a sentence each."""
    by_file: dict[str, dict[str, Measured]] = {}
    for result in results:
        by_file.setdefault(result.file, {})[result.grader] = result
    return [sentence for file, found in by_file.items() for sentence in _missed(file, found)]


def _missed(file: str, found: dict[str, Measured]) -> Iterator[str]:
    ours, theirs = found["l2s"], found["math-verify"]
    times = theirs.seconds / ours.seconds
    least = TIMES if file.startswith("responses") else 1.0
    if ours.labelled and ours.agree < ours.pairs:
        yield f"{file}: l2s agrees with {ours.agree} of {ours.pairs} labels"
    if times < least:
        yield f"{file}: {times:.1f} times math-verify's throughput; expected at least {least:.0f}"
    if ours.median_ms > MEDIAN_MS:
        yield f"{file}: a median of {ours.median_ms:.2f} ms; expected at most {MEDIAN_MS:.0f}"


def as_table(results: list[Measured]) -> Table:
    """One row a grader and file."""
    table = Table(title="Graders on the same pairs", title_justify="left")
    table.add_column("file", no_wrap=True)
    table.add_column("grader")
    for heading in ("pairs", "correct", "agree", "false accepts", "pairs/s", "median ms", "slowest s", "× math-verify"):
        table.add_column(heading, justify="right")
    peers = {result.file: result for result in results if result.grader == "math-verify"}
    for result in results:
        table.add_row(
            result.file if result.grader == "l2s" else "", result.grader, f"{result.pairs:,}", f"{result.correct:,}",
            f"{100 * result.agree / result.pairs:.1f} %", str(result.false_accepts) if result.labelled else "",
            f"{result.pairs / result.seconds:,.0f}", f"{result.median_ms:.2f}", f"{result.slowest_s:.2f}",
            f"{peers[result.file].seconds / result.seconds:.1f}",
        )  # fmt: skip
    return table


def main(
    data: Annotated[
        Path | None, typer.Option(envvar="L2S_SHARED_DATA", help="Folder with the published files and responses/.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print machine-readable results.")] = False,
    save: Annotated[Path | None, typer.Option(help="Write the results there, as JSON.")] = None,
) -> None:
    """Agreement and throughput of the graders on the same pairs."""
    results = list(run(data))
    broken = missed(results)
    content = {"results": [asdict(result) for result in results], "missed": broken}
    if save is not None:
        write_json(save, content)
    if as_json:
        out.print_json(json.dumps(content))
    else:
        out.print(as_table(results))
        for sentence in broken:
            out.print(f"missed: {sentence}", style="red", highlight=False)
    raise SystemExit(1 if broken else 0)


if __name__ == "__main__":
    typer.run(main)
