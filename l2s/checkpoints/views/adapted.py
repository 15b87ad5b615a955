"""AdaptedCheckpoint: a base and a LoRA adapter, read as the one model that they are together."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from l2s.checkpoints.checkpoint import Checkpoint
from l2s.checkpoints.files.index import WeightIndex, listed, natural
from l2s.checkpoints.model.language import with_rows, with_tie
from l2s.checkpoints.model.parts import is_head
from l2s.checkpoints.model.tokenizer import has_tokenizer
from l2s.checkpoints.reader import CheckpointReader, Reader
from l2s.checkpoints.views.adapter import WEIGHTS, Adapter, LowRank
from l2s.core.digests import digest_lines
from l2s.core.errors import CheckpointError
from l2s.core.lazy import Tensor


@dataclass(frozen=True)
class AdaptedCheckpoint(Checkpoint):
    """The model that a base at ``path`` and an adapter are together; nothing is written anywhere.

    Its tokenizer is the adapter folder's, if one lies there, else the base's. Where the adapter
    changes a tied embedding or head, the model has a head of its own: that is how the adapter was
    trained, with one of the two changed and the other not.
    """

    adapter: Adapter

    @property
    def folders(self) -> tuple[Path, ...]:
        """Base and adapter."""
        return (self.path, self.adapter.path)

    @property
    def tokenizer_folder(self) -> Path:
        """The adapter's, if it holds a tokenizer."""
        return self.adapter.path if has_tokenizer(self.adapter.path) else self.path

    @cached_property
    def base(self) -> Checkpoint:
        """The model without the adapter."""
        return Checkpoint(self.path)

    @cached_property
    def changed(self) -> set[str]:
        """Names of the tensors that differ from the base's."""
        return self.adapter.low_rank.keys() | self.adapter.replaced.keys()

    @cached_property
    def index(self) -> WeightIndex:
        """The base's tensors, with the shapes they have under the adapter; formats are the base's.

        Raises:
            CheckpointError: the adapter changes tensors that the base lacks, or has other shapes.
        """
        base, problems = self.base, list[str]()
        entries = {name: base.entry(name) for name in base.names()}
        if self._unties:
            entries[self.head] = base.entry(self.head)._replace(name=self.head)
        if strange := sorted(self.changed - entries.keys()):
            problems.append(f"changes {listed(strange)}, which {self.path} lacks")
        entries |= {n: entry._replace(name=n) for n, entry in self.adapter.replaced.items() if n in entries}
        for name in self.adapter.low_rank.keys() & entries.keys():
            shape, found = self._shape(self.adapter.low_rank[name]), entries[name].shape
            if found != shape:
                problems.append(f"fits {name} of shape {list(shape)}, {self.path} has {list(found)}")
        rows = {name: entries[name].shape[0] for name in (base.embedding, self.head) if name in entries}
        if len(set(rows.values())) > 1:
            what = ", ".join(f"{name} {count}" for name, count in rows.items())
            problems.append(f"leaves vocabularies of different sizes ({what} rows); save both with the adapter")
        if problems:
            raise CheckpointError("; ".join(f"{self.adapter.path / WEIGHTS}: {problem}" for problem in problems))
        return WeightIndex(self.path, {n: entries[n] for n in sorted(entries, key=natural)}, base.index.notes)

    @cached_property
    def config(self) -> dict[str, Any]:
        """The base's, with the rows and the head that the model has."""
        config = with_tie(self.base.config, False if self._unties else None)
        if self.base.embedding not in self.adapter.replaced:
            return config
        return with_rows(config, self.index.entries[self.base.embedding].shape[0], self.base.rows)

    @cached_property
    def head(self) -> str:
        """The base's; of a tied one, what the adapter calls it."""
        named = (name for name in sorted(self.changed) if is_head(name) and name.endswith(".weight"))
        return next(named, self.base.head)

    @cached_property
    def tied(self) -> bool:
        """Is the embedding also the head?"""
        return self.base.tied and not self._unties

    @cached_property
    def _unties(self) -> bool:
        tied_on_purpose = self.adapter.config.get("ensure_weight_tying") is True
        return self.base.tied and not tied_on_purpose and bool(self.changed & {self.head, self.base.embedding})

    def _hash_weights(self, algorithm: str, threads: int | None) -> str:
        """Digest of the base's weights, the adapter's tensors, and what the adapter's config makes of them."""
        changes = {name: [c.a, c.b, c.scale, c.transposed] for name, c in sorted(self.adapter.low_rank.items())}
        weights = [model.digest_weights(algorithm, threads) for model in (self.base, self.adapter)]
        return digest_lines([*weights, json.dumps(changes), str(self.tied)], algorithm)

    def _shape(self, change: LowRank) -> tuple[int, ...]:
        entries = self.adapter.index.entries
        shape = (entries[change.b].shape[0], entries[change.a].shape[1])
        return shape[::-1] if change.transposed else shape


class AdaptedReader(Reader):
    """Reads the tensors of a base under an adapter, row by row as they are asked for.

    What the adapter changes comes as float32, W + scale · B A; the rest as stored.
    """

    def __init__(self, checkpoint: AdaptedCheckpoint) -> None:
        self._adapter = checkpoint.adapter
        self._base, self._changes = CheckpointReader(checkpoint.base), CheckpointReader(checkpoint.adapter)
        super().__init__(checkpoint, (self._base, self._changes))

    def read(self, name: str) -> Tensor:
        """A whole tensor."""
        entry = self.checkpoint.entry(name)
        return self.rows(name, 0, entry.shape[0]) if entry.shape else self._stored(entry.name)

    def rows(self, name: str, start: int, stop: int) -> Tensor:
        """Rows ``start`` to ``stop`` of a tensor (entries, if it has one dimension); only those are computed."""
        name = self.checkpoint.entry(name).name  # the embedding's, for a tied head
        stored = self._stored(name)[start:stop]
        change = self._adapter.low_rank.get(name)
        if change is None:
            return stored
        a, b = self._changes.read(change.a), self._changes.read(change.b)  # [r, in], [out, r]
        left, right = (a.T[start:stop], b.T) if change.transposed else (b[start:stop], a)
        return stored.float() + change.scale * (left.float() @ right.float())

    def _stored(self, name: str) -> Tensor:
        if name in self._adapter.replaced:
            return self._changes.read(self._adapter.replaced[name].name)
        return self._base.read(name)
