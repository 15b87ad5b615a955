"""PreparedMerge: a plan with all that its execution reads."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from l2s.checkpoints.files.digest import combine
from l2s.core.digests import SHA256
from l2s.core.errors import ConfigError
from l2s.merging.plan.merge_plan import Layout, MergePlan
from l2s.merging.plan.statistics import by_todays_digests, check_owners
from l2s.merging.recipe import MergeRecipe
from l2s.merging.run.diagnostics import TensorDiagnostics
from l2s.merging.run.manifest import InputDigests


@dataclass(frozen=True)
class PreparedMerge:
    """A plan that nothing refuses, and what its execution reads besides weights."""

    plan: MergePlan
    layout: Layout
    digests: Mapping[str, InputDigests]
    seed: int
    """Of random masks."""

    @classmethod
    def of(cls, plan: MergePlan, layout: Layout, seed: int, threads: int | None = None) -> Self:
        """Hash the models, and look whether statistics are theirs.

        Raises:
            CheckpointError: statistics of other models.
            ConfigError: two seeds.
        """
        drawing = plan.recipe.model_names() if plan.recipe.method.sha256_masks else ()
        digests = {
            name: InputDigests(
                weights=model.digest_weights(threads=threads),
                digest=model.digest,
                masks=model.digest_weights(SHA256, threads) if name in drawing else None,
            )
            for name, model in plan.models.items()
        }
        check_owners(plan.recipe, plan.statistics, plan.models)
        plan = replace(plan, statistics=by_todays_digests(plan.statistics, plan.models))
        return cls(plan, layout, digests, _seed(plan.recipe, seed))


def weights_digest_of(tensors: Mapping[str, TensorDiagnostics]) -> str:
    """The digest of the merged weights, from those of the tensors."""
    return combine((name, found.dtype, found.shape, found.digest) for name, found in tensors.items())


def _seed(recipe: MergeRecipe, seed: int) -> int:
    if recipe.random_seed is None:
        return seed
    if seed not in (0, recipe.random_seed):
        raise ConfigError(f"the recipe's random_seed is {recipe.random_seed}, but seed {seed} was asked for; drop one")
    return recipe.random_seed
