"""FusedKernel: what a method does to a bfloat16 weight, said in words that one compiled loop can follow.

The result is, to the bit, the one that the method's own function gives of arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from l2s.checkpoints.reader import Place
from l2s.core.files import LINE
from l2s.merging.kernels import kernels
from l2s.merging.kernels.arrays import Counts, Doubles, Flags, Halves

READ = 1 << 17
"""Entries that are read at once, whole chunks of the kernel: they stay in the second cache."""


@dataclass(frozen=True)
class FusedKernel:
    """Base plus a sum of K thinned task vectors, or a sum of the models themselves."""

    weights: Sequence[float]
    """The weight of each model, or of its task vector."""
    base_share: float | None = None
    """The base's weight, where models are summed up; None: task vectors are."""
    thresholds: Sequence[float] | None = None
    """Kept is of each task vector what is at least as large in magnitude."""
    densities: Sequence[float] | None = None
    """Kept is of each task vector what is drawn with that chance."""
    factors: Sequence[float] | None = None
    """On what is kept of each task vector."""
    elects: bool = False
    """Sum what agrees with the elected sign."""
    normalize: bool = False
    """Over the weights of what agrees."""
    scale: float = 1.0
    """On the sum of task vectors."""

    def run(
        self, places: Sequence[Place], first: int, entries: int, has_base: bool, masks: Flags | None
    ) -> tuple[Halves, Doubles, Counts]:
        """Read and merge some entries of a weight.

        Args:
            places: where they lie in bfloat16, those of the reference, which is the base if there is one, and of K
                models.
            first: the number of the first of them.
            entries: how many there are.
            has_base: is there one?
            masks: for ``densities``: what is kept of each task vector, ``[K, entries]``.

        Returns:
            What is merged, and what :func:`l2s.merging.kernels.kernels.tally` adds up: squares are not finite if any
            entry is not.

        Raises:
            CheckpointError: a file ended before, or cannot be read.
        """
        count, width = len(self.weights), READ + LINE // 2
        keeps = -1 if self.base_share is not None else 1 if self.thresholds else 2 if masks is not None else 0
        out, squares, counts = np.empty(entries, np.uint16), np.zeros(1 + count), np.zeros(3 + count, np.int64)
        memory = kernels.aligned_empty(len(places) * width, np.uint16)
        firsts = [row * width + place.start % LINE // 2 for row, place in enumerate(places)]  # copies are faster so
        weights, factors = np.array(self.weights, np.float32), np.array(self.factors or [1.0] * count, np.float32)
        thresholds = np.array(self.thresholds or [0.0] * count, np.float32)
        flags = np.empty((count, 0), np.bool_) if masks is None else masks
        for skipped in range(0, entries, READ):
            tile = out[skipped : skipped + READ]
            for place, row in zip(places, firsts, strict=True):
                place.fill(2 * (first + skipped), memory[row : row + tile.size].view(np.uint8).data)
            kernels.merge(
                memory, np.array(firsts), skipped, has_base, self.base_share or 0.0, weights, keeps, thresholds, flags,
                factors, self.elects, self.normalize, self.scale, tile, squares, counts,
            )  # fmt: skip
        return out, squares, counts
