"""What a recipe's models and parameters must be, given its method; problems as sentences."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from l2s.core.errors import ConfigError
from l2s.core.params import Params, nearest
from l2s.merging.method import MergeMethod, keys, kinds, required
from l2s.merging.methods import METHODS
from l2s.merging.recipe.content import RecipeContent
from l2s.merging.recipe.dialect import INT8_MASK
from l2s.merging.recipe.parameters import leaves, malformed
from l2s.merging.recipe.slices import check_slices

AFTER_THE_SUM = ("weight", "lambda")
"""Parameters that may change along the layers even where something is measured of the whole model."""


def check_recipe(recipe: RecipeContent, where: str) -> list[str]:
    """Everything that is wrong with models, slices, parameters and tokenizer."""
    try:
        _ = recipe.method
    except ConfigError as error:
        return [f"{where}.parameters.of: {error}"]
    problems = [*_models(recipe, where), *_tokenizer(recipe, where)]
    if recipe.slices:
        problems += check_slices(recipe.slices, recipe.base_model, recipe.leaves_base_out, where)
    wrong = [*_parameters(recipe, where), *_required(recipe, where)]
    return problems + (wrong or [*_measured_together(recipe, where), *_of_one_model(recipe, where)])


def _required(recipe: RecipeContent, where: str) -> Iterator[str]:
    """Parameters that have no default must stand somewhere; whether every tensor has one shows in the preflight."""
    method = recipe.method
    for key in sorted(required(method.params)):
        in_slices = bool(recipe.slices) and all(key in one.parameters for one in recipe.slices or ())
        if key not in recipe.parameters and not in_slices:
            yield f"{where}.parameters.{key}: required by {method.name}, but missing"
    for key in sorted(required(method.model_params) - recipe.parameters.keys()):
        if recipe.slices:
            for number, one in enumerate(recipe.slices):
                if key not in one.parameters and not all(key in source.parameters for source in one.sources):
                    yield f"{where}.slices.{number}.parameters.{key}: required by {method.name}, but missing"
            continue
        for number, entry in enumerate(recipe.models):
            is_base = recipe.leaves_base_out and entry.model == recipe.base_model
            if key not in entry.parameters and not is_base:
                yield f"{where}.models.{number}.parameters.{key}: required by {method.name}, but missing"


def _models(recipe: RecipeContent, where: str) -> Iterator[str]:
    """Base and models: are they there, once, and as many as the method takes?"""
    method, merged = recipe.method, recipe.merged()
    bases = [one.base_model or recipe.base_model for one in recipe.slices or ()] or [recipe.base_model]
    if method.needs_base and None in bases:
        yield f"{where}.base_model: required by {method.name}, whose task vectors start from it, but missing"
    for name, count in Counter(entry.model for entry in recipe.models).items():
        if count > 1:
            yield f"{where}.models: '{name}' is listed {count} times; list it once, with the weight it shall have"
    if not merged and not recipe.slices:
        yield f"{where}.models: only the base '{recipe.base_model}' is listed; list a model to merge into it"
    elif recipe.slices and not recipe.tracks:
        return  # slices that do not fit together say so themselves
    elif not method.counts[0] <= len(merged) <= (method.counts[1] or len(merged)):
        names = ", ".join(f"'{entry.model}'" for entry in merged)
        beside = " beside the base" if recipe.has_base else ""
        yield f"{where}.models: {method.name} merges {_count(*method.counts)}{beside}, found {len(merged)}: {names}"
    appended = not recipe.slices and not recipe.has_base and len(merged) > len(recipe.models)
    if appended and "weight" in method.takes() and "weight" not in recipe.parameters:
        yield (
            f"{where}.base_model: {method.name} averages '{recipe.base_model}' too, but it has no weight; "
            "list it under models, or drop base_model"
        )


def _count(minimum: int, maximum: int | None) -> str:
    if maximum is None:
        return f"at least {minimum} models"
    if minimum == maximum:
        return "exactly 1 model" if minimum == 1 else f"exactly {minimum} models"
    return f"{minimum} to {maximum} models"


def _tokenizer(recipe: RecipeContent, where: str) -> Iterator[str]:
    if recipe.tokenizer and recipe.tokenizer_source:
        yield f"{where}.tokenizer_source: tokenizer is given too; keep one"
    key = "tokenizer.source" if recipe.tokenizer else "tokenizer_source"
    if recipe.token_source == "base" and recipe.base_model is None and "base" not in recipe.input_names():
        yield f"{where}.{key}: base, but there is no base_model; name a model, or union"


def _parameters(recipe: RecipeContent, where: str) -> Iterator[str]:
    """Every parameter's name, form and values."""
    method = recipe.method
    yield from _of_all(method, recipe.parameters, f"{where}.parameters")
    for number, entry in enumerate(recipe.models):
        yield from _of_one(method, entry.parameters, f"{where}.models.{number}.parameters", f"{where}.parameters")
    for number, one in enumerate(recipe.slices or ()):
        place = f"{where}.slices.{number}"
        yield from _of_layers(method, one.parameters, f"{place}.parameters", f"{where}.parameters")
        yield from _of_all(method, one.parameters, f"{place}.parameters")
        for source, entry_ in enumerate(one.sources):
            here = f"{place}.sources.{source}.parameters"
            yield from _of_layers(method, entry_.parameters, here, "models, with whole models")
            yield from _of_one(method, entry_.parameters, here, f"{place}.parameters")


def _of_all(method: MergeMethod, found: dict[str, Any], where: str) -> Iterator[str]:
    for key, value in found.items():
        if key == INT8_MASK:
            if not isinstance(value, bool):
                yield f"{where}.{key}: found {value!r}, expected true or false"
        else:
            yield from _check(method, (method.params, method.model_params), key, value, where)


def _of_one(method: MergeMethod, found: dict[str, Any], where: str, shared: str) -> Iterator[str]:
    for key, value in found.items():
        if key in keys(method.params) | {INT8_MASK}:
            yield f"{where}.{key}: holds for the whole merge; move it to {shared}"
        else:
            yield from _check(method, (method.model_params,), key, value, where)


def _of_layers(method: MergeMethod, found: dict[str, Any], where: str, elsewhere: str) -> Iterator[str]:
    """What is no number and no switch is decided once, not by layers."""
    for key in found:
        plain = {kind for block in (method.params, method.model_params) for kind in kinds(block, key)}
        if plain and not plain & {float, int, bool}:
            yield f"{where}.{key}: holds for all layers; move it to {elsewhere}"


def _of_one_model(recipe: RecipeContent, where: str) -> Iterator[str]:
    """Do one model's parameters fit together, where they are plain values?"""
    block = recipe.method.model_params
    for number, entry in enumerate(recipe.models):
        if entry.model == recipe.base_model:
            continue
        found = {**recipe.parameters, **entry.parameters}
        given = {k: v for k, v in found.items() if k in keys(block) and not isinstance(v, list)}
        for sentence in block.wrong(given, ""):
            yield f"{where}.models.{number}.parameters: {sentence.removeprefix(': ')}"


def _measured_together(recipe: RecipeContent, where: str) -> Iterator[str]:
    """What decides a measure over the whole model must be one value for all tensors."""
    spans, method = recipe.method.spans_model, recipe.method
    if spans is None:
        return
    words = {k: v for k, v in recipe.parameters.items() if k in keys(method.params) and isinstance(v, list | str)}
    chosen = [method.params.parse({key: leaf}, where) for key, value in words.items() for _, leaf in leaves(value, "")]
    if not any(map(spans, chosen)):
        return
    blocks = {f"{where}.parameters": recipe.parameters}
    blocks |= {f"{where}.models.{n}.parameters": entry.parameters for n, entry in enumerate(recipe.models)}
    for key in sorted((keys(method.params) | keys(method.model_params)) - set(AFTER_THE_SUM)):
        for place, block in blocks.items():
            if isinstance(block.get(key), list):
                yield f"{place}.{key}: found {block[key]}, but {method.name} over the whole model takes one value"
        for number, one in enumerate(recipe.slices or ()):
            if any(key in block for block in (one.parameters, *(source.parameters for source in one.sources))):
                yield f"{where}.slices.{number}: sets {key}, but {method.name} over the whole model takes one value"


def _check(method: MergeMethod, blocks: Iterable[type[Params]], key: str, value: Any, where: str) -> Iterator[str]:
    block = next((block for block in blocks if key in keys(block)), None)
    if block is None:
        takes = method.takes()
        words = (takes, [word for other in METHODS.values() for word in other.takes()])  # its own first
        hints = [hint for known in words if "did you mean" in (hint := nearest(str(key), known))]
        hint = next(iter(hints), "")
        yield f"{where}.{key}: unknown; {method.name} takes {', '.join(takes)}{hint}"
        return
    wrong_form = list(malformed(value, f"{where}.{key}"))
    if wrong_form:
        yield from wrong_form
        return
    if float not in kinds(block, key) and _has_gradient(value):
        yield f"{where}.{key}: found {value}, but only numbers can change along the layers"
        return
    for _, leaf in leaves(value, ""):
        yield from block.wrong({key: leaf}, where)


def _has_gradient(value: Any) -> bool:
    if not isinstance(value, list):
        return False
    return any(_has_gradient(item["value"]) if isinstance(item, dict) else True for item in value)
