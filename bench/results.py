"""Results: every run as it was, medians, ratios, and whether the limits hold."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from rich.table import Table

from bench.cases import AGAIN, COPYING, MB, OURS, PEER, Case
from bench.measure import Run


@dataclass
class Result:
    """All runs of one tool on one case."""

    case: str
    tool: str
    command: str
    runs: list[Run] = field(default_factory=list)

    @property
    def failed(self) -> list[Run]:
        """Runs that did not end well. They count as runs, but give no times."""
        return [run for run in self.runs if run.code]

    @property
    def seconds(self) -> float | None:
        """Median over the runs; None if there is none, or one failed."""
        return statistics.median(run.seconds for run in self.runs) if self.runs and not self.failed else None

    @property
    def anonymous(self) -> int:
        """Bytes: the largest peak of all runs."""
        return max((run.anonymous for run in self.runs), default=0)

    @property
    def resident(self) -> int:
        """Bytes: the largest peak of all runs."""
        return max((run.resident for run in self.runs), default=0)

    def as_json(self) -> dict[str, Any]:
        """Every run, and what follows from them."""
        return {**asdict(self), "seconds": self.seconds, "anonymous": self.anonymous, "resident": self.resident}


@dataclass(frozen=True)
class Verdict:
    """A limit, and what was measured."""

    case: str
    tool: str
    limit: str
    measured: str
    held: bool


def find(results: Sequence[Result], case: str, tool: str) -> Result | None:
    """The result of a tool on a case, if it was run."""
    return next((result for result in results if (result.case, result.tool) == (case, tool)), None)


def ratio(result: Result, other: Result | None) -> float | None:
    """Median seconds over the other's; None where one of them is missing."""
    if other is None or result.seconds is None or not other.seconds:
        return None
    return result.seconds / other.seconds


def judge(cases: Sequence[Case], results: Sequence[Result]) -> list[Verdict]:
    """Every limit of ours that can be judged, for a first merge and for a second alike; but for one.

    Of the limit against copying the second decides, if there is one, as the median of merges in a row does: the first
    also hashes inputs that nobody has hashed before. Its ratio stands in the table.
    """
    verdicts = []
    for case in cases:
        first, second = (find(results, case.name, tool) for tool in (OURS, AGAIN))
        only = [replace(case, limits=replace(case.limits, copying=None)), case] if second else [case, case]
        found = [(one, ours) for one, ours in zip(only, (first, second), strict=True) if ours is not None]
        verdicts += [verdict for one, ours in found for verdict in _judge_one(one, ours, results)]
    return verdicts


def _judge_one(case: Case, ours: Result, results: Sequence[Result]) -> Iterator[Verdict]:
    """A run that failed holds no limit."""
    for other, most in ((COPYING, case.limits.copying), (PEER, case.limits.peer)):
        found = ratio(ours, find(results, case.name, other))
        if most is not None and (found is not None or ours.failed):
            measured = f"{found:.2f} × {other}" if found is not None else "failed"
            yield Verdict(case.name, ours.tool, f"at most {most:.2f} × {other}", measured, _within(found, most))
    if (most_bytes := case.limits.anonymous) is not None:
        measured = "failed" if ours.failed else f"{ours.anonymous / MB:,.0f} MB"
        held = not ours.failed and ours.anonymous <= most_bytes
        yield Verdict(case.name, ours.tool, f"at most {most_bytes / MB:,.0f} MB anonymous", measured, held)


def _within(found: float | None, most: float) -> bool:
    return found is not None and found <= most


def as_table(results: Sequence[Result], title: str) -> Table:
    """One row a tool and case."""
    table = Table(title=title, title_justify="left")
    for heading in ("case", "tool"):
        table.add_column(heading)
    for heading in ("runs", "median s (min–max)", "CPU s", "× copying", "× mergekit", "anonymous MB", "resident MB"):
        table.add_column(heading, justify="right")
    for result in results:
        ratios = [ratio(result, find(results, result.case, other)) for other in (COPYING, PEER)]
        table.add_row(
            result.case, result.tool, str(len(result.runs)), _times(result), _cpu(result),
            *("" if found is None else f"{found:.2f}" for found in ratios),
            f"{result.anonymous / MB:,.0f}", f"{result.resident / MB:,.0f}",
        )  # fmt: skip
    return table


def _times(result: Result) -> str:
    if result.seconds is None:
        return f"{len(result.failed)} of {len(result.runs)} failed"
    times = [run.seconds for run in result.runs]
    return f"{result.seconds:.2f} ({min(times):.2f}–{max(times):.2f})"


def _cpu(result: Result) -> str:
    return "" if result.seconds is None else f"{statistics.median(run.cpu_seconds for run in result.runs):.1f}"
