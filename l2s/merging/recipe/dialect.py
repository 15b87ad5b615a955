"""mergekit's dialect, said in one way: model references, modules, and words that change nothing here.

mergekit ignores every word it does not know. Here a word that another method takes is ignored with a note, as it is
known; any other is an error, since it may be a misspelling.
"""

import re
from collections.abc import Callable
from typing import Any

from l2s.checkpoints.files.index import listed
from l2s.core.errors import ConfigError
from l2s.merging.method import MergeMethod, kinds
from l2s.merging.methods import METHODS, find_method
from l2s.merging.recipe.aliases import ALIASES, METHOD_ALIASES, in_canonical_words
from l2s.merging.recipe.parameters import map_leaves
from l2s.merging.recipe.references import References

INT8_MASK = "int8_mask"
"""mergekit's switch for the type of its sign masks: taken by every method, without effect."""

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
"""YAML takes ``1e-5`` for a text; it is meant as a number."""

Recipe = dict[str, Any]
Change = Callable[[Any, str], Any]


def in_one_way(found: Recipe, where: str) -> tuple[Recipe, list[str], list[str]]:
    """A recipe as read from YAML, with models named by texts and without what changes nothing.

    Returns:
        The recipe, notes on what was read otherwise than it stands, and what is wrong, in sentences.
    """
    notes, problems = list[str](), list[str]()
    recipe = dict(found)
    if "name" in recipe:
        notes.append(f"name: '{recipe.pop('name')}' is ignored; the folder that is written names the merge")
    method = recipe.get("merge_method")
    if isinstance(method, str) and method in METHOD_ALIASES:
        recipe["merge_method"] = METHOD_ALIASES[method]
        notes.append(f"merge_method: {method} is read as {METHOD_ALIASES[method]}")
    recipe = _without_modules(recipe, notes, problems)
    recipe = _without_residuals(recipe, notes)
    references = References()
    recipe = _with_references(recipe, references)
    found_method = _method(recipe)
    if found_method is not None:
        recipe = _with_parameters(recipe, lambda block, place: _of_method(block, found_method, place, notes))
    notes, problems, name = notes + references.notes, problems + references.problems, recipe.get("merge_method")
    recipe = _with_parameters(recipe, lambda block, place: in_canonical_words(block, name, place, notes, problems))
    return recipe, notes, [f"{where}.{one}" for one in problems]


def _method(recipe: Recipe) -> MergeMethod | None:
    parameters = recipe.get("parameters")
    try:
        return find_method(recipe["merge_method"], parameters.get("of") if isinstance(parameters, dict) else None)
    except (ConfigError, KeyError, TypeError):
        return None  # the validation says so


def _without_modules(recipe: Recipe, notes: list[str], problems: list[str]) -> Recipe:
    """``modules`` of one part, or of parts that are all to be merged alike, as models or slices of the whole."""
    modules, recipe = recipe.get("modules"), {key: value for key, value in recipe.items() if key != "modules"}
    if modules is None:
        return recipe
    if not isinstance(modules, dict) or not modules or not all(isinstance(part, dict) for part in modules.values()):
        problems.append(f"modules: found {modules!r}, expected a mapping such as {{default: {{models: …}}}}")
        return recipe
    name, part = next(iter(modules.items()))
    if unknown := [key for key in part if key not in ("models", "slices", "parameters")]:
        problems.append(f"modules.{name}.{unknown[0]}: unknown key; a module takes models, slices, parameters")
        return recipe
    if any(other != part for other in modules.values()):
        problems.append(
            f"modules: {', '.join(map(str, modules))} are to be merged apart, but parts of a model are merged alike "
            "here; list the models once, with filters where parts shall differ"
        )
        return recipe
    if taken := [key for key in ("models", "slices") if part.get(key) is not None and recipe.get(key) is not None]:
        problems.append(f"modules.{name}.{taken[0]}: {taken[0]} are given outside of modules too; keep one")
        return recipe
    notes.append(f"modules.{name}: read as the whole model")
    outer, inner = recipe.get("parameters") or {}, part.get("parameters") or {}
    if isinstance(outer, dict) and isinstance(inner, dict):
        both = {key: first_of(inner[key], outer[key]) if key in outer else inner[key] for key in inner}
        recipe["parameters"] = outer | both
    return recipe | {key: part[key] for key in ("models", "slices") if part.get(key) is not None}


def first_of(first: Any, second: Any) -> Any:
    """A setting that holds where the first says something, and else the second."""
    if not _has_filters(first):
        return first
    return [*first, *(second if _has_filters(second) else [{"value": second}])]


def _has_filters(setting: Any) -> bool:
    return isinstance(setting, list) and bool(setting) and all(isinstance(item, dict) for item in setting)


def _without_residuals(recipe: Recipe, notes: list[str]) -> Recipe:
    """``residual_weight`` is a key of mergekit's that mergekit never reads."""

    def change(one: Any, place: str) -> Any:
        if isinstance(one, dict) and "residual_weight" in one:
            notes.append(f"{place}.residual_weight: ignored, as mergekit does")
            return {key: value for key, value in one.items() if key != "residual_weight"}
        return one

    changed: Recipe = _each(recipe, "slices", "", change)
    return changed


def _each(block: Any, key: str, place: str, change: Change) -> Any:
    """A block with every entry of one of its lists changed; what is no list is left for the validation."""
    if not isinstance(block, dict) or not isinstance(block.get(key), list):
        return block
    return {**block, key: [change(entry, f"{place}{key}.{number}") for number, entry in enumerate(block[key])]}


def _with_references(recipe: Recipe, references: References) -> Recipe:
    """Every model under its one text."""

    def named(entry: Any, place: str) -> Any:
        if not isinstance(entry, dict) or "model" not in entry:
            return entry
        return {**entry, "model": references.text(entry["model"], f"{place}.model")}

    def one_slice(one: Any, place: str) -> Any:
        return _each(_keyed(one, "base_model", place, references.text), "sources", f"{place}.", named)

    recipe = _keyed(recipe, "base_model", "", references.text)
    recipe = _each(_each(recipe, "models", "", named), "slices", "", one_slice)
    recipe = _keyed(recipe, "tokenizer_source", "", references.tokenizer)
    named_all: Recipe = _keyed(recipe, "tokenizer", "", lambda found, place: _tokenizer(found, place, references))
    return named_all


def _keyed(block: Any, key: str, place: str, change: Change) -> Any:
    if not isinstance(block, dict) or block.get(key) is None:
        return block
    return {**block, key: change(block[key], f"{place}.{key}" if place else key)}


def _tokenizer(found: Any, place: str, references: References) -> Any:
    found = _keyed(found, "source", place, references.tokenizer)
    if not isinstance(found, dict) or not isinstance(found.get("tokens"), dict):
        return found

    def token(entry: Any, where: str) -> Any:
        source = entry.get("source") if isinstance(entry, dict) else None
        if isinstance(source, dict) and "kind" in source:
            return {**entry, "source": _keyed(source, "model", f"{where}.source", references.text)}
        return _keyed(entry, "source", where, references.text)

    tokens = {name: token(entry, f"{place}.tokens.{name}") for name, entry in found["tokens"].items()}
    return {**found, "tokens": tokens}


def _with_parameters(recipe: Recipe, change: Change) -> Recipe:
    """Every block of parameters changed."""

    def of(block: Any, place: str) -> Any:
        return _keyed(block, "parameters", place, change)

    recipe = _each(of(recipe, ""), "models", "", of)
    changed: Recipe = _each(recipe, "slices", "", lambda one, place: _each(of(one, place), "sources", f"{place}.", of))
    return changed


def _of_method(block: Any, method: MergeMethod, place: str, notes: list[str]) -> Any:
    """What a method takes of a block; what only others take is ignored."""
    if not isinstance(block, dict):
        return block
    kept = {}
    for key, value in block.items():
        if _foreign(key, method):
            takers = sorted(name for name, other in METHODS.items() if key in other.takes())
            verb = "take" if len(takers) > 1 else "takes"
            notes.append(f"{place}.{key}: ignored; {listed(takers)} {verb} it, {method.name} does not")
        else:
            kept[key] = _value(value, method, key)
    return kept


def _foreign(key: Any, method: MergeMethod) -> bool:
    if key in method.takes() or key == INT8_MASK or (key in ALIASES and method.name in ALIASES[key].methods):
        return False
    return any(key in other.takes() for other in METHODS.values())


def _value(value: Any, method: MergeMethod, key: str) -> Any:
    """A value with mergekit's short forms written out: a single ``{filter, value}``, and numbers written as text."""
    if isinstance(value, dict) and "value" in value and not value.keys() - {"filter", "value"}:
        value = [value]
    if not {float, int} & (kinds(method.params, key) | kinds(method.model_params, key)):
        return value
    return map_leaves(value, lambda leaf: _number(leaf) if isinstance(leaf, str) else leaf)


def _number(text: str) -> Any:
    return float(text) if NUMBER.fullmatch(text) else text
