"""Preflight: everything that would make a merge fail or go wrong, before a byte is written."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.checks.ancestry import UNRELATED, relative_distance
from l2s.checkpoints.checks.compatible import Finding, compare, compare_tensors
from l2s.checkpoints.files.digest import same_bytes
from l2s.checkpoints.files.dtypes import INTEGERS
from l2s.checkpoints.files.index import listed
from l2s.checkpoints.files.writer import TensorPlan
from l2s.checkpoints.model.tokenizer import read_vocabulary
from l2s.checkpoints.open import open_checkpoint
from l2s.checkpoints.statistics import Statistics
from l2s.core.errors import CheckpointError, ConfigError
from l2s.merging.plan.donor import choose_donor, merged_vocabulary
from l2s.merging.plan.layers import check_layers, layered, layered_config, restacks
from l2s.merging.plan.memory import predict_memory
from l2s.merging.plan.merge_plan import Layout, MergePlan
from l2s.merging.plan.statistics import covered, read_statistics
from l2s.merging.plan.tensors import plan_tensors
from l2s.merging.plan.values import check_values
from l2s.merging.recipe import MergeRecipe


def plan_merge(
    recipe: MergeRecipe,
    models: Mapping[str, Path] | None = None,
    out: Path | None = None,
    statistics: Mapping[str, Path] | None = None,
) -> MergePlan:
    """Look at recipe, models and place; nothing is written, and of the weights a few matrices are read.

    Args:
        recipe: the merge.
        models: folders by the recipe's names; a name that is not there is a model itself, see
            :func:`l2s.checkpoints.open.open_checkpoint`.
        out: where the merge would go, if that is to be looked at too.
        statistics: files of calibration statistics by the recipe's names; a name that is not there is a file.
    """
    measured, unmeasured = read_statistics(recipe, statistics)
    opened, broken = _open(recipe, models)
    findings = [Finding(note) for note in (*recipe.notes(), *_weight_notes(recipe))]
    findings += [Finding(problem, fatal=True) for problem in (*unmeasured, *broken)]
    layout = None
    if not broken:
        found, layout = _layout(recipe, opened)
        findings += found
    if layout is not None and not unmeasured:
        findings += _of_layout(recipe, opened, layout, measured, out)
    return MergePlan(recipe, opened, measured, tuple(findings), None if _blocked(findings) else layout)


def _blocked(findings: Iterable[Finding]) -> bool:
    """Does any refuse the merge, forced or not?"""
    return any(finding.fatal and not finding.forcible for finding in findings)


def _layout(recipe: MergeRecipe, opened: Mapping[str, Checkpoint]) -> tuple[list[Finding], Layout | None]:
    """What there is to say of the models beside each other, and the model they make; None where they make none."""
    findings = check_layers(recipe, opened)
    if _blocked(findings):
        return findings, None
    apart = restacks(recipe, opened)
    compared = {name: model for name, model in opened.items() if name != recipe.tokenizer_only}
    findings += compare(compared, by_token=recipe.token_source is not None, tensors=not apart)
    findings += compare_tensors(layered(recipe, opened)) if apart else []
    try:
        donor = choose_donor(recipe, opened)
        vocabulary = merged_vocabulary(recipe, opened, donor.tokenizer)
        config = layered_config(recipe, vocabulary.models, donor.model)
    except (CheckpointError, ConfigError) as error:
        return [*findings, Finding(str(error), fatal=True)], None
    findings += [*donor.findings(), *vocabulary.findings]
    if _blocked(findings):
        return findings, None
    stacked = layered(recipe, vocabulary.models)
    return findings, Layout(donor, vocabulary, stacked, plan_tensors(recipe, stacked, donor.model), config)


def _of_layout(
    recipe: MergeRecipe, opened: Mapping[str, Checkpoint], layout: Layout, measured: Mapping[str, Statistics],
    out: Path | None,
) -> Iterator[Finding]:  # fmt: skip
    """What there is to say of the tensors, and of the machine."""
    merged = [plan for plan in layout.tensors if plan.dtype not in INTEGERS]
    donor = layout.donor.model if layout.donor.model in layout.models else next(iter(layout.models))
    yield from covered(measured, [plan.name for plan in merged])
    yield from _integers(layout.tensors, layout.models, donor)
    yield from check_values(recipe, merged, measured)
    yield from _unrelated(recipe, layout.vocabulary.models)
    yield from _too_little_memory(recipe, layout.tensors)
    yield from _no_room(layout, out) if out else ()


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
    shared: Any = recipe.parameters.get("weight", 1.0)
    weights = [entry.parameters.get("weight", shared) for entry in recipe.merged()]
    normalize = recipe.resolved()["parameters"].get("normalize")
    plain = all(isinstance(weight, int | float) for weight in weights)
    if len(weights) == 1 and weights != [1.0] and normalize is True and recipe.has_base:
        return [f"with one model and normalize: true the weight {weights[0]} cancels; use lambda, or normalize: false"]
    if plain and normalize is not None and not recipe.has_base and min(abs(sum(weights) - 1), abs(sum(weights))) > 1e-6:
        what = "they are divided by it" if normalize is True else "they are not divided by it"
        return [f"weights sum to {sum(weights):g}, and with normalize: {str(normalize).lower()} {what}"]
    return []


def _unrelated(recipe: MergeRecipe, models: Mapping[str, Checkpoint]) -> Iterator[Finding]:
    """Models whose task vectors are too long for a fine-tune of the base; layers are compared where they stand."""
    if not recipe.has_base:
        return
    bases = {recipe.base_model} if not recipe.base else {source.model for source in recipe.base.sources}
    sources = [source.model for track in recipe.tracks for source in track.sources] or recipe.model_names()
    summed = [name for name in dict.fromkeys(sources) if name not in bases]
    for base, name in [(base, name) for base in recipe.input_names() if base in bases for name in summed]:
        distance = relative_distance(models[base], models[name])
        if distance is not None and distance > UNRELATED:
            sentence = (
                f"{name} is no fine-tune of {base}: their weights differ by {distance:.2f} of the base's "
                f"norm, where a fine-tune stays below {UNRELATED}; name the common ancestor as base_model, or force it"
            )
            yield Finding(sentence, fatal=True, forcible=True)


def _integers(plans: list[TensorPlan], models: Mapping[str, Checkpoint], donor: str) -> Iterator[Finding]:
    """Counters and tables that models do not agree on: there is no mean of them."""
    differing = [
        plan.name
        for plan in plans
        if plan.dtype in INTEGERS
        and not all(same_bytes(models[donor].entry(plan.name), model.entry(plan.name)) for model in models.values())
    ]
    if differing:
        yield Finding(f"{listed(differing)}: integers that differ between the models; those of {donor} are taken")


def _too_little_memory(recipe: MergeRecipe, plans: list[TensorPlan]) -> Iterator[Finding]:
    """Is there memory for the merge, one tensor at a time?"""
    needed = predict_memory(recipe, [plan.shape for plan in plans], 1)
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed > there:
        sentence = f"{recipe.merge_method} takes about {needed:,} bytes of memory for these models, this machine has "
        yield Finding(f"{sentence}{there:,}; use a larger machine, or force it", fatal=True, forcible=True)


def _no_room(layout: Layout, out: Path) -> Iterator[Finding]:
    parent = next(folder for folder in out.resolve().parents if folder.exists())
    free = shutil.disk_usage(parent).free
    if layout.size > free:
        yield Finding(f"{out}: the merge takes {layout.size:,} bytes, the disk has {free:,} free", fatal=True)
