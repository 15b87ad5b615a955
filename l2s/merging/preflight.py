"""Preflight: everything that would make a merge fail or go wrong, before a byte is written."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.ancestry import STRANGE, relative_distance
from l2s.checkpoints.compatible import Finding, compare, compare_tensors
from l2s.checkpoints.digest import same_bytes
from l2s.checkpoints.dtypes import INTEGERS
from l2s.checkpoints.index import listed
from l2s.checkpoints.open import open_checkpoint
from l2s.checkpoints.tokenizer import read_vocabulary
from l2s.checkpoints.writer import TensorPlan
from l2s.errors import CheckpointError, ConfigError
from l2s.merging.calibrated import covered, missing_statistics
from l2s.merging.donor import choose_donor
from l2s.merging.layers import check_layers, layered, layered_config, restacks
from l2s.merging.manifest import MANIFEST
from l2s.merging.memory import predict_memory
from l2s.merging.plan import plan_tensors
from l2s.merging.recipe import MergeRecipe
from l2s.merging.tensors import default_threads
from l2s.merging.values import check_values
from l2s.merging.vocabulary import merged_vocabulary


def check_merge(
    recipe: MergeRecipe,
    models: Mapping[str, Path] | None = None,
    out: Path | None = None,
    donor: str | None = None,
    statistics: Mapping[str, Path] | None = None,
) -> list[Finding]:
    """Look at recipe, models and place; nothing is written, and of the weights a few matrices are read.

    Args:
        recipe: the merge.
        models: folders by the recipe's names; a name that is not there is a model itself, see
            :func:`l2s.checkpoints.open.open_checkpoint`.
        out: where the merge would go, if that is to be looked at too.
        donor: whose config and tokenizer are asked for, unless the recipe says so.
        statistics: files of calibration statistics by the recipe's names; a name that is not there is a file.
    """
    findings = [Finding(note) for note in recipe.notes()] + [Finding(note) for note in _weight_notes(recipe)]
    findings += missing_statistics(recipe, statistics)
    opened, broken = _open(recipe, models)
    if broken:
        return findings + [Finding(problem, fatal=True) for problem in broken]
    layers = check_layers(recipe, opened)
    findings += layers
    if any(finding.fatal for finding in layers):
        return findings
    stacked = layered(recipe, opened)
    compared = {name: model for name, model in opened.items() if name != recipe.tokenizer_only}
    findings += compare(compared, by_token=recipe.token_source is not None, tensors=not restacks(recipe, opened))
    findings += compare_tensors(stacked) if restacks(recipe, opened) else []
    try:
        chosen = choose_donor(recipe, opened, donor)
        vocabulary = merged_vocabulary(recipe, opened, chosen.tokenizer)
        layered_config(recipe, opened, chosen.model)
    except (CheckpointError, ConfigError) as error:
        return [*findings, Finding(str(error), fatal=True)]
    findings += [*chosen.findings(), *vocabulary.findings]
    if not any(finding.fatal and not finding.forcible for finding in findings):
        stacked = layered(recipe, vocabulary.models)
        plans = plan_tensors(recipe, stacked, chosen.model)
        merged = [plan.name for plan in plans if plan.dtype not in INTEGERS]
        findings += covered(recipe, statistics, merged)
        findings += _integers(plans, stacked, chosen.model if chosen.model in stacked else next(iter(stacked)))
        findings += check_values(recipe, merged)
        findings += _strangers(recipe, vocabulary.models)
        findings += _too_little_memory(recipe, plans)
        findings += _no_room(plans, out) if out else []
    return findings


def needs(recipe: MergeRecipe, models: Mapping[str, Path] | None = None) -> tuple[int, int]:
    """What the merge would take: bytes of memory with a thread a core, and bytes on disk."""
    opened = open_models(recipe, models)
    chosen = choose_donor(recipe, opened, None)
    vocabulary = merged_vocabulary(recipe, opened, chosen.tokenizer)
    plans = plan_tensors(recipe, layered(recipe, vocabulary.models), chosen.model)
    memory = predict_memory(recipe, [plan.shape for plan in plans], default_threads())
    return memory, sum(plan.size for plan in plans)


def open_models(recipe: MergeRecipe, models: Mapping[str, Path] | None) -> dict[str, Checkpoint]:
    """Every model of a recipe, the base first.

    Raises:
        CheckpointError: models that are missing or damaged; everything that is wrong, at once.
    """
    opened, broken = _open(recipe, models)
    if broken:
        raise CheckpointError("; ".join(broken))
    return opened


def _open(recipe: MergeRecipe, models: Mapping[str, Path] | None) -> tuple[dict[str, Checkpoint], list[str]]:
    """The models that can be read, and what is wrong with the others."""
    opened, broken = dict[str, Checkpoint](), list[str]()
    for name in recipe.input_names():
        try:
            model = open_checkpoint(name, models)
        except CheckpointError as error:
            broken.append(str(error))
            continue
        problems = _broken(model)
        broken += problems
        if not problems:
            opened[name] = model
    return opened, broken


def refuse_overwriting(out: Path, models: Mapping[str, Checkpoint], force: bool) -> None:
    """Is ``out`` a place to write to?

    Raises:
        CheckpointError: it holds something that is no merge of ours, or one of the models lies there.
    """
    place = out.resolve()
    for name, folder in [(name, folder) for name, model in models.items() for folder in model.folders]:
        source = folder.resolve()
        if source == place or place in source.parents or source in place.parents:
            raise CheckpointError(f"{out}: the model '{name}' lies at {folder}; choose another place for the merge")
    if out.exists() and not out.is_dir():
        raise CheckpointError(f"{out}: is a file; choose another place for the merge")
    if out.is_dir() and any(out.iterdir()) and not (out / MANIFEST).is_file() and not force:
        raise CheckpointError(f"{out}: holds files that are no merge of ours; choose another place, or use --force")


def _broken(model: Checkpoint) -> list[str]:
    problems = dict[str, None]()  # an adapter's faults show in index and config alike
    for read in (lambda: model.index, lambda: model.config, lambda: read_vocabulary(model.tokenizer_folder)):
        try:
            read()
        except CheckpointError as error:
            problems[str(error)] = None
        if not model.path.is_dir():
            break
    return list(problems)


def _weight_notes(recipe: MergeRecipe) -> list[str]:
    if recipe.slices or "weight" not in recipe.method.takes():
        return []
    weights = [entry.parameters.get("weight", recipe.parameters.get("weight", 1.0)) for entry in recipe.merged()]
    normalize = _default(recipe, "normalize")
    plain = all(isinstance(weight, int | float) for weight in weights)
    if len(weights) == 1 and weights != [1.0] and normalize is True and recipe.has_base:
        return [f"with one model and normalize: true the weight {weights[0]} cancels; use lambda, or normalize: false"]
    if plain and normalize is not None and not recipe.has_base and min(abs(sum(weights) - 1), abs(sum(weights))) > 1e-6:
        what = "they are divided by it" if normalize is True else "they are not divided by it"
        return [f"weights sum to {sum(weights):g}, and with normalize: {str(normalize).lower()} {what}"]
    return []


def _default(recipe: MergeRecipe, key: str) -> Any:
    return recipe.resolved()["parameters"].get(key)


def _strangers(recipe: MergeRecipe, models: Mapping[str, Checkpoint]) -> list[Finding]:
    """Models whose task vectors are too long for a fine-tune of the base; layers are compared where they stand."""
    if not recipe.has_base:
        return []
    bases = {recipe.base_model} if not recipe.base else {source.model for source in recipe.base.sources}
    sources = [source.model for track in recipe.tracks for source in track.sources] or recipe.model_names()
    summed = [name for name in dict.fromkeys(sources) if name not in bases]
    findings = []
    for base, name in [(base, name) for base in recipe.input_names() if base in bases for name in summed]:
        distance = relative_distance(models[base], models[name])
        if distance is not None and distance > STRANGE:
            sentence = (
                f"{name} is no fine-tune of {base}: their weights differ by {distance:.2f} of the base's "
                f"norm, where a fine-tune stays below {STRANGE}; name the common ancestor as base_model, or force it"
            )
            findings.append(Finding(sentence, fatal=True, forcible=True))
    return findings


def _integers(plans: list[TensorPlan], models: Mapping[str, Checkpoint], donor: str) -> list[Finding]:
    """Counters and tables that models do not agree on: there is no mean of them."""
    differing = [
        plan.name
        for plan in plans
        if plan.dtype in INTEGERS
        and not all(same_bytes(models[donor].entry(plan.name), model.entry(plan.name)) for model in models.values())
    ]
    sentence = f"{listed(differing)}: integers that differ between the models; those of {donor} are taken"
    return [Finding(sentence)] if differing else []


def _too_little_memory(recipe: MergeRecipe, plans: list[TensorPlan]) -> list[Finding]:
    """Is there memory for the merge, one tensor at a time?"""
    needed = predict_memory(recipe, [plan.shape for plan in plans], 1)
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed <= there:
        return []
    sentence = f"{recipe.merge_method} takes about {needed:,} bytes of memory for these models, this machine has "
    return [Finding(f"{sentence}{there:,}; use a larger machine, or force it", fatal=True, forcible=True)]


def _no_room(plans: list[TensorPlan], out: Path) -> list[Finding]:
    parent = next(folder for folder in out.resolve().parents if folder.exists())
    needed = sum(plan.size for plan in plans)
    free = shutil.disk_usage(parent).free
    if needed <= free:
        return []
    return [Finding(f"{out}: the merge takes {needed:,} bytes, the disk has {free:,} free", fatal=True)]
