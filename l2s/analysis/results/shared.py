"""Shared: problems of a reported benchmark that are asked by the benchmark on which recipes are chosen, too."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from l2s.analysis.settings import AnalysisParams
from l2s.benchmarks.contamination import normalised
from l2s.core.row import Row

Problems = Mapping[str, Iterable[Row]]
"""Rows with ``problem``, by benchmark."""


def shared_problems(
    problems: Problems, reported: Sequence[str], settings: AnalysisParams
) -> dict[str, tuple[int, int]]:
    """How many problems of each reported benchmark the validation benchmark asks, and of how many; by normalised text.

    Benchmarks that share none are left out.
    """
    chosen_on = {normalised(row["problem"]) for row in problems.get(settings.validation or "", ())}
    found = {}
    for benchmark in reported if chosen_on else ():
        texts = [normalised(row["problem"]) for row in problems.get(benchmark, ())]
        if shared := sum(text in chosen_on for text in texts):
            found[benchmark] = (shared, len(texts))
    return found


def shared_notes(shared: Mapping[str, tuple[int, int]], settings: AnalysisParams) -> Iterator[str]:
    """A sentence for each benchmark that shares problems."""
    for benchmark, (count, of) in shared.items():
        yield (
            f"{count} of {of} problems of {benchmark} are asked by {settings.validation} too, on which recipes are "
            f"chosen: what is reported on {benchmark} flatters the chosen one. Take other problems for one of them."
        )
