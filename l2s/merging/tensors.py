"""One tensor after another, piece by piece: read, merge in float32, round once, write; in several threads."""

import ctypes
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from types import TracebackType
from typing import Any, Self, TypeVar

import torch
from torch import Tensor

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.dtypes import INTEGERS, TORCH_NAMES
from l2s.checkpoints.finite import all_finite, told_by_bits
from l2s.checkpoints.open import open_reader
from l2s.checkpoints.reader import CheckpointReader
from l2s.checkpoints.statistics import Statistics
from l2s.checkpoints.writer import CheckpointWriter, TensorPlan
from l2s.errors import CheckpointError, ConfigError
from l2s.merging.diagnostics import Tally, TensorDiagnostics
from l2s.merging.journal import Journal
from l2s.merging.method import Weight
from l2s.merging.pieces import Span, spans
from l2s.merging.recipe import MergeRecipe
from l2s.merging.setting import count_layers, position
from l2s.params import Params
from l2s.progress import Track

Result = TypeVar("Result")

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
        self,
        recipe: MergeRecipe,
        models: Mapping[str, Checkpoint],
        digests: Mapping[str, str],
        statistics: Mapping[str, Statistics],
        seed: int,
        writer: CheckpointWriter,
        journal: Journal,
        device: str = "cpu",
    ) -> None:
        self.recipe, self.method, self.seed, self.digests = recipe, recipe.method, seed, digests
        self.statistics, self.writer, self.journal, self.device = statistics, writer, journal, device
        self.readers = {name: open_reader(model) for name, model in models.items()}
        self.layers = count_layers(next(iter(models.values())).names())
        names = recipe.model_names()
        self.has_base = recipe.has_base
        self.reference = recipe.base_model if self.has_base and recipe.base_model else names[0]
        order = range(len(names))
        by_digest = sorted(order, key=lambda k: (digests[names[k]], names[k]))
        self.order = list(order) if self.method.ordered else by_digest
        """Sums run in this order, so that the recipe's order of models changes no rounding."""
        self.names = [names[k] for k in self.order]
        self.measured: Any = None
        """What a method measured of the whole model."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for reader in self.readers.values():
            reader.__exit__(kind, error, at)

    def merge(self, plan: TensorPlan) -> Written:
        """Merge one tensor and write it, unless that was done before a kill.

        Raises:
            CheckpointError: an input or the result holds NaN or infinite entries.
        """
        before = self.journal.finished.get(plan.name)
        if before is not None and before.digest == self.writer.digest(plan.name):
            found = before
        else:
            found = self._copy(plan) if plan.dtype in INTEGERS or 0 in plan.shape else self._merge(plan)
            self.journal.add(plan.name, found)
        self.writer.finish(plan.name)
        return Written(plan.name, plan.size, found)

    def _merge(self, plan: TensorPlan) -> TensorDiagnostics:
        params, models = self.params_for(plan)
        pieces = WeightPieces(self, plan, params, models)
        measured = self.measured
        if self.method.measure is not None and measured is None:
            measured = self.method.measure(lambda function, label="": [function(pieces)], params, models)
        tally, digest = Tally(), sha256()
        whole = torch.empty(plan.shape, dtype=_dtype(plan)) if pieces.columns else None
        reader = self.readers[self.reference]
        exact = isinstance(reader, CheckpointReader) and reader.checkpoint.entry(plan.name).dtype == plan.dtype
        for span, weight, reference in pieces.with_references():
            merged = self.method.merge(replace(weight, measured=measured), params, models)
            stored = merged.value.to(_dtype(plan))
            _refuse_overflow(stored, plan)
            tally.add(weight, merged, stored, reference, exact)
            if whole is not None:
                whole[:, span.start : span.stop] = stored.T.cpu()
            else:
                digest.update(self.writer.write_piece(plan.name, stored.cpu(), weight.start))
        if whole is not None:
            digest.update(self.writer.write_piece(plan.name, whole))
        return tally.summed_up(self.names, f"sha256:{digest.hexdigest()}", plan.dtype, plan.shape)

    def params_for(self, plan: TensorPlan) -> tuple[Params, list[Params]]:
        """The method's parameters for a tensor, and each model's in the order of sums."""
        params, models = self.recipe.params_for(plan.name, position(plan.name, self.layers))
        return params, [models[k] for k in self.order]

    def read_into(self, out: Tensor, model: str, name: str, span: Span, entries: slice | None = None) -> Tensor:
        """Read a piece of a tensor into ``out``, float32 on the device; columns come as rows.

        Args:
            out: of the piece's shape, or flat, if only some entries are asked for.
            model: its name.
            name: the tensor's.
            span: the piece.
            entries: of the piece, flat.

        Raises:
            CheckpointError: it holds NaN or infinite entries.
        """
        reader = self.readers[model]
        if span.columns:
            found = reader.read(name)[:, span.start : span.stop].T
        else:
            found = reader.rows(name, span.start, span.stop) if out.dim() else reader.read(name)
        if entries is not None:
            found = found.reshape(-1)[entries]
        if self.device != "cpu":
            found = found.contiguous().pin_memory()
        out.copy_(found, non_blocking=True)
        if not all_finite(found if told_by_bits(found) else out):
            wrong = int((~torch.isfinite(reader.read(name).float())).count_nonzero())
            raise CheckpointError(
                f"{model}: {name} holds {wrong} NaN or infinite entries; get a sound copy of the model"
            )
        return out

    def _copy(self, plan: TensorPlan) -> TensorDiagnostics:
        """Write a tensor of integers, or of nothing, on which all models must agree."""
        tensor = self.readers[self.reference].read(plan.name)
        for name, reader in self.readers.items():
            if not torch.equal(reader.read(plan.name), tensor):
                raise CheckpointError(f"{plan.name}: integers that differ between {self.reference} and {name}")
        stored = tensor.to(_dtype(plan)) if plan.dtype in TORCH_NAMES else tensor
        return TensorDiagnostics(digest=self.writer.write(plan.name, stored), dtype=plan.dtype, shape=plan.shape)


class WeightPieces:
    """One weight in pieces, read as they are asked for; can be gone through several times."""

    def __init__(self, merger: TensorMerger, plan: TensorPlan, params: Params, models: Sequence[Params]) -> None:
        self.merger, self.plan = merger, plan
        short = merger.method.pieces == "short"
        self.shape = plan.shape
        self.spans = list(spans(plan.shape, short))
        self.columns = self.spans[0].columns if self.spans else False
        self._statistics = (_statistics(merger, params), tuple(_statistics(merger, model) for model in models))
        self._only: tuple[Span, Weight, Tensor] | None = None

    def __iter__(self) -> Iterator[Weight]:
        for _, weight, _ in self.with_references():
            yield weight

    def with_references(self) -> Iterator[tuple[Span, Weight, Tensor]]:
        """Pieces, and what the merge is compared with."""
        if len(self.spans) == 1:  # kept: measuring and merging read it once
            self._only = self._only or self._piece(self.spans[0])
            yield self._only
            return
        for span in self.spans:
            yield self._piece(span)

    def sampled(self, every: int) -> Iterator[Weight]:
        """The pieces' entries at multiples of ``every``, counted over the whole weight; the others are not read."""
        for span in self.spans:
            yield self._piece(span, every)[1]

    def _piece(self, span: Span, every: int | None = None) -> tuple[Span, Weight, Tensor]:
        merger, name = self.merger, self.plan.name
        shape = self.plan.shape[::-1] if span.columns else self.plan.shape
        here: tuple[int, ...] = (span.stop - span.start, *shape[1:]) if shape else ()
        start, entries = span.start * math.prod(here[1:]), None
        if every is not None:
            entries = slice(-start % every, math.prod(here), every)
            here = (len(range(*entries.indices(math.prod(here)))),)
        models = torch.empty((len(merger.names), *here), device=merger.device)  # [K, *here]
        for out, model in zip(models, merger.names, strict=True):
            merger.read_into(out, model, name, span, entries)
        if merger.reference in merger.names:
            reference = models[merger.names.index(merger.reference)]
        else:
            out = torch.empty(here, device=merger.device)
            reference = merger.read_into(out, merger.reference, name, span, entries)
        base = reference if merger.has_base else torch.zeros((), device=merger.device).expand(here)
        digests = tuple(merger.digests[model] for model in merger.names)
        whole, each = self._statistics
        return span, Weight(name, base, models, merger.seed, digests, start, shape, None, whole, each), reference


def merge_tensors(merger: TensorMerger, plans: list[TensorPlan], threads: int, track: Track) -> Iterator[Written]:
    """Merge all tensors, ``threads`` at a time, the largest first; yields them as they are done.

    Inside a tensor torch computes with one thread, whatever it is set to outside: sums are then
    rounded alike everywhere.
    """
    with _pool(threads, merger.device) as pool:
        _measure_model(merger, plans, pool, track)
        futures = [pool.submit(merger.merge, plan) for plan in sorted(plans, key=lambda plan: -plan.size)]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            for future in futures:
                future.cancel()


def _measure_model(merger: TensorMerger, plans: list[TensorPlan], pool: ThreadPoolExecutor, track: Track) -> None:
    """For a method that must know all weights before it merges one."""
    mergeable = [plan for plan in plans if plan.dtype not in INTEGERS and 0 not in plan.shape]
    if merger.method.measure is None or merger.method.spans_model is None or not mergeable:
        return
    params, models = merger.params_for(mergeable[0])
    if not merger.method.spans_model(params):
        return
    total = float(sum(plan.size for plan in mergeable))

    def each(function: Callable[[Iterable[Weight]], Result], label: str = "") -> list[Result]:
        results = pool.map(lambda plan: (plan, function(WeightPieces(merger, plan, params, models))), mergeable)
        tracked = track(results, label or "measuring the model", total, lambda found: found[0].size)
        return [result for _, result in tracked]

    merger.measured = merger.method.measure(each, params, models)


def keep_freed_memory() -> None:
    """Let the C library keep what pieces free for the next pieces: asking for it anew costs more than the merge."""
    with suppress(OSError, AttributeError):  # another C library: slower, no less right
        libc = ctypes.CDLL(None)
        for option, value in ((M_TRIM_THRESHOLD, 1 << 30), (M_MMAP_THRESHOLD, 1 << 26), (M_TOP_PAD, 1 << 24)):
            libc.mallopt(option, value)


@contextmanager
def _pool(threads: int, device: str) -> Iterator[ThreadPoolExecutor]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    keep_freed_memory()
    with ExitStack() as stack:
        stack.callback(torch.set_num_threads, before)
        yield stack.enter_context(ThreadPoolExecutor(threads, initializer=_begin, initargs=(device,)))


def _begin(device: str) -> None:
    torch.set_num_threads(1)
    if device != "cpu":  # a stream a thread, so that one's copies run beside another's arithmetic
        torch.cuda.set_stream(torch.cuda.Stream(torch.device(device)))


def default_threads() -> int:
    """One a core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_device(device: str) -> None:
    """Can the arithmetic be done there?

    Raises:
        ConfigError: no.
    """
    if device not in ("cpu", "cuda"):
        raise ConfigError(f"--device: found '{device}', expected cpu or cuda")
    if device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("--device cuda: torch finds no such device here; drop the option to use the CPU")


def _statistics(merger: TensorMerger, params: Params) -> Statistics | None:
    name = getattr(params, "statistics", None)
    return merger.statistics[name] if name is not None else None


def _dtype(plan: TensorPlan) -> torch.dtype:
    dtype: torch.dtype = getattr(torch, TORCH_NAMES[plan.dtype])
    return dtype


def _refuse_overflow(stored: Tensor, plan: TensorPlan) -> None:
    if not all_finite(stored):
        wrong = int((~torch.isfinite(stored)).count_nonzero())
        raise CheckpointError(
            f"{plan.name}: {wrong} entries of the merge are too large for {TORCH_NAMES[plan.dtype]}; "
            "set dtype: bfloat16 or float32, or lower the weights"
        )
