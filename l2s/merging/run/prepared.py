"""PreparedMerge: a plan with all that its execution reads, and the two things that every kind of output has of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from l2s.checkpoints.files.digest import combine
from l2s.checkpoints.files.dtypes import TORCH_NAMES
from l2s.checkpoints.files.writer import TensorWriter
from l2s.core.digests import BLAKE3, SHA256
from l2s.core.errors import ConfigError
from l2s.merging.plan.donor import write_side_files
from l2s.merging.plan.merge_plan import Layout, MergePlan
from l2s.merging.plan.statistics import by_todays_digests, check_owners
from l2s.merging.plan.tensors import only_dtype, tie_flag_of
from l2s.merging.recipe import MergeRecipe
from l2s.merging.recipe.templates import template_of
from l2s.merging.run.diagnostics import TensorDiagnostics
from l2s.merging.run.journal import Journal
from l2s.merging.run.manifest import InputDigests, digests_of
from l2s.merging.run.tensors import TensorMerger


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
        digests = digests_of(plan.models, plan.recipe.model_names() if plan.recipe.method.sha256_masks else (), threads)
        check_owners(plan.recipe, plan.statistics, plan.models)
        plan = replace(plan, statistics=by_todays_digests(plan.statistics, plan.models))
        return cls(plan, layout, digests, _seed(plan.recipe, seed))

    def merger(self, writer: TensorWriter, journal: Journal | None = None, device: str = "cpu") -> TensorMerger:
        """What merges single tensors into ``writer``; close it."""
        recipe, layout = self.plan.recipe, self.layout
        algorithm = SHA256 if recipe.method.sha256_masks else BLAKE3
        digests = {name: layout.models[name].digest_weights(algorithm) for name in recipe.model_names()}
        donor = layout.donor.model if layout.donor.model in layout.models else None
        return TensorMerger(
            recipe, layout.models, digests, self.plan.statistics, self.seed, writer, journal, device, donor
        )

    def write_side_files(self, folder: Path) -> list[str]:
        """Write the merged model's config, tokenizer and templates into ``folder``; returns their names."""
        layout = self.layout
        models, plans = layout.vocabulary.models, layout.tensors
        donor, dtype = models[layout.donor.model], only_dtype(plans)
        return write_side_files(
            folder,
            donor,
            models[layout.donor.tokenizer],
            dtype=TORCH_NAMES[dtype] if dtype else None,
            tied=tie_flag_of(plans, donor),
            rows=next((plan.shape[0] for plan in plans if plan.name == donor.embedding), None),
            chat_template=template_of(self.plan.recipe.chat_template, models, layout.donor.tokenizer),
            added_tokens=layout.vocabulary.added,
            config=layout.config,
        )


def weights_digest_of(tensors: Mapping[str, TensorDiagnostics]) -> str:
    """The digest of the merged weights, from those of the tensors."""
    return combine((name, found.dtype, found.shape, found.digest) for name, found in tensors.items())


def _seed(recipe: MergeRecipe, seed: int) -> int:
    if recipe.random_seed is None:
        return seed
    if seed not in (0, recipe.random_seed):
        raise ConfigError(f"the recipe's random_seed is {recipe.random_seed}, but seed {seed} was asked for; drop one")
    return recipe.random_seed
