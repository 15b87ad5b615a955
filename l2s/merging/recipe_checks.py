"""What a recipe's models and parameters must be, given its method; problems as sentences."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from l2s.errors import ConfigError
from l2s.merging.method import MergeMethod, keys
from l2s.merging.setting import leaves, malformed
from l2s.params import Params, nearest

if TYPE_CHECKING:
    from l2s.merging.recipe import MergeRecipe

INT8_MASK = "int8_mask"
"""mergekit's switch for the type of its sign masks: taken by every method, without effect."""


def check_models(recipe: "MergeRecipe", where: str) -> Iterator[str]:
    """Base and models: are they there, once, and is there something to merge?"""
    method = recipe.method
    if method.needs_base and recipe.base_model is None:
        yield f"{where}.base_model: required by {method.name}, whose task vectors start from it, but missing"
    for name, count in Counter(entry.model for entry in recipe.models).items():
        if count > 1:
            yield f"{where}.models: '{name}' is listed {count} times; list it once, with the weight it shall have"
    if not recipe.merged():
        yield f"{where}.models: only the base '{recipe.base_model}' is listed; list a model to merge into it"
    if not method.needs_base and len(recipe.merged()) > len(recipe.models) and "weight" not in recipe.parameters:
        yield (
            f"{where}.base_model: {method.name} averages '{recipe.base_model}' too, but it has no weight; "
            "list it under models, or drop base_model"
        )


def check_parameters(recipe: "MergeRecipe", where: str) -> Iterator[str]:
    """Every parameter's name, form and values."""
    method = recipe.method
    for key, value in recipe.parameters.items():
        if key == INT8_MASK:
            if not isinstance(value, bool):
                yield f"{where}.parameters.{key}: found {value!r}, expected true or false"
        else:
            yield from _check(method, (method.params, method.model_params), key, value, f"{where}.parameters")
    for number, entry in enumerate(recipe.models):
        place = f"{where}.models.{number}.parameters"
        for key, value in entry.parameters.items():
            if key in keys(method.params) | {INT8_MASK}:
                yield f"{place}.{key}: holds for the whole merge; move it to {where}.parameters"
            else:
                yield from _check(method, (method.model_params,), key, value, place)


def _check(method: MergeMethod, blocks: tuple[type[Params], ...], key: str, value: Any, where: str) -> Iterator[str]:
    block = next((block for block in blocks if key in keys(block)), None)
    if block is None:
        takes = method.takes()
        hint = nearest(key, takes) if "did you mean" in nearest(key, takes) else ""
        yield f"{where}.{key}: unknown; {method.name} takes {', '.join(takes)}{hint}"
        return
    wrong_form = list(malformed(value, f"{where}.{key}"))
    if wrong_form:
        yield from wrong_form
        return
    if not _is_number(block, key) and _has_gradient(value):
        yield f"{where}.{key}: found {value}, but only numbers can change along the layers"
        return
    for _, leaf in leaves(value, ""):
        try:
            block.parse({key: leaf}, where)
        except ConfigError as error:
            yield str(error)


def _is_number(block: type[Params], key: str) -> bool:
    return any(field.annotation is float for name, field in block.model_fields.items() if (field.alias or name) == key)


def _has_gradient(value: Any) -> bool:
    if not isinstance(value, list):
        return False
    return any(_has_gradient(item["value"]) if isinstance(item, dict) else True for item in value)
