"""The calibration statistics that a recipe names: read, and held against the models they must belong to."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from l2s.checkpoints.compatible import Finding
from l2s.checkpoints.statistics import Statistics, coverage
from l2s.errors import CheckpointError
from l2s.merging.recipe import MergeRecipe


def open_statistics(
    recipe: MergeRecipe, files: Mapping[str, Path] | None, weights: Mapping[str, str]
) -> dict[str, Statistics]:
    """All statistics of a recipe, by name.

    Args:
        recipe: the merge.
        files: by the recipe's names; a name that is not there is a file itself.
        weights: digests of the models' weights, by the recipe's names.

    Raises:
        CheckpointError: a file that is missing or damaged, or was measured of another model.
    """
    found = {name: Statistics.read(Path((files or {}).get(name, name))) for name in recipe.statistics_names()}
    owners = [(recipe.base_model, recipe.parameters)] + [(entry.model, entry.parameters) for entry in recipe.merged()]
    for model, parameters in owners:
        name = parameters.get("statistics")
        measured = found[name].about.get("weights") if name else None
        if model is not None and measured is not None and measured != weights[model]:
            raise CheckpointError(
                f"statistics {name}: measured of other weights than those of {model}; calibrate {model} again"
            )
    return found


def missing_statistics(recipe: MergeRecipe, files: Mapping[str, Path] | None) -> list[Finding]:
    """Statistics that are not there or damaged, each a fatal finding."""
    findings = []
    for name in recipe.statistics_names():
        try:
            Statistics.read(Path((files or {}).get(name, name)))
        except CheckpointError as error:
            findings.append(Finding(str(error), fatal=True))
    return findings


def covered(recipe: MergeRecipe, files: Mapping[str, Path] | None, names: Sequence[str]) -> list[Finding]:
    """What part of the merged weights the recipe's activations speak of; the others keep the merged value."""
    found = {name: Statistics.read(Path((files or {}).get(name, name))) for name in recipe.statistics_names()}
    return [
        Finding(f"statistics {name}: {coverage(statistics, names)}")
        for name, statistics in found.items()
        if statistics.kind == "activations"
    ]
