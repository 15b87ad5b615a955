"""Merges in memory: for those who try many recipes of the same models, and write down none but the last.

The kernels are those of every merge, so the tensors are the merged folder's to the bit, and the digests too. What the
numbers among a recipe's parameters do not decide (which models fit, whose tokenizer, every tensor's place) is looked
at once.
"""

import json
import shutil
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from l2s.checkpoints.checkpoint import Checkpoint
from l2s.checkpoints.files.digest import digest_frame, digest_model
from l2s.checkpoints.files.dtypes import INTEGERS
from l2s.checkpoints.files.writer import CheckpointWriter, MemoryWriter, TensorPlan
from l2s.core.lazy import Tensor
from l2s.core.progress import silent
from l2s.core.scratch import Scratch
from l2s.merging.plan.preflight import plan_merge
from l2s.merging.plan.values import check_values
from l2s.merging.recipe import MergeRecipe
from l2s.merging.run.prepared import PreparedMerge, weights_digest_of
from l2s.merging.run.side_files import write_side_files
from l2s.merging.run.tensors import TensorMerger, merge_tensors


@dataclass(frozen=True)
class MergedInMemory:
    """What ``l2s merge`` would have written."""

    weights: Mapping[str, Tensor]
    """By name, as they would be stored."""
    weights_digest: str
    """The merged folder's digest of the weights alone."""
    digest: str
    """The merged folder's digest of everything that decides what it answers."""
    frame: str
    """A digest of everything but the weights: models with the same take each other's weights."""
    side_files: Path
    """A folder with config, tokenizer and templates."""
    plans: tuple[TensorPlan, ...]

    @property
    def size(self) -> int:
        """Bytes of the weights."""
        return sum(plan.size for plan in self.plans)

    def folder(self, empty: Path) -> Path:
        """Fill a folder; it has no manifest, for it is no merge to keep."""
        shutil.copytree(self.side_files, empty, dirs_exist_ok=True)
        with CheckpointWriter(empty, self.plans) as writer:
            for name, tensor in self.weights.items():
                writer.write(name, tensor)
        return empty


class MemoryMerger:
    """Merges recipes of models that stay open; use as a context manager."""

    def __init__(
        self, models: Mapping[str, Path] | None, statistics: Mapping[str, Path] | None = None, *, threads: int = 1,
        name: str = "merge",
    ) -> None:  # fmt: skip
        """Open nothing yet.

        Args:
            models: folders by the recipes' names; a name that is not there is a folder itself.
            statistics: files of calibration statistics by the recipes' names.
            threads: tensors merged at a time; changes no byte.
            name: what the folders of side files are called.
        """
        self.name = name
        self.models, self.statistics, self.threads = models, statistics, threads
        self._prepared: dict[str, tuple[PreparedMerge, Path]] = {}
        self._folder = Scratch("l2s-merges-")

    def __enter__(self) -> "MemoryMerger":
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.close()

    def merge(self, recipe: MergeRecipe) -> MergedInMemory:
        """Merge a recipe.

        Raises:
            CheckpointError: models that are damaged or do not fit, or parameters that give no model.
            ConfigError: wrong parameters.
        """
        merge, side = self._prepare(recipe)
        writer = MemoryWriter(merge.layout.tensors)
        with (
            TensorMerger(merge, writer) as merger,
            closing(merge_tensors(merger, merge.layout.tensors, self.threads, silent)) as written,
        ):
            found = {one.name: one.diagnostics for one in written}
        weights, folder = weights_digest_of(found), Checkpoint(side)
        plans, digest = merge.layout.tensors, digest_model(weights, folder.config, folder.side_files)
        frame = digest_frame(((p.name, p.dtype, p.shape) for p in plans), folder.config, folder.side_files)
        return MergedInMemory(writer.tensors(), weights, digest, frame, side, tuple(plans))

    def _prepare(self, recipe: MergeRecipe) -> tuple[PreparedMerge, Path]:
        form = _form(recipe)
        if form not in self._prepared:
            plan = plan_merge(recipe, self.models, statistics=self.statistics)
            merge = PreparedMerge.of(plan, plan.checked(force=False), 0, self.threads)
            side = self._folder.path / str(len(self._prepared)) / self.name
            side.mkdir(parents=True)
            write_side_files(side, merge.layout, recipe.chat_template)
            self._prepared[form] = merge, side
            return merge, side
        merge, side = self._prepared[form]
        tensors = [plan for plan in merge.layout.tensors if plan.dtype not in INTEGERS]
        findings = tuple(check_values(recipe, tensors, merge.plan.statistics))
        plan = replace(merge.plan, recipe=recipe, findings=findings)
        return replace(merge, plan=plan, layout=plan.checked(force=False)), side


def _form(recipe: MergeRecipe) -> str:
    """A recipe without the numbers among its parameters."""
    return json.dumps(_without_numbers(recipe.model_dump(mode="json")), sort_keys=True)


def _without_numbers(found: Any, parameter: bool = False) -> Any:
    if isinstance(found, dict):
        return {key: _without_numbers(value, parameter or key == "parameters") for key, value in found.items()}
    if isinstance(found, list):
        return [_without_numbers(value, parameter) for value in found]
    return None if parameter and isinstance(found, int | float) else found
