"""The calibration statistics that a recipe names: read, and held against the models they must belong to."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from l2s.checkpoints.compatible import Finding
from l2s.checkpoints.statistics import Statistics, coverage
from l2s.errors import CheckpointError
from l2s.merging.recipe import MergeRecipe


def read_statistics(recipe: MergeRecipe, files: Mapping[str, Path] | None) -> tuple[dict[str, Statistics], list[str]]:
    """All statistics of a recipe by name, and what is wrong with those that are not there, or damaged.

    Args:
        recipe: the merge.
        files: by the recipe's names; a name that is not there is a file itself.
    """
    found, problems = dict[str, Statistics](), list[str]()
    for name in recipe.statistics_names():
        try:
            found[name] = Statistics.read(Path((files or {}).get(name, name)))
        except CheckpointError as error:
            problems.append(str(error))
    return found, problems


def check_owners(recipe: MergeRecipe, found: Mapping[str, Statistics], weights: Mapping[str, str]) -> None:
    """Were the statistics measured of the models beside which they stand?

    Args:
        recipe: the merge.
        found: its statistics, by name.
        weights: digests of the models' weights, by the recipe's names.

    Raises:
        CheckpointError: of another model.
    """
    owners = [(recipe.base_model, recipe.parameters)] + [(entry.model, entry.parameters) for entry in recipe.merged()]
    for model, parameters in owners:
        name = parameters.get("statistics")
        measured = found[name].about.get("weights") if name else None
        if model is not None and measured is not None and measured != weights[model]:
            raise CheckpointError(
                f"statistics {name}: measured of other weights than those of {model}; calibrate {model} again"
            )


def covered(found: Mapping[str, Statistics], names: Sequence[str]) -> list[Finding]:
    """What part of the merged weights the recipe's activations speak of; the others keep the merged value."""
    return [
        Finding(f"statistics {name}: {coverage(statistics, names)}")
        for name, statistics in found.items()
        if statistics.kind == "activations"
    ]
