"""Measured: every run and benchmark of a night by itself, and the night in a sentence."""

from collections.abc import Iterator, Sequence

import polars as pl

from l2s.analysis.statistics.accuracy import accuracy
from l2s.nightly.comparison import OUTCOMES, REGRESSIONS, Compared
from l2s.nightly.night import Measured


def measure(rows: pl.DataFrame, confidence: float) -> list[Measured]:
    """Accuracy with its interval, mean tokens and the share of truncated responses.

    Args:
        rows: under :class:`l2s.nightly.rows.NightRows`.
        confidence: of the intervals.
    """
    keys = ["run", "benchmark", "fresh"]
    parts = rows.sort([*keys, "id", "sample"]).partition_by(keys, as_dict=True, maintain_order=True)
    return [_measured(str(run), str(benchmark), bool(fresh), part, confidence)
            for (run, benchmark, fresh), part in parts.items()]  # fmt: skip


def _measured(run: str, benchmark: str, fresh: bool, part: pl.DataFrame, confidence: float) -> Measured:
    problem = part["id"].rank("dense").cast(pl.Int64).to_numpy() - 1
    right = accuracy(part["correct"].to_numpy(), problem, confidence)
    return Measured(
        run=run,
        benchmark=benchmark,
        fresh=fresh,
        n=part.height,
        accuracy=right.value,
        accuracy_low=right.low,
        accuracy_high=right.high,
        tokens=float(part["tokens"].sum()) / part.height,
        truncated=float((part["finish"] == "length").sum()) / part.height,
    )


def sentence_of(outcome: str, baseline: str | None, compared: Sequence[Compared]) -> str:
    """The night in one sentence (a regression: one clause for each run and benchmark, with its causes)."""
    if baseline is None:
        return "the first night: nothing was accepted yet to compare it with; l2s nightly --accept accepts it"
    if outcome == "first":
        return f"nothing here was measured in the accepted night {baseline}"
    if outcome == "same":
        return f"every response and verdict is that of the accepted night {baseline}"
    if outcome == "noise":
        return f"no significant difference from the accepted night {baseline}"
    wanted = REGRESSIONS if outcome == "regression" else ("better", "shorter")
    clauses = [clause_of(row) for row in compared if row.outcome in wanted]
    return f"{outcome} against the accepted night {baseline}: {'; '.join(clauses)}"


def clause_of(row: Compared) -> str:
    """One run and benchmark: what is different, by how much, and what changed."""
    return f"{row.run} on {row.benchmark}: {', '.join(_numbers(row))} ({cause_text(row)})"


def cause_text(row: Compared) -> str:
    """What explains the difference, as far as it is recorded."""
    if row.causes:
        return "changed: " + "; ".join(str(change) for change in row.causes)
    if row.rewritten or row.regraded:
        return "nothing that is recorded changed"
    return OUTCOMES[row.outcome]


def _numbers(row: Compared) -> Iterator[str]:
    if row.outcome == "unpaired":
        yield OUTCOMES[row.outcome]
        return
    if row.difference is not None and row.difference_low is not None and row.difference_high is not None:
        numbers = [points(number) for number in (row.difference, row.difference_low, row.difference_high)]
        yield f"accuracy {numbers[0]} points [{numbers[1]}, {numbers[2]}]"
    if row.ratio is not None and row.ratio_low is not None and row.ratio_high is not None:
        yield f"length × {row.ratio:.2f} [{row.ratio_low:.2f}, {row.ratio_high:.2f}]"
    if row.regraded:
        yield f"{row.regraded} of {row.n} responses unchanged but graded otherwise"
    if row.rewritten:
        yield f"{row.rewritten} of {row.n} responses changed"


def points(share: float | None) -> str:
    """A difference of shares in points, with its sign."""
    return "–" if share is None else f"{round(100 * share, 1) + 0.0:+.1f}".replace("-", "−")
