"""What params.yaml and the model folders say of each run: its recipe's numbers, its control, its size."""

import math
from pathlib import Path
from typing import Any

from l2s.analysis.inputs.coefficients import coefficients_of
from l2s.analysis.inputs.facts import RunFacts
from l2s.checkpoints.files.json_file import read_object
from l2s.checkpoints.model.language import settings_of
from l2s.config import Config
from l2s.core.errors import CheckpointError
from tasks.inputs.making import making_of
from tasks.inputs.recipes import found_recipe, recipe_of


def facts_of(config: Config, data: Path) -> dict[str, RunFacts]:
    """Facts of every run in params.yaml."""
    sizes = {model: _size(data / "models" / model) for model in config.models}
    return {
        run: _facts(run, config, data, sizes).model_copy(update=making_of(config.runs[run].model, config, data))
        for run in config.runs
    }


def _facts(run: str, config: Config, data: Path, sizes: dict[str, dict[str, int]]) -> RunFacts:
    recipe = _recipe(config.runs[run].model, config, data)
    control = config.control_of(run)
    numbers = {key: value for key, value in control.identity().items() if isinstance(value, bool | int | float | str)}
    beside = config.beside(run)
    sampling = config.decoding_of(run).sampling.model_dump(exclude_none=True) if beside else {}
    calibrations = {key: params.model_dump(mode="json") for key, params in config.calibration.items()}
    return RunFacts(
        method=recipe.get("merge_method"),
        coefficients=coefficients_of(recipe, calibrations),
        control_kind=control.kind,
        length_level=config.runs[run].level,
        beside=beside,
        sampling=sampling,
        control={key: value for key, value in numbers.items() if key != "kind"},
        **sizes.get(_source(config.runs[run].model, config, data), {}),
    )


def _recipe(folder: str, config: Config, data: Path) -> dict[str, Any]:
    """What there is to say of a merge's recipe; nothing for other models, and where a search has not found it yet."""
    kind, _, name = folder.partition("/")
    known = kind == "merged" and (name in config.recipes or found_recipe(name, data).is_file())
    return recipe_of(config, name, data) if known else {}


def _source(folder: str, config: Config, data: Path) -> str:
    """The model of a run's shape: itself, or one that it was made from (no recipe or training changes the shape)."""
    kind, _, name = folder.partition("/")
    if kind == "trained":
        return _source(config.training[name].model, config, data)
    recipe = _recipe(folder, config, data)
    models = [entry.get("model") for entry in recipe.get("models") or [] if isinstance(entry, dict)]
    named = [model for model in (recipe.get("base_model"), *models, name) if model in config.models]
    return str(named[0]) if named else name


def _size(folder: Path) -> dict[str, int]:
    """Weights, layers and heads as far as the folder tells; nothing where it is not there."""
    if not (folder / "config.json").is_file():
        return {}
    try:
        config = settings_of(read_object(folder / "config.json"))
    except CheckpointError:
        return {}  # an analysis needs verdicts, not models
    heads, width = config.get("num_attention_heads"), config.get("hidden_size")
    found = {
        "parameters": _weights(folder),
        "layers": config.get("num_hidden_layers"),
        "heads": heads,
        "kv_heads": config.get("num_key_value_heads") or heads,
        "head_dim": config.get("head_dim") or (width // heads if heads and width else None),
    }
    return {name: number for name, number in found.items() if isinstance(number, int)}


def _weights(folder: Path) -> int | None:
    """Stored weights; None where the files are not whole: an analysis needs verdicts, not models."""
    from l2s.checkpoints.files.index import read_index

    try:
        return sum(math.prod(entry.shape) for entry in read_index(folder).entries.values())
    except CheckpointError:
        return None
