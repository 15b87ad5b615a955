"""One tensor after another: read, merge in float32, round once, write; by one thread or several."""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import torch
from torch import Tensor

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.dtypes import INTEGERS, TORCH_NAMES
from l2s.checkpoints.reader import CheckpointReader
from l2s.checkpoints.writer import CheckpointWriter, TensorPlan
from l2s.errors import CheckpointError
from l2s.merging.diagnostics import TensorDiagnostics, diagnose
from l2s.merging.method import Weight
from l2s.merging.recipe import MergeRecipe
from l2s.merging.setting import count_layers, position

MOST_THREADS = 4
"""Threads unless asked otherwise: each holds a tensor of every model."""


@dataclass(frozen=True)
class Written:
    """A tensor that was merged and written."""

    name: str
    size: int
    """Bytes."""
    diagnostics: TensorDiagnostics


class TensorMerger:
    """Merges single tensors of open models into an open writer. Safe in several threads."""

    def __init__(
        self,
        recipe: MergeRecipe,
        models: Mapping[str, Checkpoint],
        digests: Mapping[str, str],
        seed: int,
        writer: CheckpointWriter,
    ) -> None:
        self.recipe, self.seed, self.writer, self.digests = recipe, seed, writer, digests
        self.readers = {name: CheckpointReader(model) for name, model in models.items()}
        self.layers = count_layers(next(iter(models.values())).names())
        names = recipe.model_names()
        self.reference = recipe.base_model or names[0]
        self.order = sorted(range(len(names)), key=lambda k: (digests[names[k]], names[k]))
        """Sums run in this order, so that the recipe's order of models changes no rounding."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for reader in self.readers.values():
            reader.__exit__(kind, error, at)

    def merge(self, plan: TensorPlan) -> Written:
        """Merge one tensor and write it.

        Raises:
            CheckpointError: an input or the result holds NaN or infinite entries.
        """
        if plan.dtype in INTEGERS:
            return self._copy(plan)
        names = [self.recipe.model_names()[k] for k in self.order]
        reference = self._read(self.reference, plan.name)
        needs_base = self.recipe.method.needs_base
        base = reference if needs_base else torch.zeros(())
        task_vectors = torch.stack([self._read(name, plan.name) - base for name in names])
        digests = tuple(self.digests[name] for name in names)
        weight = Weight(plan.name, base.expand_as(reference), task_vectors, self.seed, digests)
        params, model_params = self.recipe.params_for(plan.name, position(plan.name, self.layers))
        merged = self.recipe.method.merge(weight, params, [model_params[k] for k in self.order])
        stored = merged.value.to(getattr(torch, TORCH_NAMES[plan.dtype]))
        _refuse_overflow(stored, plan)
        digest = self.writer.write(plan.name, stored)
        found = diagnose(weight, merged, stored, reference, names, digest, plan.dtype)
        return Written(plan.name, plan.size, found)

    def _read(self, model: str, name: str) -> Tensor:
        tensor = self.readers[model].read(name).float()
        wrong = int((~torch.isfinite(tensor)).count_nonzero())
        if wrong:
            raise CheckpointError(
                f"{model}: {name} holds {wrong} NaN or infinite entries; get a sound copy of the model"
            )
        return tensor

    def _copy(self, plan: TensorPlan) -> Written:
        """Write a tensor of integers, on which all models must agree."""
        tensor = self.readers[self.reference].read(plan.name)
        for name, reader in self.readers.items():
            if not torch.equal(reader.read(plan.name), tensor):
                raise CheckpointError(f"{plan.name}: integers that differ between {self.reference} and {name}")
        digest = self.writer.write(plan.name, tensor)
        return Written(plan.name, plan.size, TensorDiagnostics(digest=digest, dtype=plan.dtype, shape=plan.shape))


def merge_tensors(merger: TensorMerger, plans: list[TensorPlan], threads: int | None) -> Iterator[Written]:
    """Merge all tensors, ``threads`` at a time; yields them in the order of ``plans``.

    Inside a tensor torch computes with one thread, whatever it is set to outside: sums are then
    rounded alike everywhere.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        count = threads or min(MOST_THREADS, os.cpu_count() or 1)
        with ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield from pool.map(merger.merge, plans)
    finally:
        torch.set_num_threads(before)


def _refuse_overflow(stored: Tensor, plan: TensorPlan) -> None:
    wrong = int((~torch.isfinite(stored)).count_nonzero())
    if wrong:
        raise CheckpointError(
            f"{plan.name}: {wrong} entries of the merge are too large for {TORCH_NAMES[plan.dtype]}; "
            "set dtype: bfloat16 or float32, or lower the weights"
        )
