"""One weight of all models, read piece by piece as a method asks for them: its entries, or how far they lie apart."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from l2s.checkpoints.checks.finite import all_finite, count_not_finite, told_by_bits
from l2s.checkpoints.files.writer import TensorPlan
from l2s.checkpoints.reader import Reader
from l2s.checkpoints.statistics import Statistics
from l2s.core.errors import CheckpointError
from l2s.core.lazy import Tensor, torch
from l2s.core.params import Params
from l2s.merging.kernels import kernels
from l2s.merging.method import Distances, Weight
from l2s.merging.plan.pieces import Span, spans
from l2s.merging.run.open_models import OpenModels


class WeightPieces:
    """One weight in pieces, read as they are asked for; can be gone through several times."""

    def __init__(self, opened: OpenModels, plan: TensorPlan, params: Params, models: Sequence[Params]) -> None:
        self.opened, self.plan = opened, plan
        short = opened.method.pieces == "short"
        self.shape = plan.shape or (1,)
        """The shape of the weight; a scalar is one entry, so that no method meets it."""
        self.spans = list(spans(plan.shape, short))
        self.columns = self.spans[0].columns if self.spans else False
        self._statistics = (_statistics(opened, params), tuple(_statistics(opened, model) for model in models))
        self._only: tuple[Weight, Tensor] | None = None

    def __iter__(self) -> Iterator[Weight]:
        for span in self.spans:
            yield self.piece(span)[0]

    def piece(self, span: Span) -> tuple[Weight, Tensor]:
        """A piece, and what its merge is compared with."""
        if len(self.spans) > 1:
            return self._piece(span)
        self._only = self._only or self._piece(span)  # kept: measuring and merging read it once
        return self._only

    def sampled(self, every: int) -> Iterator[Weight]:
        """The pieces' entries at multiples of ``every``, counted over the whole weight; the others are not read."""
        for span in self.spans:
            yield self._piece(span, every)[0]

    def _piece(self, span: Span, every: int | None = None) -> tuple[Weight, Tensor]:
        opened, name = self.opened, self.plan.name
        opened.begin_torch()
        shape = self.shape[::-1] if span.columns else self.shape
        here: tuple[int, ...] = (span.stop - span.start, *shape[1:])
        start, entries = span.start * math.prod(here[1:]), None
        if every is not None:
            entries = slice(-start % every, math.prod(here), every)
            here = (len(range(*entries.indices(math.prod(here)))),)
        models = self._room((len(opened.names), *here))  # [K, *here]
        for k, model in enumerate(opened.names):
            self._read(model, span, models[k : k + 1].reshape(here), entries)
        if opened.reference in opened.names:
            k = opened.names.index(opened.reference)
            reference = models[k : k + 1].reshape(here)  # of one entry too an array
        else:
            reference = self._read(opened.reference, span, self._room(here), entries)
        base = reference if opened.has_base else torch.zeros((), device=opened.device).expand(here)
        digests = tuple(opened.digests[model] for model in opened.names)
        whole, each = self._statistics
        return Weight(name, base, models, opened.seed, digests, start, shape, None, whole, each), reference

    def _room(self, shape: tuple[int, ...]) -> Tensor:
        return torch.empty(shape, device=self.opened.device)

    def _read(self, model: str, span: Span, out: Tensor, entries: slice | None) -> Tensor:
        """Read a model's rows into ``out``, on its device, or of these the given entries; columns come as rows.

        Raises:
            CheckpointError: they hold NaN or infinite entries.
        """
        reader, name = self.opened.readers[model], self.plan.name
        if span.columns:
            found = reader.read(name)[:, span.start : span.stop].T
        else:
            rows = bool(reader.checkpoint.entry(name).shape)
            found = reader.rows(name, span.start, span.stop) if rows else reader.read(name)
        if entries is not None:
            found = found.reshape(-1)[entries]
        if out.device.type != "cpu":
            found = found.contiguous().pin_memory()
        out.copy_(found, non_blocking=True)
        if not all_finite(found if told_by_bits(found) else out):
            raise _not_finite(reader, model, name)
        return out


class DistancePieces:
    """How far the models' bfloat16 entries lie from the base's: what a fused method measures of a weight."""

    def __init__(self, opened: OpenModels, plan: TensorPlan) -> None:
        self.opened, self.plan, self.shape = opened, plan, plan.shape or (1,)

    def __iter__(self) -> Iterator[Distances]:
        return self.sampled(1)

    def sampled(self, every: int) -> Iterator[Distances]:
        """The pieces' entries at multiples of ``every``, counted over the whole weight; the others are not read."""
        row = math.prod(self.shape[1:])
        for span in spans(self.plan.shape):
            start, stop = span.start * row, span.stop * row
            yield self._between(start, slice(start + -start % every, stop, every))

    def _between(self, start: int, entries: slice) -> Distances:
        opened, name = self.opened, self.plan.name
        models, count = (opened.reference, *opened.names), len(range(*entries.indices(entries.stop)))
        found = np.empty((len(models), count), np.float32)
        for model, reader, row in zip(models, opened.plain_readers(), found, strict=True):
            if not kernels.widen(np.ascontiguousarray(reader.array(name).reshape(-1)[entries]), row):
                raise _not_finite(reader, model, name)
        kernels.distances(found[1:], found[0], found[1:])
        digests = tuple(opened.digests[model] for model in opened.names)
        return Distances(name, found[1:], opened.seed, digests, start, self.shape)


def _statistics(opened: OpenModels, params: Params) -> Statistics | None:
    name = getattr(params, "statistics", None)
    return opened.statistics[name] if name is not None else None


def _not_finite(reader: Reader, model: str, name: str) -> CheckpointError:
    wrong = count_not_finite(reader.read(name).float())
    return CheckpointError(f"{model}: {name} holds {wrong} NaN or infinite entries; get a sound copy of the model")
