"""Shared: problems of a reported benchmark that are asked by the benchmark on which recipes are chosen, too."""

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from l2s.analysis.settings import AnalysisParams
from l2s.benchmarks.contamination import normalised


def shared_problems(
    frame: pl.DataFrame, reported: Sequence[str], settings: AnalysisParams
) -> dict[str, tuple[int, int]]:
    """How many problems of each reported benchmark the validation benchmark asks, and of how many; by normalised text.

    Benchmarks that share none are left out, and problems whose text the verdicts do not tell.
    """
    asked = frame.drop_nulls("problem").unique(["benchmark", "id"], keep="first", maintain_order=True)

    def texts(benchmark: str) -> list[str]:
        return [normalised(text) for text in asked.filter(pl.col("benchmark") == benchmark)["problem"]]

    chosen_on = set(texts(settings.validation or ""))
    found = {}
    for benchmark in reported if chosen_on else ():
        own = texts(benchmark)
        if shared := sum(text in chosen_on for text in own):
            found[benchmark] = (shared, len(own))
    return found


def shared_notes(shared: Mapping[str, tuple[int, int]], settings: AnalysisParams) -> Iterator[str]:
    """A sentence for each benchmark that shares problems."""
    for benchmark, (count, of) in shared.items():
        yield (
            f"{count} of {of} problems of {benchmark} are asked by {settings.validation} too, on which recipes are "
            f"chosen: what is reported on {benchmark} flatters the chosen one. Take other problems for one of them."
        )
