"""Models of params.yaml as stages are planned with them: their shapes, and their bytes on disk."""

from functools import cache
from pathlib import Path
from typing import Any

from l2s.config import Config
from l2s.core.errors import ConfigError
from l2s.core.params import nearest
from l2s.merging.recipe import MergeRecipe
from l2s.planning.estimates import require_shape
from l2s.planning.shapes import EMBEDDED, Shape, folder_shape, published_shape
from tasks.inputs.recipes import found_recipe, recipe_of
from tasks.stage import DATA, GB, PROGRAM_GB


def folder_shape_of(config: Config, folder: str) -> Shape:
    """The shape of what lies at a folder under ``data/``, whether it is there yet or not."""
    return model_shape(config, origin(config, folder))


def origin(config: Config, folder: str) -> str:
    """The model whose shape a folder under ``data/`` has.

    Of a training that is its start; of a merge the last model it lists, where the reasoning model stands.
    """
    place, _, name = folder.partition("/")
    if place == "trained":
        return origin(config, config.training[name].model)
    if place == "merged":
        return MergeRecipe.parse(planned_recipe(config, name), f"recipes.{name}").input_names()[-1]
    return name


def planned_recipe(config: Config, name: str) -> dict[str, Any]:
    """The recipe of a merge; of a search that was not run yet, the first recipe of its ranges."""
    if name in config.recipes or found_recipe(name).is_file():
        return recipe_of(config, name)
    from l2s.search.space import corners, space_of

    space = space_of(config.searches[name], f"params.yaml: searches.{name}", config.controls)
    return space.candidate(next(corners(space))).recipe


def model_shape(config: Config, model: str) -> Shape:
    """The shape of one of the models.

    Raises:
        ConfigError: there is none of that name, or nobody knows its shape.
    """
    params = config.models.get(model)
    if params is None:
        raise ConfigError(f"'{model}' is not among the models{nearest(model, config.models)}")
    written = params.model_dump(mode="json")
    places = [str(value) for key, value in written.items() if key != "source" and isinstance(value, str)]
    if params.source == "family":
        return folder_shape(DATA / "models" / model) or EMBEDDED
    found = [_known(place) for place in places]
    return require_shape(model, next((shape for shape in found if shape is not None), None))


@cache
def _known(place: str) -> Shape | None:
    return folder_shape(Path(place)) or published_shape(place)


def needs_of_model(config: Config, folder: str) -> dict[str, int]:
    """What a stage occupies that runs what lies at a folder under ``data/``."""
    return needs_of_bytes(config, bytes_of(config, origin(config, folder)))


def needs_of_bytes(config: Config, size: int) -> dict[str, int]:
    """What a stage occupies that holds so many bytes where it computes: on a GPU one device besides."""
    found = {"cpu": 1, "memory": PROGRAM_GB + size // GB}
    return found if config.decoding.device == "cpu" else found | {"gpu": 1}


def bytes_of(config: Config, model: str) -> int:
    """Bytes of a model's weights, where they are at hand; small ones are trained by the family stage."""
    params = config.models.get(model)
    folder = params.path if params is not None and params.path is not None else DATA / "models" / model
    return sum(file.stat().st_size for file in folder.glob("*.safetensors"))
