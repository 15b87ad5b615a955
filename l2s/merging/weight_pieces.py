"""WeightPieces: one weight of all models, read piece by piece as a method asks for them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from l2s.checkpoints.statistics import Statistics
from l2s.checkpoints.writer import TensorPlan
from l2s.lazy import torch
from l2s.merging.method import WeightOf
from l2s.merging.pieces import Span, spans
from l2s.merging.reading import read_array, read_tensor
from l2s.params import Params

if TYPE_CHECKING:
    from l2s.merging.tensors import TensorMerger

Piece = WeightOf[Any]


class WeightPieces:
    """One weight in pieces, read as they are asked for; can be gone through several times."""

    def __init__(self, merger: TensorMerger, plan: TensorPlan, params: Params, models: Sequence[Params]) -> None:
        self.merger, self.plan = merger, plan
        short = merger.method.pieces == "short"
        self.shape = plan.shape or (1,)
        """Of the weight; a scalar is one entry, so that no method meets it."""
        self.spans = list(spans(plan.shape, short))
        self.columns = self.spans[0].columns if self.spans else False
        self._statistics = (_statistics(merger, params), tuple(_statistics(merger, model) for model in models))
        self._only: tuple[Piece, Any] | None = None

    def __iter__(self) -> Iterator[Piece]:
        for span in self.spans:
            yield self.piece(span)[0]

    def piece(self, span: Span) -> tuple[Piece, Any]:
        """A piece, and what its merge is compared with."""
        if len(self.spans) > 1:
            return self._piece(span)
        self._only = self._only or self._piece(span)  # kept: measuring and merging read it once
        return self._only

    def sampled(self, every: int) -> Iterator[Piece]:
        """The pieces' entries at multiples of ``every``, counted over the whole weight; the others are not read."""
        for span in self.spans:
            yield self._piece(span, every)[0]

    def _piece(self, span: Span, every: int | None = None) -> tuple[Piece, Any]:
        merger, name = self.merger, self.plan.name
        shape = self.shape[::-1] if span.columns else self.shape
        here: tuple[int, ...] = (span.stop - span.start, *shape[1:])
        start, entries = span.start * math.prod(here[1:]), None
        if every is not None:
            entries = slice(-start % every, math.prod(here), every)
            here = (len(range(*entries.indices(math.prod(here)))),)
        models = self._room((len(merger.names), *here))  # [K, *here]
        for k, model in enumerate(merger.names):
            self._read(model, span, models[k : k + 1].reshape(here), entries)
        if merger.reference in merger.names:
            k = merger.names.index(merger.reference)
            reference = models[k : k + 1].reshape(here)  # of one entry too an array
        else:
            reference = self._read(merger.reference, span, self._room(here), entries)
        base = reference if merger.has_base else self._zeros(here)
        digests = tuple(merger.digests[model] for model in merger.names)
        whole, each = self._statistics
        return WeightOf(name, base, models, merger.seed, digests, start, shape, None, whole, each), reference

    def _room(self, shape: tuple[int, ...]) -> Any:
        merger = self.merger
        return np.empty(shape, np.float32) if merger.on_arrays else torch.empty(shape, device=merger.device)

    def _zeros(self, shape: tuple[int, ...]) -> Any:
        if self.merger.on_arrays:
            return np.zeros(shape, np.float32)
        return torch.zeros((), device=self.merger.device).expand(shape)

    def _read(self, model: str, span: Span, out: Any, entries: slice | None) -> Any:
        read = read_array if self.merger.on_arrays else read_tensor
        return read(self.merger.readers[model], model, self.plan.name, span, out, entries)


def _statistics(merger: TensorMerger, params: Params) -> Statistics | None:
    name = getattr(params, "statistics", None)
    return merger.statistics[name] if name is not None else None
