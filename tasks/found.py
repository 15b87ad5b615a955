"""The stage ``found@<search>``: the merged checkpoint of the recipe that a search found."""

from pathlib import Path
from typing import TYPE_CHECKING

from l2s.config import Config
from l2s.core.progress import Track
from tasks.inputs.recipes import found_recipe, recipe_of
from tasks.merge import make, needs_of, parsed, reads_of
from tasks.stage import TENSORS, Say, Stage, code_told

if TYPE_CHECKING:
    from l2s.planning.estimates import Estimate, Estimator


def work(config: Config, name: str, track: Track, say: Say) -> None:
    """Merge as any recipe is merged."""
    make(config, name, parsed(recipe_of(config, name), str(found_recipe(name))), code_told("found"), track, say)


def reads(config: Config, name: str) -> dict[str, set[str]]:
    """The models and statistics that the recipe names."""
    return reads_of(parsed(recipe_of(config, name), str(found_recipe(name))))


def needs(config: Config, name: str) -> dict[str, int]:
    """What a merge of its models occupies."""
    from tasks.inputs.models import planned_recipe

    return needs_of(config, planned_recipe(config, name))


def estimate(config: Config, name: str, stage: str, estimator: "Estimator", data: Path | None) -> "Estimate":
    """Bytes read and written."""
    from tasks.inputs.models import model_shape, planned_recipe

    recipe = parsed(planned_recipe(config, name), f"searches.{name}.recipe")
    return estimator.merge(stage, recipe, model_shape(config, recipe.input_names()[-1]))


STAGE = Stage(
    "found", work, names=lambda config: config.searches, reads=reads, needs=needs, estimate=estimate, libraries=TENSORS
)
