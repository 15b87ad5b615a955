"""TIES-Merging: trim each task vector, elect a sign per entry, sum those that agree.

Yadav et al. 2023, arXiv:2306.01708, algorithm 1, with mergekit's weights. Trimming is per weight unless
``scope: global`` asks for the paper's cut over the whole model; per weight is what mergekit and the
long-to-short paper's code (arXiv:2503.20641) do.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import numpy as np
from pydantic import Field

from l2s.core.lazy import Tensor, torch
from l2s.core.params import Params
from l2s.merging.kernels.fused import FusedKernel
from l2s.merging.method import Distances, Floats, ForEachWeight, Merged, Weight, merge_method
from l2s.merging.ops.ranking import at_least
from l2s.merging.ops.rescale import l1_factors, l1_of, stretched
from l2s.merging.ops.selection import kth_smallest
from l2s.merging.ops.sums import elected_sum, onto


class TiesModel(Params):
    """Parameters of each model."""

    weight: float = 1.0
    density: float = Field(1.0, gt=0, le=1)
    """Share of the task vector kept, by magnitude."""


class TiesParams(Params):
    """Parameters of the whole merge."""

    normalize: bool = True
    """Divide by the agreeing models' weights. With one model the weight then cancels: use lambda."""
    scale: float = Field(1.0, alias="lambda")
    """λ, the factor on the merged task vector."""
    rescale: bool | Literal["l1"] = False
    """True or ``l1``: stretch what is kept to the task vector's L1 norm, as mergekit does."""
    tie_rule: Literal["threshold", "exact"] = "threshold"
    """Equal magnitudes at the cut: ``threshold`` keeps them all, ``exact`` as many as the density says."""
    scope: Literal["tensor", "global"] = "tensor"
    """What a density is a share of: each weight on its own, or the whole model (the TIES paper)."""


@dataclass(frozen=True)
class Cuts:
    """Where each of K task vectors is cut."""

    thresholds: list[float]
    """Magnitudes; what is at least as large is kept."""
    spare: dict[tuple[str, int], list[int]]
    """``exact``: by a piece's name and start, how many entries equal to the threshold it may keep."""
    stretch: dict[str, list[float]]
    """``rescale``: by weight, the factor on what is kept."""


def measure(each: ForEachWeight, params: TiesParams, models: Sequence[TiesModel]) -> Cuts:
    """Where to cut: the exact order statistics of the task vectors' magnitudes."""
    densities = [Decimal(str(model.density)) for model in models]  # as written: 1 - 0.9 in binary loses an entry
    exact = params.tie_rule == "exact"

    def ranks(n: int) -> list[int]:
        """``threshold``: k = ⌊(1 − d) n⌋, so n − k + 1 entries survive, and all equal ones; k = 0 keeps all.

        That is the long-to-short paper's rule. ``exact``: ⌊d n⌋ survive, at least one.
        """
        return [n - max(1, int(n * d)) + 1 if exact else int(n * (1 - d)) for d in densities]

    thresholds = [0.0] * len(models)
    if densities != [1] * len(models):
        thresholds = kth_smallest(each, lambda piece: piece.magnitudes, ranks)
    cuts = Cuts(thresholds, _spare(each, thresholds, densities) if exact else {}, {})
    if not params.rescale:
        return cuts
    factors = l1_factors(each, lambda piece: (l1_of(piece.magnitudes), l1_of(trimmed(piece, cuts))))
    return Cuts(thresholds, cuts.spare, {name: by for each_weight in factors for name, by in each_weight.items()})


def fused(name: str, measured: Cuts, params: TiesParams, models: Sequence[TiesModel]) -> FusedKernel | None:
    """The method as a fused kernel; not for ``exact``, which counts."""
    if measured.spare:
        return None
    return FusedKernel(
        [model.weight for model in models], thresholds=measured.thresholds, factors=measured.stretch.get(name),
        elects=True, normalize=params.normalize, scale=params.scale,
    )  # fmt: skip


@merge_method(
    TiesParams, TiesModel, paper="arXiv:2306.01708",
    measure=measure, spans_model=lambda params: params.scope == "global", fused=fused,
)  # fmt: skip
def ties(weight: Weight, params: TiesParams, models: Sequence[TiesModel]) -> Merged:
    """θ₀ + λ times the mean of those trimmed task vectors that agree with the elected sign."""
    cuts: Cuts = weight.measured
    trimmed = trim(weight, cuts)  # [K, *shape]
    if cuts.stretch:
        trimmed = stretched(trimmed, cuts.stretch[weight.name])
    merged = elected_sum(trimmed, [model.weight for model in models], params.normalize)  # [*shape]
    return Merged(onto(weight.base, merged, params.scale), trimmed)


def trim(weight: Weight, cuts: Cuts) -> Tensor:
    """Zero what lies below the cut; ``[K, *shape]``."""
    vectors = weight.task_vectors
    kept = torch.empty_like(vectors)
    for k, threshold in enumerate(cuts.thresholds):
        kept[k] = at_least(vectors[k], threshold)
    for k, quota in enumerate(cuts.spare.get((weight.name, weight.start), [])):
        row = kept.reshape(len(kept), -1)[k]
        at_the_cut = abs(row) == cuts.thresholds[k]
        row[at_the_cut & (at_the_cut.cumsum(0) > quota)] = 0.0
    return kept


def trimmed(piece: Weight | Distances, cuts: Cuts) -> Floats:
    """What :func:`trim` leaves of the magnitudes, ``[K, entries]``."""
    left, quotas = piece.magnitudes.copy(), cuts.spare.get((piece.name, piece.start))
    for k, (row, threshold) in enumerate(zip(left, cuts.thresholds, strict=True)):
        row[row < threshold] = 0.0
        if quotas is not None:
            at_the_cut = row == threshold
            row[at_the_cut & (at_the_cut.cumsum() > quotas[k])] = 0.0
    return left


def _spare(
    each: ForEachWeight, thresholds: list[float], densities: Sequence[Decimal]
) -> dict[tuple[str, int], list[int]]:
    """How many entries equal to the threshold each piece may keep: the earlier ones, until ⌊d n⌋ are kept."""

    def counted(pieces: Iterable[Weight | Distances]) -> list[tuple[tuple[str, int], int, list[int], list[int]]]:
        """Of each piece: place, entries, and by model those above and at the threshold."""
        found = []
        for piece in pieces:
            rows = list(zip(piece.magnitudes, thresholds, strict=True))
            above = [int(np.count_nonzero(row > cut)) for row, cut in rows]
            equal = [int(np.count_nonzero(row == cut)) for row, cut in rows]
            found.append(((piece.name, piece.start), rows[0][0].size, above, equal))
        return found

    counts = [count for of_weight in each(counted) for count in of_weight]
    total = sum(entries for _, entries, _, _ in counts)
    left = [max(1, int(total * d)) - sum(above[k] for _, _, above, _ in counts) for k, d in enumerate(densities)]
    spare = {}
    for place, _, _, equal in counts:
        spare[place] = [min(here, quota) for here, quota in zip(equal, left, strict=True)]
        left = [quota - here for quota, here in zip(left, spare[place], strict=True)]
    return spare
