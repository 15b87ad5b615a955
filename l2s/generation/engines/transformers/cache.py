"""RowCache: keys and values of rows that come and go, each row at its own length.

Every row starts at slot 0 and grows to the right; slots past its length are masked. The length handed
to attention is a multiple of 64. Both together make a row's numbers independent of which other rows
are in the batch (the same sums in the same order, bit for bit), so that a killed, sharded or reordered
run gives the same answers. Memory grows in blocks; nothing is re-padded or copied per token.
"""

import torch
from torch import Tensor

BLOCK = 64
"""Slots are handed out in blocks of this many: vectorised sums then never end in an odd tail."""


class RowCache:
    """Stands in for transformers' cache: the model calls :meth:`update`, the decoder the rest."""

    def __init__(self, layers: int) -> None:
        self.keys: list[Tensor] = [torch.empty(0)] * layers
        self.values: list[Tensor] = [torch.empty(0)] * layers
        self.positions = torch.empty(0, dtype=torch.long)
        self.length = 0

    def expect(self, positions: Tensor) -> Tensor:
        """Say where the next tokens stand, ``[rows, new]``; return the attention mask, ``[rows, 1, new, slots]``."""
        self.positions = positions
        self.length = blocks(int(positions.max()) + 1)
        slots = torch.arange(self.length, device=positions.device)
        return (slots <= positions[:, :, None])[:, None]

    def update(self, keys: Tensor, values: Tensor, layer: int, *_: object, **__: object) -> tuple[Tensor, Tensor]:
        """Store new keys and values, ``[rows, heads, new, width]``; return all up to the expected length."""
        if self.keys[layer].numel() == 0:
            self.keys[layer], self.values[layer] = _slots(keys, self.length), _slots(values, self.length)
        elif self.keys[layer].shape[2] < self.length:
            self.keys[layer] = _widened(self.keys[layer], self.length)
            self.values[layer] = _widened(self.values[layer], self.length)
        for stored, new in ((self.keys[layer], keys), (self.values[layer], values)):
            if new.shape[2] == 1:
                rows = torch.arange(len(new), device=new.device)
                stored[rows, :, self.positions[:, 0]] = new[:, :, 0]
            else:
                stored[:, :, : new.shape[2]] = new
        return self.keys[layer][:, :, : self.length], self.values[layer][:, :, : self.length]

    def get_seq_length(self, *_: object) -> int:
        """Refused: rows have lengths of their own. Positions and masks are given, so a model that asks needs more."""
        raise NotImplementedError("the model asks its cache for one length of all rows")

    def keep(self, rows: Tensor) -> None:
        """Drop all other rows."""
        self.keys = [stored[rows] for stored in self.keys]
        self.values = [stored[rows] for stored in self.values]

    def extend(self, other: "RowCache") -> None:
        """Take in the rows of another cache, after its prompts have been read."""
        if self.keys[0].numel() == 0:
            self.keys, self.values = other.keys, other.values
            return
        self.keys = [_joined(a, b) for a, b in zip(self.keys, other.keys, strict=True)]
        self.values = [_joined(a, b) for a, b in zip(self.values, other.values, strict=True)]

    def empty_rows(self, count: int) -> "RowCache":
        """A cache of ``count`` empty rows like those of this one."""
        padding = RowCache(len(self.keys))
        padding.keys = [stored.new_zeros(count, *stored.shape[1:]) for stored in self.keys]
        padding.values = [stored.new_zeros(count, *stored.shape[1:]) for stored in self.values]
        return padding

    @property
    def bytes_a_token(self) -> int:
        """What one token of one row takes."""
        stored = [*self.keys, *self.values]
        return sum(tensor[0, :, 0].numel() * tensor.itemsize for tensor in stored)


def blocks(length: int) -> int:
    """``length`` rounded up to whole blocks."""
    return -(-length // BLOCK) * BLOCK


def _slots(new: Tensor, length: int) -> Tensor:
    """Empty ones for rows, heads and widths like those of ``new``; keys and values may differ in all but rows."""
    return new.new_zeros(new.shape[0], new.shape[1], length, new.shape[3])


def _widened(stored: Tensor, length: int) -> Tensor:
    wide = stored.new_zeros(*stored.shape[:2], length, stored.shape[3])
    wide[:, :, : stored.shape[2]] = stored
    return wide


def _joined(one: Tensor, two: Tensor) -> Tensor:
    length = max(one.shape[2], two.shape[2])
    return torch.cat([part if part.shape[2] == length else _widened(part, length) for part in (one, two)])
