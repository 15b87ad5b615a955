"""What a merge did to one tensor, in numbers, summed up piece by piece."""

import math
from collections.abc import Sequence
from functools import reduce
from operator import or_

import numpy as np

from l2s.core.lazy import Tensor, torch
from l2s.core.params import Params
from l2s.merging.kernels import kernels
from l2s.merging.kernels.arrays import Counts, Doubles
from l2s.merging.method import Floats, Merged, Weight


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


class Tally:
    """Sums over the pieces of one tensor. Pieces are cut alike everywhere, so the sums repeat to the bit."""

    def __init__(self, models: int) -> None:
        self.entries = self.undone = 0
        self.squares = np.zeros(1 + models)
        """Squares of the lengths of merged − reference, and of each of K task vectors."""
        self.counts = np.zeros(3 + models, np.int64)
        """Entries moved, and still moved after rounding; in conflict; of each of K summands, not 0."""

    def add(self, weight: Weight, merged: Merged, stored: Tensor, reference: Tensor, held: Tensor) -> None:
        """Count one piece.

        Args:
            weight: what was merged, K task vectors.
            merged: float32, before rounding.
            stored: the same as it is written, float32 again.
            reference: float32, ``[*shape]``.
            held: the reference as the stored format holds it, float32.
        """
        if reference.device.type == "cpu":
            squares, counts = np.zeros_like(self.squares), np.zeros_like(self.counts)
            kernels.tally(
                _flat(merged.value), _flat(reference), _flat(stored), _flat(held), _flat(weight.base),
                _rows(weight.models), _rows(merged.summands), squares, counts,
            )  # fmt: skip
        else:
            squares, counts = _tallied_elsewhere(
                merged.value, reference, stored, held, weight.base, weight.models, merged.summands
            )
        self.count(math.prod(reference.shape), squares, counts)

    @property
    def finite(self) -> bool:
        """Is no length beyond float32?"""
        return bool(np.isfinite(self.squares).all())

    def count(self, entries: int, squares: Doubles, counts: Counts) -> None:
        """Count one piece of which :func:`l2s.merging.kernels.kernels.tally` says so much."""
        self.entries += entries
        self.squares += squares
        self.counts += counts
        self.undone += max(0, int(counts[0] - counts[1]))

    def summed_up(self, names: Sequence[str], digest: str, dtype: str, shape: tuple[int, ...]) -> TensorDiagnostics:
        """What the tensor's pieces add up to.

        Args:
            names: of the K models.
            digest: of the bytes written.
            dtype: safetensors' word for the stored format.
            shape: of the tensor.
        """
        lengths = [_rounded(math.sqrt(square)) for square in self.squares]
        conflicts, *kept = (int(count) for count in self.counts[2:])
        models = {
            name: ModelDiagnostics(delta_norm=length, kept_share=self._share(count))
            for name, length, count in zip(names, lengths[1:], kept, strict=True)
        }
        return TensorDiagnostics(
            digest=digest,
            dtype=dtype,
            shape=shape,
            delta_norm=lengths[0],
            kept_share=self._share(sum(kept) / max(1, len(kept))),
            sign_conflict_share=self._share(conflicts),
            unchanged_share=self._share(self.undone),
            models=models,
        )

    def _share(self, entries: float) -> float:
        return _rounded(entries / max(1, self.entries))


def _flat(values: Tensor) -> Floats:
    """A tensor as a NumPy array; of a tensor that lies in order its memory."""
    return np.ascontiguousarray(values.numpy()).reshape(-1)


def _rows(values: Tensor) -> Floats:
    """``[K, *shape]`` as K rows."""
    return _flat(values).reshape(len(values), -1) if values.numel() else np.empty((len(values), 0), np.float32)


def _tallied_elsewhere(
    merged: Tensor, reference: Tensor, stored: Tensor, held: Tensor, base: Tensor, models: Tensor,
    summands: Tensor,
) -> tuple[Doubles, Counts]:  # fmt: skip
    """What :func:`l2s.merging.kernels.kernels.tally` adds, by torch on the tensors' device."""
    vectors = [merged - reference, *(model - base for model in models)]
    squares = [float(torch.linalg.vector_norm(vector)) ** 2 for vector in vectors]
    both = reduce(or_, [row > 0 for row in summands]) & reduce(or_, [row < 0 for row in summands])
    flags = [merged != reference, stored != held, both, *(row != 0 for row in summands)]
    return np.array(squares), np.array([int(flag.count_nonzero()) for flag in flags])


def _rounded(number: float) -> float:
    return float(f"{number:.7g}")
