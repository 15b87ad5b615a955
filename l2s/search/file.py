"""A search in a file of its own, on the user's folders; paths are relative to the file."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from l2s.benchmarks import SOURCES, BenchmarkParams
from l2s.core.devices import device_problem
from l2s.core.errors import ConfigError
from l2s.core.files import nearest_beside
from l2s.core.params import Params, nearest
from l2s.generation.controls.kinds.none import NoControl
from l2s.generation.controls.union import AnyControl
from l2s.generation.settings import DecodingParams
from l2s.search.references import test_set_problem, too_few
from l2s.search.settings import CLOSED_FORM, SearchParams
from l2s.search.space import Space, space_of, unknown_inputs


class GraderParams(Params):
    """How answers are graded."""

    grader: str = "l2s"
    jobs: int = Field(1, ge=1)


class SearchFile(SearchParams):
    """A search with all that it needs: models and problems are folders and files."""

    models: dict[str, str] = Field(min_length=1)
    """Folders, by the names that the recipe has for them."""
    benchmark: Any = ""
    """In the place of ``problems``: what ``benchmarks:`` in params.yaml would say, or a source's name; or several."""
    problems: str | tuple[str, ...] | None = None
    """JSONL rows with ``id``, ``problem`` and ``gold``; of several files, parity is asked on all together."""
    slow: str = "slow"
    """Name of the model that parity is asked with."""
    slow_control: str = "none"
    """Name of the control that it answers under."""
    calibration: dict[str, str] = {}
    """Files of statistics, by the names that the recipe has for them."""
    recipes: dict[str, dict[str, Any]] = {}
    """What ``start`` names."""
    controls: dict[str, AnyControl] = {"none": NoControl()}
    decoding: DecodingParams = DecodingParams()
    grading: GraderParams = GraderParams()

    @field_validator("benchmark")
    @classmethod
    def _benchmarks_differ(cls, found: Any) -> Any:
        return found  # looked at by what they are called, see _problems

    def settings(self, *names: str) -> SearchParams:
        """What a block under ``searches:`` would say, its benchmarks called so."""
        keys = set(SearchParams.model_fields) - {"benchmark"}
        benchmark = names[0] if len(names) == 1 else names
        return SearchParams(**{key: getattr(self, key) for key in keys}, benchmark=benchmark)

    def asked(self) -> list[BenchmarkParams]:
        """Where the problems come from."""
        if self.problems is not None:
            return [BenchmarkParams(source="jsonl", path=Path(path)) for path in _listed(self.problems)]
        return [_benchmark(one) for one in _listed(self.benchmark)]

    def space(self, where: str) -> Space:
        """What the ranges span."""
        return space_of(self.settings("search"), where, self.controls)


def _listed(found: Any) -> list[Any]:
    return list(found) if isinstance(found, list | tuple) else [found]


def _benchmark(said: Any) -> BenchmarkParams:
    if not isinstance(said, str):
        return BenchmarkParams.parse(said, "benchmark")
    split = "search" if said == "arithmetic" else "train"
    trained = said in SOURCES and "train" in SOURCES[said].hub
    own = trained or said == "arithmetic"
    return BenchmarkParams.parse({"source": said, **({"split": split} if own else {})}, "benchmark")


def with_folders(recipe: Any, search: SearchFile) -> Any:
    """A recipe with folders and files in the place of the search's names, so that it can be merged anywhere."""
    places = {name: os.path.abspath(path) if Path(path).exists() else path for name, path in search.models.items()}
    files = {name: os.path.abspath(path) for name, path in search.calibration.items()}
    if isinstance(recipe, list):
        return [with_folders(one, search) for one in recipe]
    if not isinstance(recipe, dict):
        return recipe
    named = {"model": places, "base_model": places, "tokenizer_source": places, "statistics": files}
    return {
        key: named[key].get(value, value) if key in named and isinstance(value, str) else with_folders(value, search)
        for key, value in recipe.items()
    }


def read_search(
    found: Any, where: str, folder: Path, budget: int | None = None, sampler: str | None = None
) -> SearchFile:
    """The search that a file or a mapping states, with its paths as they are from the current folder.

    Args:
        found: what it holds.
        where: the file, for the message.
        folder: that paths are relative to.
        budget: problems of all trials, in the place of what it says.
        sampler: in the place of what it says.

    Raises:
        ConfigError: everything that is wrong with it.
    """
    block = _from_here(found, folder) if isinstance(found, Mapping) else found
    if isinstance(block, dict) and sampler is not None:
        block["sampler"] = sampler
    if isinstance(block, dict) and budget is not None and isinstance(said := block.get("budget") or {}, Mapping):
        block["budget"] = {**said, "problems": budget}
    search = SearchFile.parse(block, where)
    if problems := _wrong(search, where):
        raise ConfigError("; ".join(problems))
    return search


def _wrong(search: SearchFile, where: str) -> list[str]:
    joint = ": " if where.endswith((".yaml", ".yml")) else "."
    problems = list[str]()
    asks_once = (search.problems is None) != (search.benchmark == "")
    if not asks_once:
        problems.append(f"{where}{joint}problems: name a file of problems, or a benchmark in its place")
    if search.slow not in search.models:
        problems.append(
            f"{where}{joint}slow: '{search.slow}' is not among the models{nearest(search.slow, search.models)}"
        )
    if search.slow_control not in ("none", *search.controls):
        hint = nearest(search.slow_control, search.controls)
        problems.append(f"{where}{joint}slow_control: '{search.slow_control}' is not under controls{hint}")
    for name in search.start:
        if name not in (CLOSED_FORM, *search.recipes):
            hint = nearest(name, [*search.recipes, CLOSED_FORM])
            problems.append(f"{where}{joint}start: '{name}' is not under recipes{hint}")
    problems += [f"{where}{joint}models.{name}: {path}: no such folder{nearest_beside(Path(path))}"
                 for name, path in search.models.items() if "/" in path and not Path(path).is_dir()]  # fmt: skip
    if no_device := device_problem(search.decoding.device):
        problems.append(f"{where}{joint}decoding.device: {no_device}")
    try:
        problems += unknown_inputs(search.space(where), search.models, search.calibration, f"{where}{joint}recipe")
    except ConfigError as error:
        problems.append(str(error))
    return problems + (_problems(search, where, joint) if asks_once else [])


def _problems(search: SearchFile, where: str, joint: str) -> list[str]:
    """What is wrong with the problems, as far as it is known before they are read."""
    try:
        asked = search.asked()
    except ConfigError as error:
        return [f"{where}{joint}{error}"]
    found = [
        f"{where}{joint}problems: {one.path}: no such file; expected JSONL rows with id, problem and gold"
        f"{nearest_beside(Path(one.path))}"
        for one in asked
        if one.path is not None and not one.path.is_file()
    ]
    if found:
        return found
    named = [one.named for one in asked]
    found += [
        f"{where}{joint}problems: two are called {name}; rename one" for name in {*named} if named.count(name) > 1
    ]
    wrong = [test_set_problem(one.source, one.split) for one in asked]
    found += [f"{where}{joint}benchmark: found {one}" for one in wrong if one]
    counts = [one.at_most() for one in asked]
    known = [count for count in counts if count is not None]
    if len(known) == len(counts):
        found += too_few(search, sum(known), f"{where}{joint}".rstrip(". ").rstrip(":"))
    return found


def _from_here(block: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Paths as they are from the current folder; names of the hub, which no folder here has, stay."""
    found = dict(block)
    for key in ("models", "calibration"):
        if isinstance(inner := found.get(key), Mapping):
            found[key] = {name: _path(path, folder) for name, path in inner.items()}
    for key in ("problems", "benchmark"):
        if key in found:
            moved = [_moved(one, key == "problems", folder) for one in _listed(found[key])]
            found[key] = moved if isinstance(found[key], list) else moved[0]
    return found


def _moved(said: Any, is_path: bool, folder: Path) -> Any:
    if is_path and isinstance(said, str):
        return str(folder / said)
    has_path = isinstance(said, Mapping) and isinstance(said.get("path"), str)
    return {**said, "path": str(folder / said["path"])} if has_path else said


def _path(given: Any, folder: Path) -> Any:
    here = folder / given if isinstance(given, str) else None
    return str(here) if here is not None and (here.exists() or given.startswith((".", "/"))) else given
