"""The search: from ranges to a recipe at parity with slow, and what can be said of it.

Nothing is saved but the journal: a search that was killed is run again from its start and asks the same, since what is
asked depends on what was told alone. How many workers a trialist has changes nothing either.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from l2s.core.progress import Track, silent
from l2s.core.row import Row
from l2s.search.answers import Answers
from l2s.search.found import SearchResult
from l2s.search.journal import Journal
from l2s.search.outcome import Trialist
from l2s.search.output.result import write_result
from l2s.search.race.evidence import least_problems
from l2s.search.race.few import refuse_few
from l2s.search.race.order import in_order
from l2s.search.running import Running
from l2s.search.settings import SearchParams
from l2s.search.space import Space


def search(
    settings: SearchParams,
    space: Space,
    problems: Sequence[Row],
    trialist: Trialist,
    out: Path,
    journal: Path,
    *,
    starts: Sequence[Mapping[str, float | int]] = (),
    track: Track = silent,
    say: Callable[[str], None] = lambda sentence: None,
) -> SearchResult:
    """Search, and write what was found to the folder ``out``, which appears whole.

    Args:
        settings: of the search.
        space: what its ranges span.
        problems: rows of its benchmark, in any order.
        trialist: merges, answers and grades.
        out: for recipe.yaml, trials.csv, race.csv, front.csv and search.json.
        journal: what was found out; a search that was killed goes on from it.
        starts: points of the space that are tried first.
        track: shows the race, by problems.
        say: told how each trial ended.

    Raises:
        ConfigError: so few problems can certify nothing at this margin; before anything is merged or answered.
    """
    refuse_few(len(problems), settings)
    over_all = least_problems(settings.margin, (1 - settings.confidence) / settings.budget.trials)
    if over_all > len(problems):
        say(
            f"a certificate over all {settings.budget.trials} trials takes at least {over_all} problems, and "
            f"benchmark {', '.join(settings.benchmarks)} has {len(problems)}: a trial can be certified "
            "alone, but not as the best of all"
        )
    with Journal(journal) as kept:
        answers = Answers(trialist, kept, in_order(problems, settings.seed))
        found = Running(settings, space, answers, starts, say)
        for _ in track(found.rounds(), "search", total=found.budget, weight=lambda spent: float(spent)):
            pass
        result = found.result()
    write_result(result, out)
    return result
