"""Model Breadcrumbs: drop the largest and the smallest entries of each task vector, then sum.

Davari & Belilovsky 2023, arXiv:2312.06795, section 3, with mergekit's parameters: ``gamma`` is the share
of largest entries dropped, ``density`` the share that is left. Of equal magnitudes the later ranks higher.
Two departures from mergekit: where ``gamma`` comes to no entry at all, none of the largest is dropped
(mergekit's slice is then empty and erases the task vector); and at least one entry is left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import numpy as np
from pydantic import Field

from l2s.core.lazy import Tensor, torch
from l2s.core.params import Params
from l2s.merging.method import ForEachWeight, Merged, Weight, merge_method
from l2s.merging.ops.ranking import Cut, beyond, cuts_at
from l2s.merging.ops.rescale import l1, l1_factors, stretched
from l2s.merging.ops.sums import divides, weighted_sum


class BreadcrumbsModel(Params):
    """Parameters of each model."""

    weight: float = 1.0
    density: float = Field(1.0, gt=0, le=1)
    """Share of the task vector kept, ⌊d n⌋ entries, at least one."""
    gamma: float = Field(0.01, ge=0, lt=1)
    """Share of the largest entries, ⌊γ n⌋, dropped; fewer where density and gamma exceed 1."""


class BreadcrumbsParams(Params):
    """Parameters of the whole merge."""

    normalize: bool = False
    """Divide by the (agreeing) models' weights."""
    scale: float = Field(1.0, alias="lambda")
    """λ, the factor on the merged task vector."""
    rescale: bool | Literal["l1"] = False
    """True or ``l1``: stretch what is kept to the task vector's L1 norm, as mergekit does."""


@dataclass(frozen=True)
class Band:
    """What is kept of each of K task vectors."""

    low: list[Cut]
    """Dropped are the entries up to these."""
    high: list[Cut]
    """And those beyond these."""
    stretch: list[float]
    """Factors on what is kept; empty for none."""


def measure(each: ForEachWeight, params: BreadcrumbsParams, models: Sequence[BreadcrumbsModel]) -> Band:
    """Both cuts of each task vector."""

    def ranks(n: int) -> list[int]:
        bounds = [band(n, model) for model in models]
        return [low for low, _ in bounds] + [high for _, high in bounds]

    cuts = cuts_at(each, lambda piece: np.tile(piece.magnitudes, (2, 1)), ranks)
    found = Band(cuts[: len(models)], cuts[len(models) :], [])
    if not params.rescale:
        return found
    (factors,) = l1_factors(each, lambda piece: (l1(piece.task_vectors), l1(trim(piece, found))))[0].values()
    return Band(found.low, found.high, factors)


@merge_method(BreadcrumbsParams, BreadcrumbsModel, paper="arXiv:2312.06795", measure=measure, cancels=divides)
def breadcrumbs(weight: Weight, params: BreadcrumbsParams, models: Sequence[BreadcrumbsModel]) -> Merged:
    """θ₀ + λ Σₖ wₖ τ̂ₖ, τ̂ₖ the task vectors without their largest and smallest entries."""
    trimmed = as_measured(weight)
    total = weighted_sum(trimmed, [model.weight for model in models], params.normalize)
    return Merged(total.mul_(params.scale).add_(weight.base), trimmed)


def band(n: int, model: BreadcrumbsModel) -> tuple[int, int]:
    """The ranks that are kept of ``n`` entries: those above the first, up to the second."""
    kept = max(1, int(n * Decimal(str(model.density))))
    low = max(0, n - kept - int(n * Decimal(str(model.gamma))))
    return low, low + kept


def trim(weight: Weight, kept: Band) -> Tensor:
    """The K task vectors without what lies outside the band; ``[K, *shape]``."""
    start, bands = weight.start, zip(weight.task_vectors, kept.low, kept.high, strict=True)
    return torch.stack([beyond(tau, low, start) - beyond(tau, high, start) for tau, low, high in bands])


def as_measured(weight: Weight) -> Tensor:
    """The K task vectors, trimmed and stretched as was measured; ``[K, *shape]``."""
    found: Band = weight.measured
    trimmed = trim(weight, found)
    return stretched(trimmed, found.stretch) if found.stretch else trimmed
