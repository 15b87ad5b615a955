"""Points that are tried first: recipes of the user's that lie within the ranges, and MetaGPT's closed form.

MetaGPT (arXiv:2406.11385) weighs each task vector by its squared length over the sum of all: λₖ = ‖τₖ‖² / Σᵢ ‖τᵢ‖².
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from l2s.checkpoints.checkpoint import Checkpoint
from l2s.checkpoints.open import open_checkpoint, open_reader
from l2s.merging.recipe import MergeRecipe
from l2s.search.candidates.ranges import Number, short
from l2s.search.settings import CLOSED_FORM
from l2s.search.space import Space, corners

PIECE = 1 << 22
"""Entries read at a time."""


def starts_of(
    names: Sequence[str],
    space: Space,
    recipes: Mapping[str, dict[str, Any]],
    models: Mapping[str, Path],
    say: Callable[[str], None],
) -> list[dict[str, float | int]]:
    """The points of the space that names under ``start`` stand for; what lies outside is told and left out."""
    found = list[dict[str, float | int]]()
    for name in names:
        options = _closed_forms(space, models) if name == CLOSED_FORM else _alike(recipes[name], space)
        points = [point for one in options if (point := _point(space, one)) is not None]
        if not points:
            say(f"start: {name} lies outside of the ranges and is not tried")
        found += [point for point in points[:1] if point not in found]
    return found


def _point(space: Space, recipe: Any) -> dict[str, float | int] | None:
    """Where a recipe lies, under any of the controls; first of all under none."""
    controls = ["none", *(space.candidate(corner).control for corner in corners(space))]
    points = (space.values_of(recipe, control) for control in controls)
    return next((point for point in points if point is not None), None)


def _alike(recipe: dict[str, Any], space: Space) -> Iterator[dict[str, Any]]:
    """A recipe, and as task arithmetic an average: with weights that come to 1 it is the same model."""
    yield recipe
    if recipe.get("merge_method") != "linear" or recipe.get("parameters") or not recipe.get("models"):
        return
    weights = {entry.get("model"): (entry.get("parameters") or {}).get("weight") for entry in recipe["models"]}
    numbers = {model: float(weight) for model, weight in weights.items() if isinstance(weight, int | float)}
    if len(numbers) < len(recipe["models"]) or not sum(numbers.values()):
        return
    for corner in corners(space):
        asked = space.candidate(corner).recipe
        if asked.get("merge_method") == "task_arithmetic":
            models = [
                {"model": model, "parameters": {"weight": short(weight / sum(numbers.values()))}}
                for model, weight in numbers.items()
                if model != asked.get("base_model")
            ]
            yield recipe | {
                "merge_method": "task_arithmetic", "base_model": asked.get("base_model"), "models": models,
            }  # fmt: skip


def _closed_forms(space: Space, models: Mapping[str, Path]) -> Iterator[dict[str, Any]]:
    """For each method that may be chosen the recipe with the closed form's weights; other numbers in the middle."""
    middle = {one.name: (one.low + one.high) / 2 for one in space.dimensions if isinstance(one, Number)}
    for corner in corners(space):
        found = space.candidate(corner | middle).recipe
        recipe = MergeRecipe.parse(found, "recipe")
        if recipe.base_model is None or recipe.slices:
            continue
        names = [entry.model for entry in recipe.merged()]
        lengths = [_squared_length(recipe.base_model, name, models) for name in names]
        weights = {name: short(length / sum(lengths)) for name, length in zip(names, lengths, strict=True)}
        yield found | {
            "models": [
                entry
                if entry["model"] not in weights
                else entry | {"parameters": (entry.get("parameters") or {}) | {"weight": weights[entry["model"]]}}
                for entry in found["models"]
            ]
        }


def _squared_length(base: str, model: str, models: Mapping[str, Path]) -> float:
    """‖τ‖², summed in float64 over the tensors that both have in the same shape."""
    one, other = open_checkpoint(base, models), open_checkpoint(model, models)
    total = 0.0
    with open_reader(one) as before, open_reader(other) as after:
        for name in _shared(one, other):
            rows = one.entry(name).shape[0]
            step = max(1, PIECE * rows // max(1, one.entry(name).size))
            for start in range(0, rows, step):
                stop = min(rows, start + step)
                change = after.floats(name, start, stop) - before.floats(name, start, stop)
                total += float(np.square(change, dtype=np.float64).sum())
    return total


def _shared(one: Checkpoint, other: Checkpoint) -> list[str]:
    there = set(other.names())
    return [
        name
        for name in one.names()
        if name in there and one.entry(name).shape == other.entry(name).shape and one.entry(name).shape
    ]
