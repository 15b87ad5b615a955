"""What each single step reads and writes, told by its arguments."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

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
    from flows.cli.commands.options import variables
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
    from tasks.running.code import methods_of_training

    return list(methods_of_training()[_training(arguments).method])


def _search(arguments: Arguments) -> Any:
    from l2s.core.yaml import read_yaml
    from l2s.search.file import read_search

    file = arguments["search"]
    return read_search(read_yaml(file), str(file), file.parent, arguments["budget"], arguments["sampler"])


def _searched(arguments: Arguments) -> list[Path]:
    file, found = arguments["search"], _search(arguments)
    problems = [one.path for one in found.asked() if one.path is not None]
    return [file, *_models(*found.models.values()), *map(Path, found.calibration.values()), *problems]


def _searched_methods(arguments: Arguments) -> list[str]:
    from tasks.running.code import methods_named

    return list(methods_named([_search(arguments).recipe]))


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
    "train": Step(
        ("l2s.training.run",),
        _train_inputs,
        members=_trainers,
        more=lambda a: {"training": _training(a).model_dump(mode="json")},
        folder=True,
    ),
    "search": Step(
        ("l2s.search.run", "l2s.generation.generate"),
        _searched,
        members=_searched_methods,
        more=lambda a: {"search": _search(a).model_dump(mode="json")},
        folder=True,
    ),
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
