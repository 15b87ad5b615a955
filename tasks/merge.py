"""The stage ``merge@<recipe>``: a recipe's merged checkpoint, with its manifest."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from l2s.config import Config
from l2s.core.progress import Track
from tasks.stage import DATA, GB, PROGRAM_GB, TENSORS, Say, Stage, code_told

if TYPE_CHECKING:
    from l2s.merging.recipe import MergeRecipe
    from l2s.planning.estimates import Estimate, Estimator


def work(config: Config, name: str, track: Track, say: Say) -> None:
    """Make one recipe's checkpoint."""
    recipe = _recipe(config, name)
    make(config, name, recipe, code_told("merge", recipe.merge_method), track, say)


def make(config: Config, name: str, recipe: "MergeRecipe", code: str, track: Track, say: Say) -> None:
    """Merge into ``data/merged/<name>``; costs stay out of the manifest, so that its bytes repeat."""
    from l2s.merging.run.merge import merge_checkpoints

    folders = {model: DATA / "models" / model for model in config.models}
    statistics = {name: DATA / "calibration" / f"{name}.safetensors" for name in config.calibration}
    manifest = merge_checkpoints(
        recipe, folders, DATA / "merged" / name, track=track, record_costs=False, statistics=statistics, code=code
    )
    for note in manifest.notes:
        say(f"note: {note}")
    say(f"{recipe.merge_method} merge of {', '.join(model.model for model in recipe.models)}; {manifest.donor.reason}")


def reads(config: Config, name: str) -> dict[str, set[str]]:
    """The models and statistics that the recipe names."""
    return reads_of(_recipe(config, name))


def reads_of(recipe: "MergeRecipe") -> dict[str, set[str]]:
    """The models and statistics that a recipe names."""
    return {"data/models": set(recipe.input_names()), "data/calibration": set(recipe.statistics_names())}


def needs(config: Config, name: str) -> dict[str, int]:
    """The bytes of the models that are mapped, and of the one that is written."""
    return needs_of(config, config.recipes[name])


def needs_of(config: Config, recipe: dict[str, Any]) -> dict[str, int]:
    """What the merge of a recipe, as it stands, occupies."""
    from tasks.inputs.models import bytes_of

    models = {recipe.get("base_model"), *(entry.get("model") for entry in recipe.get("models") or [])} - {None}
    sizes = [bytes_of(config, str(model)) for model in models]
    return {"cpu": 1, "memory": PROGRAM_GB + (sum(sizes) + max(sizes, default=0)) // GB}


def estimate(config: Config, name: str, stage: str, estimator: "Estimator", data: Path | None) -> "Estimate":
    """Bytes read and written."""
    from tasks.inputs.models import model_shape

    recipe = _recipe(config, name)
    return estimator.merge(stage, recipe, model_shape(config, recipe.input_names()[-1]))


def _recipe(config: Config, name: str) -> "MergeRecipe":
    return parsed(config.recipes[name], f"params.yaml: recipes.{name}")


def parsed(recipe: Any, where: str) -> "MergeRecipe":
    """A recipe, checked; ``where`` names its place."""
    from l2s.merging.recipe import MergeRecipe

    return MergeRecipe.parse(recipe, where)


STAGE = Stage(
    "merge",
    work,
    names=lambda config: config.recipes,
    reads=reads,
    recorded=lambda config, name: {f"recipes.{name}": _recipe(config, name).resolved()},
    needs=needs,
    estimate=estimate,
    libraries=TENSORS,
)
