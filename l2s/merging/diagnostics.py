"""What a merge did to one tensor, in numbers, summed up piece by piece."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any

import numpy as np
import torch
from torch import Tensor

from l2s.merging.method import Merged, Weight
from l2s.params import Params


class ModelDiagnostics(Params):
    """What one model brought to one tensor."""

    delta_norm: float
    """Euclidean length of its task vector."""
    kept_share: float
    """Share of the task vector's entries that are not zero after trimming or dropping."""


class TensorDiagnostics(Params):
    """What the merge did to one tensor, against the reference: the base, or the first model without one."""

    digest: str
    """SHA-256 of the bytes written."""
    dtype: str
    shape: tuple[int, ...]
    delta_norm: float = 0.0
    """Euclidean length of merged − reference, before rounding."""
    kept_share: float = 0.0
    """Share of all task vectors' entries that entered the sum."""
    sign_conflict_share: float = 0.0
    """Share of entries where task vectors that entered the sum point both ways."""
    unchanged_share: float = 0.0
    """Share of entries that the merge moved, and rounding to the stored format put back."""
    models: dict[str, ModelDiagnostics] = {}


@dataclass
class Tally:
    """Sums over the pieces of one tensor. Pieces are cut alike everywhere, so the sums repeat to the bit."""

    entries: int = 0
    moved: float = 0.0
    """Squared length of merged − reference."""
    undone: int = 0
    conflicts: int = 0
    lengths: list[float] = field(default_factory=list)
    """Squared lengths of the K task vectors."""
    kept: list[int] = field(default_factory=list)

    def add(self, weight: Weight, merged: Merged, stored: Tensor, reference: Tensor, exact: bool = False) -> None:
        """Count one piece.

        Args:
            weight: what was merged, K task vectors.
            merged: float32, before rounding.
            stored: as written.
            reference: float32, ``[*shape]``.
            exact: the stored format holds the reference as it is.
        """
        self.entries += reference.numel()
        self.moved += _square(merged.value - reference)
        held = reference if exact else reference.to(stored.dtype).float()
        self.undone += max(0, _differing(merged.value, reference) - _differing(stored.float(), held))
        pluses, minuses = zip(*(_signs(summand) for summand in merged.summands), strict=True)
        self.conflicts += _count(_any(pluses) & _any(minuses))
        lengths = [_square(tau) for tau in weight.task_vectors]
        kept = [_count(plus) + _count(minus) for plus, minus in zip(pluses, minuses, strict=True)]
        self.lengths = [a + b for a, b in zip(self.lengths or [0.0] * len(lengths), lengths, strict=True)]
        self.kept = [a + b for a, b in zip(self.kept or [0] * len(kept), kept, strict=True)]

    def summed_up(self, names: Sequence[str], digest: str, dtype: str, shape: tuple[int, ...]) -> TensorDiagnostics:
        """What the tensor's pieces add up to.

        Args:
            names: of the K models.
            digest: of the bytes written.
            dtype: safetensors' word for the stored format.
            shape: of the tensor.
        """
        models = {
            name: ModelDiagnostics(delta_norm=_rounded(math.sqrt(length)), kept_share=self._share(kept))
            for name, length, kept in zip(names, self.lengths, self.kept, strict=True)
        }
        return TensorDiagnostics(
            digest=digest,
            dtype=dtype,
            shape=shape,
            delta_norm=_rounded(math.sqrt(self.moved)),
            kept_share=self._share(sum(self.kept) / max(1, len(self.kept))),
            sign_conflict_share=self._share(self.conflicts),
            unchanged_share=self._share(self.undone),
            models=models,
        )

    def _share(self, entries: float) -> float:
        return _rounded(entries / max(1, self.entries))


def _square(vector: Tensor) -> float:
    return float(torch.linalg.vector_norm(vector)) ** 2


Flags = Any
"""Truth values, one an entry: NumPy's on the CPU, where it compares several times faster than torch."""


def _comparable(tensor: Tensor) -> Any:
    return tensor.numpy() if tensor.device.type == "cpu" else tensor


def _differing(left: Tensor, right: Tensor) -> int:
    return _count(_comparable(left) != _comparable(right))


def _signs(vector: Tensor) -> tuple[Flags, Flags]:
    entries = _comparable(vector)
    return entries > 0, entries < 0


def _any(flags: Sequence[Flags]) -> Flags:
    return reduce(or_, flags)


def _count(flags: Flags) -> int:
    return int(np.count_nonzero(flags) if isinstance(flags, np.ndarray | np.bool_) else flags.count_nonzero())


def _rounded(number: float) -> float:
    return float(f"{number:.7g}")
