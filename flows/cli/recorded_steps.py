"""Single steps leave their record beside what they wrote, ``OUT.lineage.json``."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from flows.cli.outputs import Place, check_place, writing
from l2s.core.errors import ConfigError, L2SError

if TYPE_CHECKING:
    from l2s.lineage.code import Code
    from l2s.lineage.record import Reference

SHOWN_ONLY = ("as_json",)
"""Options that change what is printed, not what is written."""
TICK = 0.1
"""Seconds by which a file system's clock may lag behind ours."""
Arguments = dict[str, Any]


class Step(NamedTuple):
    """How a command's arguments name what it reads; it writes ``target``."""

    modules: tuple[str, ...]
    """Whose code does the work."""
    inputs: Callable[[Arguments], list[Path]]
    members: Callable[[Arguments], list[str]] = lambda arguments: []
    """Modules of those that are found by name, where that is no module's import: those that the arguments name."""
    more: Callable[[Arguments], dict[str, Any]] = lambda arguments: {}
    """Parameters that do not stand among the arguments."""
    beside: Callable[[Arguments], list[Path]] = lambda arguments: []
    """What it may write beside its target, or remove."""
    folder: bool = False
    """Its target is one."""
    within: Callable[[Arguments], list[Path]] = lambda arguments: []
    """What it writes in its target, a folder; where nothing is named it replaces it whole, and knows whether it may."""
    paths: tuple[str, ...] = ()
    """Which arguments are paths, of a step that an audit does again."""


def _models(*names: str | Path) -> list[Path]:
    """Every folder of models as people name them."""
    from l2s.checkpoints.open import open_checkpoint

    return [folder for name in names for folder in open_checkpoint(name).folders]


def _recipe(arguments: Arguments) -> Any:
    from l2s.core.yaml import read_yaml
    from l2s.merging.recipe import MergeRecipe

    return MergeRecipe.parse(read_yaml(arguments["recipe"]), f"{arguments['recipe']}: recipe")


def _merge_inputs(arguments: Arguments) -> list[Path]:
    recipe = _recipe(arguments)
    return [arguments["recipe"], *_models(*recipe.input_names()), *map(Path, recipe.statistics_names())]


def _methods(arguments: Arguments) -> list[str]:
    from l2s.merging.methods import METHODS

    recipe = _recipe(arguments)
    names = (recipe.merge_method, recipe.parameters.get("of"))
    return [f"{METHODS.__module__}.{name}" for name in names if name is not None]


def _generate_inputs(arguments: Arguments) -> list[Path]:
    from l2s.core.yaml import read_yaml

    control, prompt = arguments.get("control"), arguments["prompt"]
    found = read_yaml(control) if control else {}
    outliner = found.get("outliner") if isinstance(found, dict) else None
    files = [*([control] if control else []), *([Path(prompt)] if prompt.endswith((".yaml", ".yml")) else [])]
    return [arguments["model"], arguments["problems"], *files, *([Path(outliner)] if isinstance(outliner, str) else [])]


def _prompt(arguments: Arguments) -> dict[str, Any]:
    """The prompt's settings with every default, the date of chat templates among them."""
    from flows.cli.commands.steps import variables
    from l2s.api import prompt_settings
    from l2s.generation.settings import PromptParams

    given = prompt_settings(arguments["prompt"], arguments["date"], variables(arguments["template_kwarg"]))
    return {"prompt": PromptParams.parse(given, "prompt").model_dump(mode="json")}


def _training(arguments: Arguments) -> Any:
    from l2s.core.yaml import read_yaml
    from l2s.training.file import read_training

    file = arguments["training"]
    return read_training(read_yaml(file), str(file), file.parent)


def _train_inputs(arguments: Arguments) -> list[Path]:
    settings = _training(arguments)
    files = [Path(name) for name in dict.fromkeys(settings.sources)]
    return [arguments["training"], *_models(settings.model), *files, *(arguments["benchmark"] or [])]


def _trainers(arguments: Arguments) -> list[str]:
    from tasks.running.code import trainers_of

    return list(trainers_of(_training(arguments).method))


def _searched(arguments: Arguments) -> list[Path]:
    from l2s.core.yaml import read_yaml
    from l2s.search.file import read_search

    file = arguments["search"]
    found = read_search(read_yaml(file), str(file), file.parent)
    problems = [one.path for one in found.asked() if one.path is not None]
    return [file, *_models(*found.models.values()), *map(Path, found.calibration.values()), *problems]


def _every_method(arguments: Arguments) -> list[str]:
    from l2s.merging.methods import METHODS

    return [f"{METHODS.__module__}.{name}" for name in METHODS]


def _graded_aside(arguments: Arguments) -> list[Path]:
    from l2s.verification.io.graded_files import ALL, beside

    kinds = ["broken", "disagreements"] if arguments["grader"] == ALL else ["broken"]
    return [beside(arguments["target"], kind) for kind in kinds]


def _summary_files(arguments: Arguments) -> list[Path]:
    from l2s.analysis.output.summary import file_names

    folder = arguments["target"]
    broken = [folder / f"{path.stem}.broken.jsonl" for path in arguments["verdicts"]]
    return [*(folder / name for name in file_names()), *broken]


STEPS = {
    "merge": Step(
        ("l2s.merging.run.merge",),
        _merge_inputs,
        members=_methods,
        more=lambda a: {"recipe": _recipe(a).resolved()},
        folder=True,
    ),
    "calibrate": Step(
        ("l2s.calibration.calibrate",), lambda a: [*_models(a["model"], *(a["distance_to"] or [])), a["texts"]]
    ),
    "texts": Step(("l2s.calibration.pairs",), lambda a: [a["quick"], a["slow"]]),
    "generate": Step(
        ("l2s.generation.generate",), _generate_inputs, more=_prompt, paths=("model", "problems", "control")
    ),
    "sample": Step(("l2s.sampling.sample",), _generate_inputs, more=_prompt, beside=_graded_aside),
    "train": Step(("l2s.training.run",), _train_inputs, members=_trainers, folder=True),
    "search": Step(("l2s.search.run", "l2s.generation.generate"), _searched, members=_every_method, folder=True),
    "verify": Step(("l2s.verification.io.graded_files",), lambda a: [a["responses"]], beside=_graded_aside),
    "grade": Step(
        ("l2s.verification.io.graded_files",), lambda a: [a["pairs"]] if a["pairs"] else [], beside=_graded_aside
    ),
    "analyse": Step(
        ("l2s.analysis.inputs.reading", "l2s.analysis.analyse", "l2s.analysis.output.summary"),
        lambda a: [*a["verdicts"], *([a["about"]] if a["about"] else [])],
        folder=True,
        within=_summary_files,
        paths=("verdicts", "about"),
    ),
}


def leaving_record(command: Callable[..., None]) -> Callable[..., None]:
    """The command; what it writes has a record beside it. Commands that write nothing are left alone."""
    if command.__name__ not in STEPS:
        return command
    step = STEPS[command.__name__]

    @wraps(command)
    def recorded(**arguments: Any) -> None:
        begun = datetime.now(UTC), time.perf_counter()
        target = arguments["target"]
        if target is None or arguments.get("dry"):
            command(**arguments)
            return
        place = _place(command.__name__, step, arguments)
        check_place(place, bool(arguments.get("force")))
        found_wrong: typer.Exit | None = None
        with writing(place):
            try:
                command(**arguments)
            except typer.Exit as end:  # it has written, and found something wrong
                if end.exit_code != 1:
                    raise
                found_wrong = end
            if not _is_pipelines(target):
                _write(command.__name__, arguments, begun, _look(step, arguments))
        if found_wrong is not None:
            raise found_wrong

    return recorded


def _place(name: str, step: Step, arguments: Arguments) -> Place:
    """Where the step writes. Inputs that cannot be read are said by the step itself, which then writes nothing.

    Raises:
        ConfigError: the place has no name of its own: ``.``, ``..``, ``/`` or nothing at all.
    """
    if arguments["target"].name in ("", ".."):
        raise ConfigError(
            f"l2s {name}: '{arguments['target']}' is no place to write to; choose another place, with a name"
        )
    try:
        inputs = step.inputs(arguments)
    except L2SError:
        inputs = [path for key, value in arguments.items() if key != "target" for path in _paths(value)]
    within = step.within(arguments)
    return Place(
        f"l2s {name}", arguments["target"], inputs, folder=step.folder, within=within, beside=step.beside(arguments),
        judged=step.folder and not within,
    )  # fmt: skip


def _paths(value: Any) -> list[Path]:
    return [path for path in (value if isinstance(value, list | tuple) else [value]) if isinstance(path, Path)]


def _is_pipelines(target: Path) -> bool:
    """Is this an output of the project's pipeline, whose record already says what it must be?"""
    from l2s.lineage.graph import ProvenanceGraph, project_of
    from l2s.lineage.record import RECORDS

    if project_of(target) is None:
        return False
    made = ProvenanceGraph.read(target).maker(target)
    return made is not None and RECORDS in made.by.file.relative_to(made.by.root).parents


class _Known(NamedTuple):
    """What can be said of a step before it is done."""

    inputs: "tuple[Reference, ...]"
    more: dict[str, Any]
    """Parameters that do not stand among the arguments."""
    code: "Code"


def _look(step: Step, arguments: Arguments) -> _Known:
    from tasks.running.code import of_step
    from tasks.running.recording import references

    root = Path(os.path.abspath(arguments["target"])).parent
    inputs = references([Path(os.path.abspath(path)) for path in step.inputs(arguments)], root)
    return _Known(tuple(inputs), step.more(arguments), of_step([*step.modules, *step.members(arguments)]))


def _write(name: str, arguments: Arguments, begun: tuple[datetime, float], known: _Known) -> None:
    from l2s.lineage.artefacts import artefacts_in, describe, is_model
    from l2s.lineage.record import Record, Sidecar, seeds_in, sidecar_of
    from l2s.lineage.run_info import Clock
    from tasks.running.code import SOURCE
    from tasks.running.recording import prefect_run

    clock, target = Clock(*begun), Path(os.path.abspath(arguments["target"]))
    root = target.parent
    written = artefacts_in(target)
    if target.is_dir() and not is_model(target):
        written = [path for path in written if path.stat().st_mtime >= clock.started.timestamp() - TICK]
    shown = {key: _relative(value, root) for key, value in arguments.items() if key not in SHOWN_ONLY}
    parameters = {"arguments": shown} | known.more
    record = Record(
        made_by=f"l2s {name}",
        parameters=parameters,
        seeds=seeds_in(parameters),
        inputs=known.inputs,
        outputs=tuple(describe(written, lambda path: path.relative_to(root).as_posix())),
        code=known.code.sources,
        versions=known.code.packages,
    ).sealed()
    occasion = clock.occasion(record.digest, SOURCE, prefect_run())
    Sidecar(record=record, occasion=occasion).write(sidecar_of(target))


def _relative(value: Any, root: Path) -> Any:
    """An argument as it is kept: of paths, where they lie from the folder that holds the record."""
    if isinstance(value, list | tuple):
        return [_relative(item, root) for item in value]
    if isinstance(value, Path):
        return Path(os.path.relpath(value, root)).as_posix() if value.exists() else str(value)
    return value
