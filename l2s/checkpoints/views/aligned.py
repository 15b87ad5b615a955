"""AlignedCheckpoint: a model read in the rows of another vocabulary."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from l2s.checkpoints.checkpoint import Checkpoint, has_rows
from l2s.checkpoints.files.dtypes import torch_dtype
from l2s.checkpoints.files.index import WeightIndex
from l2s.checkpoints.reader import Reader
from l2s.core.lazy import Tensor, torch

BLOCK = 1 << 12
"""Rows that are averaged at a time."""
Rows = NDArray[np.int64]
MEAN = -1
"""Origin of a row that no model has: the mean of the rows that stand for tokens, as mergekit fills up a vocabulary."""
ZERO = -2
"""Origin of a row that shall be zeros."""


@dataclass(frozen=True, eq=False)
class RowMap:
    """Where each row of the merged vocabulary comes from."""

    origins: Rows
    """int64 ``[rows]``: place of a model among ``sources``, :data:`MEAN`, or :data:`ZERO`."""
    rows: Rows
    """int64 ``[rows]``: row of that model."""
    tokens: int
    """The first so many rows, as far as a model has them, are those whose mean fills the rest."""

    @property
    def count(self) -> int:
        """Rows of the merged vocabulary."""
        return len(self.rows)

    def runs(self, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
        """Runs of rows that lie side by side in one model: origin, first row there, number of rows."""
        origins, rows = self.origins[start:stop], self.rows[start:stop]
        follows = (origins[1:] == origins[:-1]) & ((rows[1:] == rows[:-1] + 1) | (origins[1:] == MEAN))
        cuts = [0, *(np.flatnonzero(~follows) + 1).tolist(), stop - start]
        for here, there in pairwise(cuts):
            yield int(origins[here]), int(rows[here]), there - here


@dataclass(frozen=True, eq=False)
class AlignedCheckpoint(Checkpoint):
    """A model whose embedding and head have the merged vocabulary's rows; all else is the model's own.

    Digests are the model's own too: what it is does not depend on what it is merged with.
    """

    model: Checkpoint
    row_map: RowMap
    sources: tuple[Checkpoint, ...]
    """Models whose rows are read, this one among them."""

    @property
    def folders(self) -> tuple[Path, ...]:
        """Every folder that is read."""
        return self.model.folders

    @property
    def tokenizer_folder(self) -> Path:
        """Where its tokenizer and chat template lie."""
        return self.model.tokenizer_folder

    @cached_property
    def index(self) -> WeightIndex:
        """Its tensors, in the merged vocabulary's rows."""
        own = self.model.index
        entries = {
            name: entry._replace(shape=(self.row_map.count, *entry.shape[1:])) if has_rows(self.model, name) else entry
            for name, entry in own.entries.items()
        }
        return WeightIndex(own.folder, entries, own.notes)

    @cached_property
    def config(self) -> dict[str, Any]:
        """The model's own."""
        return self.model.config

    @cached_property
    def tied(self) -> bool:
        """Is the embedding also the head?"""
        return self.model.tied

    def _hash_weights(self, algorithm: str, threads: int | None) -> str:
        """The model's own."""
        return self.model.digest_weights(algorithm, threads)


class AlignedReader(Reader):
    """Reads a model in the merged vocabulary's rows: embedding and head are put together, the rest is as stored.

    Where the rows come from models of different formats, they come as float32.
    """

    def __init__(self, checkpoint: AlignedCheckpoint, sources: Sequence[Reader]) -> None:
        super().__init__(checkpoint, sources)
        self._aligned, self._map = checkpoint, checkpoint.row_map
        self._own = sources[checkpoint.sources.index(checkpoint.model)]
        self._means: dict[str, Tensor] = {}
        self._averaging = threading.Lock()

    def read(self, name: str) -> Tensor:
        """A whole tensor."""
        return self.rows(name, 0, self._map.count) if has_rows(self._aligned.model, name) else self._own.read(name)

    def rows(self, name: str, start: int, stop: int) -> Tensor:
        """Rows ``start`` to ``stop`` of a tensor (entries, if it has one dimension)."""
        if not has_rows(self._aligned.model, name):
            return self._own.rows(name, start, stop)
        pieces = [self._run(name, *run) for run in self._map.runs(start, min(stop, self._map.count))]
        if len(pieces) == 1:
            return pieces[0]
        formats = {piece.dtype for piece in pieces}
        return torch.cat(pieces if len(formats) == 1 else [piece.float() for piece in pieces])

    def _run(self, name: str, origin: int, first: int, count: int) -> Tensor:
        if origin >= 0:
            return self._parts[origin].rows(self._stored(origin, name), first, first + count)
        if origin == ZERO:
            entry = self.checkpoint.entry(name)
            return torch.zeros((count, *entry.shape[1:]), dtype=torch_dtype(entry.dtype))
        mean = self._mean(name)
        return mean.expand(count, *mean.shape)

    def _stored(self, origin: int, name: str) -> str:
        """The name in another model: its embedding may be called otherwise, its head may be tied."""
        if name == self._aligned.model.embedding:
            return self._aligned.sources[origin].embedding or name
        return name

    def _mean(self, name: str) -> Tensor:
        """Mean of the rows that stand for a token, summed in float64, in the model's own format."""
        with self._averaging:
            if name not in self._means:
                runs = [run for run in self._map.runs(0, self._map.tokens) if run[0] >= 0]
                pieces = [(origin, at, min(BLOCK, first + count - at)) for origin, first, count in runs
                          for at in range(first, first + count, BLOCK)]  # fmt: skip
                total = torch.zeros(self.checkpoint.entry(name).shape[1:], dtype=torch.float64)
                for piece in pieces:
                    total += self._run(name, *piece).double().sum(0)
                dtype = torch_dtype(self.checkpoint.entry(name).dtype)
                self._means[name] = (total / sum(count for _, _, count in pieces)).to(dtype)
            return self._means[name]
