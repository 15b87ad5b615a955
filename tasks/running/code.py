"""``code.lock``: a fingerprint of the code behind each kind of stage, which dvc.yaml names among its parameters.

For problems there is one a source, for merges one a method, for responses one an engine, for verdicts one a grader.
The file depends on the sources, on the kinds of stages in dvc.yaml, and on what params.yaml says of methods: of those
that act on another one's result, and of those that searches try; and of the grader. Kinds of controls, of data and of
rewards count for all that may name them, so that naming one more makes nothing out of date. Besides, it tells of the
user's own files, see :mod:`tasks.running.given`.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import l2s
from l2s.core.errors import ConfigError
from l2s.core.files import json_or_empty, user_cache, write_text
from l2s.core.yaml import read_yaml
from l2s.lineage.code import Code, code_behind, fingerprint
from l2s.lineage.meaning import Reading
from l2s.lineage.paths import value_at
from l2s.references import block
from tasks.running.given import GIVEN, absent, digests_of_given
from tasks.stage import LOCK

if TYPE_CHECKING:
    from l2s.config import Config

SOURCE = Path(l2s.__file__).resolve().parent.parent
"""The folder that holds our packages."""
MEMBERS = ("problems", "merge", "sample", "train", "search", "generate", "verify")
"""Kinds of stages that have several fingerprints; every other kind of dvc.yaml has one."""
SETTINGS = (
    "analysis",
    "benchmarks",
    "calibration",
    "family",
    "generation",
    "nightly",
    "planning",
    "sampling",
    "search",
    "training",
)
GATHERING = {
    "l2s.benchmarks.benchmark": ("l2s.benchmarks.arithmetic.*",),
    "l2s.benchmarks.sources": ("l2s.benchmarks.*",),
    "l2s.config": tuple(f"l2s.{package}.*" for package in SETTINGS),
    "l2s.generation.engines.load": ("l2s.generation.engines.*.*",),
    "l2s.verification.graders.grader": ("l2s.verification.graders.*",),
    "tasks.stages": ("tasks.*",),
}
"""Modules that name every member of a kind, and what they name: a stage's own members are added to what it runs."""
ASIDE = ("l2s.planning.*", "tasks.running.costs.*", "tasks.inputs.models.*")
"""What a stage's module uses for what its stages need of the machine, or took."""
USED = {
    "analyse": ("l2s.calibration.settings", "l2s.generation.settings", "l2s.search.settings"),
    "report": ("l2s.search.settings",),
    "found": ("l2s.search.settings",),
}
"""Blocks of params.yaml that a stage hands on without importing them itself."""


class Behind:
    """The code behind stages, each source read once."""

    def __init__(
        self, recipes: Iterable[Any], searched: Iterable[Any] = (), grader: str = "l2s", source: Path = SOURCE
    ) -> None:
        """``recipes`` and those of searches, ``searched``, and the grader as params.yaml has them."""
        self.recipes, self.searched, self.grader = list(recipes), list(searched), grader
        self.reading = Reading(source, user_cache() / "sources.json")

    def code(self, kind: str, member: str | None = None) -> Code:
        """The code behind a kind of stage, with a merge method, a benchmark's source or an engine.

        Raises:
            ConfigError: a source is no Python.
        """
        members = self._members(kind)[member] if member is not None else USED.get(kind, ())
        members += _controls() if kind in ("search", "generate", "analyse") else ()
        members += methods_named(self.searched) if kind in ("search", "found") else ()
        members += _trainings() if kind in ("gather", "analyse", "report") else ()
        return code_behind(
            ["tasks.stages", f"tasks.{kind}", *members],
            self.reading,
            GATHERING | dict.fromkeys((f"tasks.{kind}", "tasks.merge"), ASIDE),
        )

    def fingerprints(self, stages: Iterable[str]) -> dict[str, Any]:
        """All of code.lock, for a dvc.yaml with these ``stages``; those that are not ours are left out."""
        ours = [kind for kind in stages if self.reading.file(f"tasks.{kind}") is not None]
        found: dict[str, Any] = {kind: self._fingerprint(kind) for kind in ours if kind not in MEMBERS}
        for kind in MEMBERS:
            found[kind] = {member: self._fingerprint(kind, member) for member in self._members(kind)}
        return found

    def _fingerprint(self, kind: str, member: str | None = None) -> str:
        return fingerprint(self.code(kind, member).sources)

    def _members(self, kind: str) -> dict[str, tuple[str, ...]]:
        """Modules, by names as params.yaml has them; empty for a kind that has one fingerprint."""
        from l2s.verification.graders.grader import MODULES

        if kind == "problems":
            from l2s.benchmarks import SOURCES

            published = {name: (source.problem.__module__,) for name, source in SOURCES.items()}
            return published | {"arithmetic": ("l2s.benchmarks.arithmetic",), "file": (), "jsonl": ()}
        if kind == "merge":
            return self._methods()
        if kind == "generate":
            return _engines()
        if kind in ("sample", "search"):
            graders = [module for name, module in MODULES.items() if name == self.grader]
            return {name: (*modules, *graders) for name, modules in _engines().items()}
        if kind == "train":
            return methods_of_training()
        if kind == "verify":
            return {name: (module,) for name, module in MODULES.items()}
        return {}

    def _methods(self) -> dict[str, tuple[str, ...]]:
        """Modules of each method; of one that acts on another's result, the others are those that a recipe names."""
        from l2s.merging.methods import METHODS
        from l2s.merging.recipe.aliases import METHOD_ALIASES
        from l2s.merging.recipe.dialect import in_one_way

        modules = modules_of_methods()
        recipes = [in_one_way(recipe, "")[0] for recipe in self.recipes if isinstance(recipe, dict)]
        inner = {str(block(recipe, "parameters").get("of")) for recipe in recipes}
        others = tuple(modules[name] for name in sorted(inner & modules.keys()))
        found = {name: (module, *(others if METHODS[name].compose else ())) for name, module in modules.items()}
        return found | {alias: found[name] for alias, name in METHOD_ALIASES.items()}


def _texts(found: Any) -> Iterator[str]:
    """Every text among the values of a block."""
    if isinstance(found, str):
        yield found
    elif isinstance(found, Mapping):
        yield from _texts([*found.values()])
    elif isinstance(found, list):
        for inner in found:
            yield from _texts(inner)


def behind_params(params: Mapping[str, Any]) -> Behind:
    """The code behind the stages of a params.yaml, as it stands in the file."""
    searches = block(params, "searches").values()
    grader = str(block(params, "grading").get("grader", "l2s"))
    return Behind(block(params, "recipes").values(), [block(one, "recipe") for one in searches], grader)


def methods_named(searched: Iterable[Any]) -> tuple[str, ...]:
    """Modules of the methods that the recipes of searches name, wherever they do."""
    from l2s.merging.recipe.aliases import METHOD_ALIASES

    modules = modules_of_methods()
    named = {METHOD_ALIASES.get(text, text) for text in _texts([*searched])}
    return tuple(modules[name] for name in sorted(named & modules.keys()))


def modules_of_methods() -> dict[str, str]:
    """The module of each merge method."""
    from l2s.merging.methods import METHODS

    return {name: f"{METHODS.__module__}.{name}" for name in METHODS}


def _engines() -> dict[str, tuple[str, ...]]:
    from l2s.generation.engines.load import MODULES, SUPPORT

    return {name: (module,) for name, module in MODULES.items()} | {"auto": (*MODULES.values(), SUPPORT)}


def methods_of_training() -> dict[str, tuple[str, ...]]:
    """A method with all that its block may name, data and rewards, and the grader of what it samples."""
    from l2s.training.data import EXAMPLES, PAIRS
    from l2s.training.rewards import REWARDS
    from l2s.training.union import TRAININGS
    from l2s.verification.graders.grader import MODULES

    named: dict[str, Mapping[str, type]] = {"sft": EXAMPLES, "dpo": PAIRS, "grpo": REWARDS}
    of_block = {name: tuple(one.__module__ for one in kinds.values()) for name, kinds in named.items()}
    return {
        name: (one.__module__, f"l2s.training.trainers.{name}", *of_block.get(name, ()), MODULES["l2s"])
        for name, one in TRAININGS.items()
    }


def _controls() -> tuple[str, ...]:
    """Every kind of length control: they are found by the files in their folder, which nobody imports by name."""
    from l2s.generation.controls.union import KINDS

    return ("l2s.generation.controls.union", *(one.__module__ for one in KINDS.values()))


def _trainings() -> tuple[str, ...]:
    """Every method's settings, and every kind of data, which are found by the files in their folders, too."""
    from l2s.training.data import EXAMPLES, PAIRS
    from l2s.training.union import TRAININGS

    kinds = (one.__module__ for found in (TRAININGS, EXAMPLES, PAIRS) for one in found.values())
    return ("l2s.training.union", *kinds)


def of_step(modules: Iterable[str]) -> Code:
    """The code behind a single step, every engine, control and grader that it might take included."""
    reading = Behind([]).reading
    modules = list(modules)
    code = code_behind([*modules, *(_controls() if "l2s.generation.generate" in modules else ())], reading)
    reading.keep()
    return code


def refresh(root: Path = Path()) -> bool:
    """Write code.lock if the code or a file of the user's has changed since it was written; tell whether one had.

    Raises:
        ConfigError: params.yaml or a source cannot be read.
    """
    text = _text(root)
    if _is(root / LOCK, text):
        return False
    write_text(root / LOCK, text)
    return True


def is_current(root: Path = Path()) -> bool:
    """Does code.lock tell of the code and of the user's files that lie here?"""
    return _is(root / LOCK, _text(root))


def _text(root: Path) -> str:
    params = read_yaml(root / "params.yaml")
    behind = behind_params(params)
    told = behind.fingerprints(block(read_yaml(root / "dvc.yaml"), "stages"))
    behind.reading.keep()
    told[GIVEN] = digests_of_given(params, root)
    return json.dumps(told, indent=2, sort_keys=True) + "\n"


def _is(file: Path, text: str) -> bool:
    return file.is_file() and file.read_bytes() == text.encode()


def refresh_where_named(say: Callable[[str], None] = lambda sentence: None) -> None:
    """Refresh code.lock if the project's dvc.yaml names it; ``say`` what it cannot watch."""
    graph = Path("dvc.yaml")
    text = graph.read_text(encoding="utf-8") if graph.is_file() else ""
    if str(LOCK) not in text:
        return
    refresh()
    if f"{GIVEN}." not in text:
        say(f"{graph} is of an earlier version and names no {GIVEN}.…; take the one that l2s init writes elsewhere")
    for sentence in absent(read_yaml(Path("params.yaml"))):
        say(sentence)


def check_code(stage: str, name: str | None, config: "Config") -> Code:
    """The code behind a stage, if code.lock tells of it.

    Raises:
        ConfigError: it tells of other code, or is not there.
    """
    searched = [search.recipe for search in config.searches.values()]
    behind = Behind(config.recipes.values(), searched, config.grading.grader)
    member = _member(stage, str(name), config)
    code = behind.code(stage, member)
    behind.reading.keep()
    key = f"{stage}.{member}" if member is not None else stage
    if value_at(json_or_empty(LOCK), key) != fingerprint(code.sources):
        raise ConfigError(f"{LOCK}: {key} tells of other code than runs here; write it anew: l2s code")
    return code


def _member(stage: str, name: str, config: "Config") -> str | None:
    if stage == "merge":
        return str(config.recipes[name].get("merge_method"))
    if stage == "problems":
        return config.benchmarks[name].source
    if stage == "verify":
        return config.grading.grader
    if stage == "train":
        return config.training[name].method
    return config.decoding.engine if stage in ("generate", "sample", "search") else None
