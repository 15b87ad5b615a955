"""DARE: drop entries of each task vector at random and rescale the rest, then sum (arXiv:2311.03099).

The rest is multiplied by 1/density, so that the expected task vector stays; ``rescale: l1`` matches
the L1 norm instead, as mergekit does, which in a short weight can be far from 1/density.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from l2s.core.lazy import Tensor, torch
from l2s.core.params import Params
from l2s.merging.kernels.fused import FusedKernel
from l2s.merging.method import Distances, Floats, ForEachWeight, Merged, Weight, merge_method
from l2s.merging.ops.rescale import l1_factors, l1_of, stretched
from l2s.merging.ops.sums import divides, factors, onto, plain_sum


class DareModel(Params):
    """Parameters of each model."""

    weight: float = 1.0
    density: float = Field(1.0, ge=0, le=1)
    """Chance of an entry to be kept: 1 − p. At 0 the model contributes nothing."""


class DareParams(Params):
    """Parameters of the whole merge."""

    normalize: bool = False
    """Divide by the (agreeing) models' weights."""
    scale: float = Field(1.0, alias="lambda")
    """λ, the factor on the merged task vector."""
    rescale: bool | Literal["l1"] = True
    """True: by 1/density. ``l1``: to the L1 norm before. False: not at all."""


def measure(each: ForEachWeight, params: DareParams, models: Sequence[DareModel]) -> list[float]:
    """The factor on each model's thinned task vector."""
    if params.rescale == "l1":
        found = l1_factors(each, lambda piece: (l1_of(piece.magnitudes), l1_of(dropped(piece, models))))
        return next(iter(found[0].values()))
    return [1 / model.density if params.rescale and model.density > 0 else 1.0 for model in models]


def fused(name: str, measured: list[float], params: DareParams, models: Sequence[DareModel]) -> FusedKernel:
    """The method as a fused kernel."""
    weights = factors([model.weight for model in models], params.normalize)
    return FusedKernel(weights, densities=[model.density for model in models], factors=measured, scale=params.scale)


@merge_method(
    DareParams, DareModel, paper="arXiv:2311.03099", measure=measure, fused=fused, sha256_masks=True, cancels=divides
)  # fmt: skip
def dare_linear(weight: Weight, params: DareParams, models: Sequence[DareModel]) -> Merged:
    """θ₀ + λ Σₖ wₖ τ̂ₖ, τ̂ₖ the thinned task vectors."""
    thinned = stretched(drop(weight, models), weight.measured)
    total = plain_sum(thinned, factors([model.weight for model in models], params.normalize))
    return Merged(onto(weight.base, total, params.scale), thinned)


def dropped(piece: Weight | Distances, models: Sequence[DareModel]) -> Floats:
    """What :func:`drop` leaves of the magnitudes, ``[K, entries]``."""
    left = piece.magnitudes.copy()
    for k, model in enumerate(models):
        flags = piece.bernoulli_mask(k, model.density)
        left[k] *= flags if isinstance(flags, np.ndarray) else flags.flatten().cpu().numpy()
    return left


def drop(weight: Weight, models: Sequence[DareModel]) -> Tensor:
    """The K task vectors, each entry kept with its model's density; ``[K, *shape]``."""
    vectors = weight.task_vectors
    thinned = torch.empty_like(vectors)
    for k, model in enumerate(models):
        if model.density in (0.0, 1.0):  # nothing is drawn
            thinned[k] = vectors[k] if model.density else 0.0
        else:
            torch.mul(vectors[k], weight.bernoulli_mask(k, model.density), out=thinned[k])
    return thinned
