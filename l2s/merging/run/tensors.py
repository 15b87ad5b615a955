"""One tensor after another, piece by piece: read, merge in float32, round once, write; in several threads."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from typing import Any, Self, TypeVar

import numpy as np

from l2s.checkpoints.checks.finite import count_not_finite
from l2s.checkpoints.files.dtypes import INTEGERS, TORCH_NAMES, torch_dtype
from l2s.checkpoints.files.writer import TensorPlan, TensorWriter
from l2s.checkpoints.reader import CheckpointReader
from l2s.core.digests import finished, hasher
from l2s.core.errors import CheckpointError
from l2s.core.lazy import torch
from l2s.core.params import Params
from l2s.core.progress import Track
from l2s.merging.kernels import random
from l2s.merging.kernels.arrays import Flags
from l2s.merging.kernels.fused import FusedKernel
from l2s.merging.method import check_merged
from l2s.merging.plan.tensors import common_names
from l2s.merging.recipe.parameters import count_layers, position
from l2s.merging.run.diagnostics import Tally, TensorDiagnostics
from l2s.merging.run.journal import Journal
from l2s.merging.run.open_models import OpenModels
from l2s.merging.run.prepared import PreparedMerge
from l2s.merging.run.weight_pieces import DistancePieces, WeightPieces

Result = TypeVar("Result")

TILE = 1 << 21
"""Entries that a kernel goes through at once: it keeps nothing of them but the result."""
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
"""Options of glibc's mallopt."""


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
        self, merge: PreparedMerge, writer: TensorWriter, journal: Journal | None = None, device: str = "cpu"
    ) -> None:
        self.models, self.writer, self.journal = OpenModels(merge, device), writer, journal
        self.recipe, self.method, donor = merge.plan.recipe, self.models.method, merge.layout.donor.model
        self.layers = count_layers(common_names(merge.layout.models))
        self.donor = donor if donor in merge.layout.models else self.models.reference
        """Whose integers are taken."""
        self.fuses = self.method.fused is not None and device == "cpu"
        """May the method be a fused kernel?"""
        self.measured: Any = None
        """What a method measured of the whole model."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.models.close()

    def merge(self, plan: TensorPlan) -> Written:
        """Merge a tensor and write it, unless that was done before a kill.

        Raises:
            CheckpointError: an input or the result holds NaN or infinite entries.
        """
        found = self._before(plan)
        if found is None:
            found = self._merge(plan)
            if self.journal is not None:
                self.journal.add(plan.name, found)
        self.writer.finish(plan.name)
        return Written(plan.name, plan.size, found)

    def _before(self, plan: TensorPlan) -> TensorDiagnostics | None:
        """What was merged before a kill, if it still lies there."""
        before = self.journal.finished.get(plan.name) if self.journal is not None else None
        return before if before is not None and before.digest == self.writer.digest(plan.name) else None

    def _merge(self, plan: TensorPlan) -> TensorDiagnostics:
        if plan.dtype in INTEGERS or 0 in plan.shape:
            return self._copy(plan)
        params, models = self.params_for(plan)
        pieces, measured, found = self.pieces(plan, params, models), self.measured, None
        if self.method.measure is not None and measured is None:
            measured = self.method.measure(lambda function, label="": [function(pieces)], params, models)
        if self.method.fused is not None and isinstance(pieces, DistancePieces):
            kernel = self.method.fused(plan.name, measured, params, models)
            found = self._fused(plan, kernel) if kernel is not None else None
        return found or self._by_pieces(plan, params, models, pieces, measured)

    def pieces(self, plan: TensorPlan, params: Params, models: Sequence[Params]) -> WeightPieces | DistancePieces:
        """What a method measures a tensor by: distances, if all is bfloat16 and lies in files as it is."""
        opened = self.models
        formats = {opened.readers[name].checkpoint.entry(plan.name).dtype for name in (opened.reference, *opened.names)}
        if self.fuses and formats | {plan.dtype} == {"BF16"} and len(opened.plain_readers()) > len(opened.names):
            return DistancePieces(opened, plan)
        return WeightPieces(opened, plan, params, models)

    def _by_pieces(
        self, plan: TensorPlan, params: Params, models: Sequence[Params], pieces: WeightPieces | DistancePieces,
        measured: Any,
    ) -> TensorDiagnostics:  # fmt: skip
        if not isinstance(pieces, WeightPieces):
            pieces = WeightPieces(self.models, plan, params, models)
        tally, digest = Tally(len(self.models.names)), hasher()
        whole = torch.empty(plan.shape, dtype=torch_dtype(plan.dtype)) if pieces.columns else None
        reader = self.models.readers[self.models.reference]
        exact = isinstance(reader, CheckpointReader) and reader.checkpoint.entry(plan.name).dtype == plan.dtype
        for span in pieces.spans:
            weight, reference = pieces.piece(span)
            merged = self.method.merge(replace(weight, measured=measured), params, models)
            check_merged(self.method.name, weight, merged)
            stored = merged.value.to(torch_dtype(plan.dtype))  # the one rounding: to nearest, ties to even
            if wrong := count_not_finite(stored):
                raise CheckpointError(
                    f"{plan.name}: {wrong} entries of the merge are too large for {TORCH_NAMES[plan.dtype]}; "
                    "set dtype: bfloat16 or float32, or lower the weights"
                )
            held = reference if exact else reference.to(stored.dtype).float()
            tally.add(weight, merged, stored.float(), reference, held)
            if whole is not None:
                whole[:, span.start : span.stop] = stored.T.cpu()
            else:
                digest.update(self.writer.write_piece(plan.name, stored.cpu(), weight.start))
        if not tally.finite:
            raise CheckpointError(
                f"{plan.name}: the models lie too far apart to be measured (above 1e19); get sound copies of them"
            )
        if whole is not None:
            digest.update(self.writer.write_piece(plan.name, whole))
        return tally.summed_up(self.models.names, finished(digest), plan.dtype, plan.shape)

    def _fused(self, plan: TensorPlan, kernel: FusedKernel) -> TensorDiagnostics | None:
        """Merge and write a tensor by one kernel over the files' own bytes.

        Returns:
            None if something is not finite, of which pieces say more.
        """
        tally, digest, entries = Tally(len(self.models.names)), hasher(), math.prod(plan.shape)
        with ExitStack() as opened:
            places = [opened.enter_context(reader.place(plan.name)) for reader in self.models.plain_readers()]
            for start in range(0, entries, TILE):
                stop = min(entries, start + TILE)
                masks = self._masks(plan, kernel, start, stop)
                merged, squares, counts = kernel.run(places, start, stop - start, self.models.has_base, masks)
                tally.count(stop - start, squares, counts)
                if not tally.finite:
                    return None
                digest.update(self.writer.write_array(plan.name, merged, start))
        return tally.summed_up(self.models.names, finished(digest), plan.dtype, plan.shape)

    def _masks(self, plan: TensorPlan, kernel: FusedKernel, start: int, stop: int) -> Flags | None:
        """What a kernel with densities keeps of each task vector, ``[K, n]``."""
        if kernel.densities is None:
            return None
        drawn = [(self.models.seed, self.models.digests[name], plan.name) for name in self.models.names]
        parts = zip(drawn, kernel.densities, strict=True)
        return np.stack([random.bernoulli_mask(names, start, stop, density) for names, density in parts])

    def params_for(self, plan: TensorPlan) -> tuple[Params, list[Params]]:
        """The method's parameters for a tensor, and each model's in the order of sums."""
        params, models = self.recipe.params_for(plan.name, position(plan.name, self.layers))
        return params, [models[k] for k in self.models.order]

    def _copy(self, plan: TensorPlan) -> TensorDiagnostics:
        """Write a tensor of integers, or of nothing, as the donor has it; preflight said where models differ."""
        tensor = self.models.readers[self.donor].read(plan.name)
        stored = tensor.to(torch_dtype(plan.dtype)) if plan.dtype in TORCH_NAMES else tensor
        return TensorDiagnostics(digest=self.writer.write(plan.name, stored), dtype=plan.dtype, shape=plan.shape)


def merge_tensors(
    merger: TensorMerger, plans: list[TensorPlan], threads: int, track: Track
) -> Generator[Written, None, None]:
    """Merge all tensors, ``threads`` at a time, the largest first; yields them as they are done.

    Inside a tensor one thread computes, so that sums are rounded alike everywhere.
    """
    keep_freed_memory()
    with ThreadPoolExecutor(threads) as pool:
        _measure_model(merger, plans, pool, track)
        futures = [pool.submit(merger.merge, plan) for plan in sorted(plans, key=lambda plan: -plan.size)]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            for future in futures:
                future.cancel()


def _measure_model(merger: TensorMerger, plans: list[TensorPlan], pool: ThreadPoolExecutor, track: Track) -> None:
    """Measure the model for a method that must know all weights before it merges one."""
    mergeable = [plan for plan in plans if plan.dtype not in INTEGERS and 0 not in plan.shape]
    if merger.method.measure is None or merger.method.spans_model is None or not mergeable:
        return
    params, models = merger.params_for(mergeable[0])
    if not merger.method.spans_model(params):
        return
    total = float(sum(plan.size for plan in mergeable))

    def each(function: Callable[[Iterable[Any]], Result], label: str = "") -> list[Result]:
        results = pool.map(lambda plan: (plan, function(merger.pieces(plan, params, models))), mergeable)
        tracked = track(results, label or "measuring the model", total, lambda found: found[0].size)
        return [result for _, result in tracked]

    merger.measured = merger.method.measure(each, params, models)


def keep_freed_memory() -> None:
    """Let the C library keep what pieces free for the next pieces: asking for it anew costs more than the merge."""
    with suppress(OSError, AttributeError):  # another C library: slower, no less right
        libc = ctypes.CDLL(None)
        for option, value in ((M_TRIM_THRESHOLD, 1 << 30), (M_MMAP_THRESHOLD, 1 << 26), (M_TOP_PAD, 1 << 24)):
            libc.mallopt(option, value)
