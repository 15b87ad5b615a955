"""What searches name in params.yaml, and whether their problems can say anything, looked at as the file has them."""

from collections.abc import Iterable, Iterator
from typing import Any

from l2s.benchmarks import SOURCES, BenchmarkParams
from l2s.core.errors import ConfigError, L2SError
from l2s.core.params import nearest
from l2s.generation.controls.control import Control
from l2s.references import Block, block
from l2s.search.settings import CLOSED_FORM, SearchParams


def broken_searches(params: Any) -> list[str]:
    """Everything that is wrong with what searches name, as ``key: what is wrong``.

    A block that is wrong in itself is passed over, since its own check says so.
    """
    return [problem for name in block(params, "searches") for problem in _search(params, name)]


def _search(params: Block, name: str) -> Iterator[str]:
    where, search = f"searches.{name}", block(params, "searches", name)
    try:
        settings = SearchParams.parse(dict(search), "")
    except ConfigError:
        settings = None  # its own check says so
    if name in block(params, "recipes"):
        yield f"{where}: a recipe is called so too, and both would be merged/{name}; rename one"
    for benchmark in benchmarks_of(search):
        yield from _benchmark(params, benchmark, f"{where}.benchmark")
    if settings is not None:
        yield from _margin(block(params, "benchmarks"), settings, where)
    yield from _slow(params, name, search.get("slow"), where)
    starts = search.get("start", [])
    for start in [starts] if isinstance(starts, str) else starts if isinstance(starts, list) else []:
        recipes = block(params, "recipes")
        if isinstance(start, str) and start != CLOSED_FORM and start not in recipes:
            yield f"{where}.start: '{start:.60}' is no recipe{nearest(start, [*recipes, CLOSED_FORM])}"
    if settings is not None:
        yield from _ranges(params, settings, where)


def benchmarks_of(search: Block) -> list[str]:
    """Names of the benchmarks that a block names, as it stands."""
    named = search.get("benchmark")
    return [name for name in (named if isinstance(named, list) else [named]) if isinstance(name, str)]


def _benchmark(params: Block, name: str, place: str) -> Iterator[str]:
    benchmarks, analysis = block(params, "benchmarks"), block(params, "analysis")
    choose, test = "name problems that nothing is chosen or reported on", analysis.get("test")
    if name not in benchmarks:
        yield f"{place}: '{name:.60}' is no benchmark{nearest(name, benchmarks)}"
        return
    if name == analysis.get("validation"):
        yield f"{place}: '{name}' is analysis.validation, on which the search's winner is to be chosen; {choose}"
    elif isinstance(test, list) and name in test:
        yield f"{place}: '{name}' is in analysis.test, on which the search's winner is to be reported; {choose}"
    elif not _left(params):
        yield f"{place}: '{name}' leaves no benchmark to report on, since runs do not answer it; add one, or {choose}"
    yield from _is_test_set(benchmarks, name, place)


def _left(params: Block) -> set[str]:
    """Benchmarks that are reported."""
    searches, analysis = block(params, "searches"), block(params, "analysis")
    own = {benchmark for name in searches for benchmark in benchmarks_of(block(searches, name))}
    return set(block(params, "benchmarks")) - own - {analysis.get("validation")}


def _is_test_set(benchmarks: Block, name: str, place: str) -> Iterator[str]:
    found = block(benchmarks, name)
    if wrong := test_set_problem(found.get("source"), found.get("split", "test")):
        yield f"{place}: '{name}' is {wrong}"


def test_set_problem(source: Any, split: Any) -> str | None:
    """What a published test set is, and what to take in its place; None for any other problems."""
    if not isinstance(source, str) or split != "test":
        return None
    if source == "arithmetic":
        return "the embedded arithmetic's test split, on which winners are reported; take split: search"
    if source not in SOURCES:
        return None
    train = "train" in SOURCES[source].hub
    hint = "take split: train" if train else "take problems of another set, e.g. gsm8k with split: train"
    return f"{SOURCES[source].title}, a published test set, which must stay one; {hint}"


def _margin(benchmarks: Block, settings: SearchParams, where: str) -> Iterator[str]:
    try:
        counts = [BenchmarkParams.parse(block(benchmarks, name), "").at_most() for name in settings.benchmarks]
    except L2SError:  # the block's own check says so, and of a file that cannot be read the stage that reads it
        return
    known = [count for count in counts if count is not None]
    if len(known) == len(counts):
        yield from too_few(settings, sum(known), where)


def too_few(settings: SearchParams, problems: int, where: str) -> Iterator[str]:
    """What can be said of problems, or of a budget, that cannot certify the margin, whatever is answered."""
    from l2s.search.race.evidence import best_margin_once, least_problems_once
    from l2s.search.race.few import refuse_few

    if problems < (least := least_problems_once(settings.margin, settings.confidence)):
        best = 100 * best_margin_once(problems, settings.confidence)
        yield (
            f"{where}.margin: {problems} problems can certify a margin of {best:.1f} points at best, and "
            f"{100 * settings.margin:g} points take at least {least}; add problems, or widen the margin"
        )
        return
    try:
        refuse_few(problems, settings)
    except ConfigError as error:
        yield f"{where}: {error}"


def _slow(params: Block, name: str, slow: Any, where: str) -> Iterator[str]:
    runs, place = block(params, "runs"), f"{where}.slow"
    if not isinstance(slow, str):
        return
    if slow not in runs:
        yield f"{place}: '{slow:.60}' is no run{nearest(slow, runs)}"
        return
    if block(runs, slow).get("sampling") is not None:
        yield f"{place}: the run '{slow}' has sampling of its own, and trials answer as decoding says; name one without"
    model = block(runs, slow).get("model")
    kind, _, folder = str(model).partition("/")
    if kind == "trained":
        yield f"{place}: the run '{slow}' has a trained model; name one of a model or of a recipe"
    elif kind == "merged" and _follows(params, folder, name):
        yield f"{place}: the run '{slow}' has the model that this search finds; name one that is there before"


def _follows(params: Block, folder: str, name: str) -> bool:
    """Whether a merge is there only after a search: its own, or that of one whose slow run it is, and so on."""
    searches, runs = block(params, "searches"), block(params, "runs")
    for _ in range(len(searches) + 1):
        if folder == name:
            return True
        kind, _, folder = str(block(runs, str(block(searches, folder).get("slow"))).get("model")).partition("/")
        if kind != "merged":
            return False
    return True


def _ranges(params: Block, settings: SearchParams, where: str) -> Iterator[str]:
    from l2s.search.space import space_of, unknown_inputs

    try:
        space = space_of(settings, where, dict(_controls(params)))
    except ConfigError as error:
        yield str(error)
        return
    yield from unknown_inputs(space, block(params, "models"), block(params, "calibration"), f"{where}.recipe")


def _controls(params: Block) -> Iterable[tuple[str, Control]]:
    from l2s.generation.controls.union import parse_control

    for name, control in block(params, "controls").items():
        try:
            yield name, parse_control(control, "")
        except ConfigError:
            continue  # its own check says so
