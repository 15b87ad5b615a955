"""Preflight: everything that would make a merge fail or go wrong, before a byte is written."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.ancestry import STRANGE, relative_distance
from l2s.checkpoints.compatible import Finding, compare
from l2s.errors import CheckpointError, ConfigError
from l2s.merging.donor import choose_donor
from l2s.merging.manifest import MANIFEST
from l2s.merging.plan import plan_tensors
from l2s.merging.recipe import MergeRecipe


def check_merge(
    recipe: MergeRecipe, models: Mapping[str, Path] | None = None, out: Path | None = None
) -> list[Finding]:
    """Look at recipe, models and place; nothing is written, and of the weights a few matrices are read.

    Args:
        recipe: the merge.
        models: folders by the recipe's names; a name that is not there is a folder itself.
        out: where the merge would go, if that is to be looked at too.
    """
    opened = open_models(recipe, models)
    findings = [Finding(note) for note in recipe.notes()] + [Finding(note) for note in _weight_notes(recipe)]
    broken = [Finding(problem, fatal=True) for model in opened.values() for problem in _broken(model)]
    if broken:
        return findings + broken
    try:
        differences = compare(opened)
        choose_donor(recipe, opened)
    except (CheckpointError, ConfigError) as error:
        return [*findings, Finding(str(error), fatal=True)]
    findings += differences
    if not any(finding.fatal and not finding.forcible for finding in differences):
        findings += _strangers(recipe, opened)
        findings += _no_room(recipe, opened, out) if out else []
    return findings


def open_models(recipe: MergeRecipe, models: Mapping[str, Path] | None) -> dict[str, Checkpoint]:
    """Every model of a recipe, the base first; nothing is read yet."""
    folders = models or {}
    return {name: Checkpoint(Path(folders.get(name, name))) for name in recipe.input_names()}


def refuse_overwriting(out: Path, models: Mapping[str, Checkpoint], force: bool) -> None:
    """Is ``out`` a place to write to?

    Raises:
        CheckpointError: it holds something that is no merge of ours, or one of the models lies there.
    """
    place = out.resolve()
    for name, model in models.items():
        source = model.path.resolve()
        if source == place or place in source.parents or source in place.parents:
            raise CheckpointError(f"{out}: the model '{name}' lies at {model.path}; choose another place for the merge")
    if out.exists() and not out.is_dir():
        raise CheckpointError(f"{out}: is a file; choose another place for the merge")
    if out.is_dir() and any(out.iterdir()) and not (out / MANIFEST).is_file() and not force:
        raise CheckpointError(f"{out}: holds files that are no merge of ours; choose another place, or use --force")


def _broken(model: Checkpoint) -> list[str]:
    problems = []
    for read in (lambda: model.index, lambda: model.config):
        try:
            read()
        except CheckpointError as error:
            problems.append(str(error))
        if not model.path.is_dir():
            break
    return problems


def _weight_notes(recipe: MergeRecipe) -> list[str]:
    weights = [entry.parameters.get("weight", recipe.parameters.get("weight", 1.0)) for entry in recipe.merged()]
    normalize = _default(recipe, "normalize")
    plain = all(isinstance(weight, int | float) for weight in weights)
    if len(weights) == 1 and weights != [1.0] and normalize is True and recipe.method.needs_base:
        return [f"with one model and normalize: true the weight {weights[0]} cancels; use lambda, or normalize: false"]
    if plain and not recipe.method.needs_base and abs(sum(weights) - 1) > 1e-6:
        what = "they are divided by it" if normalize is True else "they are not divided by it"
        return [f"weights sum to {sum(weights):g}, and with normalize: {str(normalize).lower()} {what}"]
    return []


def _default(recipe: MergeRecipe, key: str) -> Any:
    return recipe.resolved()["parameters"][key]


def _strangers(recipe: MergeRecipe, models: Mapping[str, Checkpoint]) -> list[Finding]:
    """Models whose task vectors are too long for a fine-tune of the base."""
    if not recipe.method.needs_base or recipe.base_model is None:
        return []
    findings = []
    for name in recipe.model_names():
        distance = relative_distance(models[recipe.base_model], models[name])
        if distance is not None and distance > STRANGE:
            sentence = (
                f"{name} is no fine-tune of {recipe.base_model}: their weights differ by {distance:.2f} of the base's "
                f"norm, where a fine-tune stays below {STRANGE}; name the common ancestor as base_model, or force it"
            )
            findings.append(Finding(sentence, fatal=True, forcible=True))
    return findings


def _no_room(recipe: MergeRecipe, models: Mapping[str, Checkpoint], out: Path) -> list[Finding]:
    parent = next(folder for folder in out.resolve().parents if folder.exists())
    needed = sum(plan.size for plan in plan_tensors(recipe, models, choose_donor(recipe, models).model))
    free = shutil.disk_usage(parent).free
    if needed <= free:
        return []
    return [Finding(f"{out}: the merge takes {needed:,} bytes, the disk has {free:,} free", fatal=True)]
