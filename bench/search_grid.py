"""What a search over numbers could have found: its ranges on a grid, every recipe on as many problems.

``python -m bench.search_grid SEARCH.yaml OUT.csv [--found RECIPE.yaml]``: the file is one for ``l2s search``; problems
are the embedded arithmetic's. The shortest at parity on those of the split ``search`` (Tango's interval) are answered
on the test problems, beside the recipe that the search found. A recipe that has lost more than LOSS after FIRST
problems, or takes more than LONG of slow's tokens, is given no more. Killed, it goes on: answers are in ``OUT.sqlite``.
"""

import argparse
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from l2s.analysis.statistics.paired import tango
from l2s.benchmarks.arithmetic import problem_rows
from l2s.core.row import Row
from l2s.core.yaml import read_yaml
from l2s.records.cells import csv_text, rounded
from l2s.search.candidates.proposals import Proposal
from l2s.search.candidates.ranges import Number
from l2s.search.file import SearchFile, read_search
from l2s.search.live.trialist import LiveTrialist
from l2s.search.outcome import Outcome
from l2s.search.race.order import in_order
from l2s.search.race.trial import Trial
from l2s.search.run import live_settings
from l2s.search.space import Candidate, Space

Points = Iterable[tuple[str, Candidate]]
FIRST, LOSS, LONG = 50, 0.12, 0.5
COLUMNS = (
    "set", "point", "problems", "accuracy", "difference", "low", "high", "tokens", "charged", "relative", "parity",
)  # fmt: skip


def main() -> None:
    """Answer the grid, then the best of it on the test problems."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("search", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--found", type=Path, help="what the search found, answered on the test problems too")
    parser.add_argument("--values", type=int, default=11, help="of each number")
    parser.add_argument("--problems", type=int, default=400)
    parser.add_argument("--best", type=int, default=5, help="by charged tokens, and by tokens: answered on the test")
    given = parser.parse_args()
    search = read_search(read_yaml(given.search), str(given.search), given.search.parent)
    live = live_settings(search, "grid", given.out.with_suffix(".sqlite"))
    space = search.space(str(given.search))
    with LiveTrialist(live, say=print) as trialist:
        own = in_order(problem_rows("search", 0, "search", -(-given.problems // 5)), search.seed)[: given.problems]
        rows = list(_shown(trialist, search, own, grid(space, given.values), "search"))
        at_parity = [row for row in rows if row["parity"]]
        short = {row["point"]: row for key in ("charged", "tokens") for row in _shortest(at_parity, key, given.best)}
        best = [(point, row["candidate"]) for point, row in short.items()]
        if given.found:
            best.append(("found", Candidate(read_yaml(given.found))))
        test = problem_rows("test", 0, "test", 200)
        rows += _shown(trialist, search, test, best, "test")
    given.out.write_text(csv_text(rounded([{key: row[key] for key in COLUMNS} for row in rows]), COLUMNS))


def _shortest(rows: Iterable[Row], key: str, count: int) -> list[Row]:
    return sorted(rows, key=lambda row: float(row[key]))[:count]


def grid(space: Space, values: int) -> list[tuple[str, Candidate]]:
    """Every recipe of the grid, by its point."""
    numbers = [one for one in space.dimensions if isinstance(one, Number)]
    axes = [np.linspace(one.low, one.high, values).round(6).tolist() for one in numbers]
    points = [dict(zip((one.name for one in numbers), point, strict=True)) for point in itertools.product(*axes)]
    return [(" ".join(f"{name}={value:g}" for name, value in one.items()), space.candidate(one)) for one in points]


def _shown(
    trialist: LiveTrialist, search: SearchFile, problems: Sequence[Row], asked: Points, name: str
) -> Iterator[Row]:  # fmt: skip
    slow = trialist.baseline(problems)
    yield _row(name, "slow", None, slow, slow, search)
    for point, candidate in asked:
        found = trialist.answer([(candidate, problems[:FIRST])])[0]
        first = _row(name, point, candidate, found, slow, search)
        if name == "test" or (first["difference"] >= -LOSS and first["relative"] <= LONG):
            found += trialist.answer([(candidate, problems[FIRST:])])[0]
        row = _row(name, point, candidate, found, slow, search)
        print(*(f"{key} {row[key]}" for key in COLUMNS), sep="  ", flush=True)
        yield row


def _row(
    name: str, point: str, candidate: Candidate | None, found: list[Outcome], slow: list[Outcome], search: SearchFile
) -> Row:  # fmt: skip
    trial = Trial(1, 1, Proposal({}, candidate or Candidate({}), False, None))
    trial.take(found, slow[: len(found)], search.margin)
    interval = tango(*trial.counts, search.confidence)
    return {
        "set": name, "point": point, "candidate": candidate, "problems": trial.n,
        "accuracy": sum(trial.correct) / trial.n,
        "difference": interval.value, "low": interval.low, "high": interval.high,
        "tokens": sum(trial.tokens) / trial.n, "charged": sum(trial.charged) / trial.n, "relative": trial.relative,
        "parity": candidate is not None and interval.low > -search.margin,
    }  # fmt: skip


if __name__ == "__main__":
    main()
