"""The calibration statistics that a recipe names: read, and held against the models they must belong to."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from l2s.checkpoints.checkpoint import Checkpoint
from l2s.checkpoints.checks.compatible import Finding
from l2s.checkpoints.statistics import DISTANCE, Statistics, coverage
from l2s.core.digests import algorithm_of
from l2s.core.errors import CheckpointError
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


def check_owners(recipe: MergeRecipe, found: Mapping[str, Statistics], models: Mapping[str, Checkpoint]) -> None:
    """Were the statistics measured of the models beside which they stand?

    Args:
        recipe: the merge.
        found: its statistics, by name.
        models: by the recipe's names.

    Raises:
        CheckpointError: of another model.
    """
    owners = [(recipe.base_model, recipe.parameters)] + [(entry.model, entry.parameters) for entry in recipe.merged()]
    for model, parameters in owners:
        name = parameters.get("statistics")
        measured = found[name].about.get("weights") if name else None
        if (
            model is not None
            and measured is not None
            and measured != models[model].digest_weights(algorithm_of(measured))
        ):
            raise CheckpointError(
                f"statistics {name}: measured of other weights than those of {model}; calibrate {model} again"
            )


def by_todays_digests(found: Mapping[str, Statistics], models: Mapping[str, Checkpoint]) -> dict[str, Statistics]:
    """The statistics, with distances from models that an earlier version hashed otherwise under today's digests."""
    return {name: _by_todays_digests(statistics, models) for name, statistics in found.items()}


def _by_todays_digests(statistics: Statistics, models: Mapping[str, Checkpoint]) -> Statistics:
    algorithms = {algorithm_of(name.removeprefix(DISTANCE)) for name in statistics.tensors if name.startswith(DISTANCE)}
    today = {
        f"{DISTANCE}{model.digest_weights(algorithm)}": f"{DISTANCE}{model.weights_digest}"
        for algorithm in algorithms
        for model in models.values()
    }
    return replace(statistics, tensors={today.get(name, name): found for name, found in statistics.tensors.items()})


def covered(found: Mapping[str, Statistics], names: Sequence[str]) -> list[Finding]:
    """What part of the merged weights the recipe's activations speak of; the others keep the merged value."""
    return [
        Finding(f"statistics {name}: {coverage(statistics, names)}")
        for name, statistics in found.items()
        if statistics.kind == "activations"
    ]
