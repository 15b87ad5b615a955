"""DARE: drop entries of each task vector at random and rescale the rest, then sum (arXiv:2311.03099).

The rest is multiplied by 1/density, so that the expected task vector stays; ``rescale: l1`` matches
the L1 norm instead, as mergekit does, which in a short weight can be far from 1/density.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from l2s.lazy import torch
from l2s.merging import kernels
from l2s.merging.loop import Loop
from l2s.merging.method import Each, Entries, MergedOf, WeightOf, merge_method
from l2s.merging.rescale import l1_factors, stretched
from l2s.merging.sums import factors, onto, rows_of, weighted_sum
from l2s.params import Params


class DareModel(Params):
    """Of each model."""

    weight: float = 1.0
    density: float = Field(1.0, ge=0, le=1)
    """Chance of an entry to be kept: 1 − p. At 0 the model contributes nothing."""


class DareParams(Params):
    """Of the whole merge."""

    normalize: bool = False
    """Divide by the (agreeing) models' weights."""
    scale: float = Field(1.0, alias="lambda")
    """λ, the factor on the merged task vector."""
    rescale: bool | Literal["l1"] = True
    """True: by 1/density. ``l1``: to the L1 norm before. False: not at all."""


def measure(each: Each, params: DareParams, models: Sequence[DareModel]) -> list[float]:
    """The factor on each model's thinned task vector."""
    if params.rescale == "l1":
        (factors,) = l1_factors(each, lambda piece: drop(piece, models))[0].values()
        return factors
    return [1 / model.density if params.rescale and model.density > 0 else 1.0 for model in models]


def loop(name: str, measured: list[float], params: DareParams, models: Sequence[DareModel]) -> Loop:
    """The same, as a loop."""
    weights = factors([model.weight for model in models], params.normalize)
    return Loop(weights, densities=[model.density for model in models], factors=measured, scale=params.scale)


@merge_method(DareParams, DareModel, paper="arXiv:2311.03099", measure=measure, arrays=True, loop=loop)
def dare_linear(weight: WeightOf[Entries], params: DareParams, models: Sequence[DareModel]) -> MergedOf[Entries]:
    """θ₀ + λ Σₖ wₖ τ̂ₖ, τ̂ₖ the thinned task vectors."""
    thinned = stretched(drop(weight, models), weight.measured)
    total = weighted_sum(thinned, [model.weight for model in models], params.normalize)
    return MergedOf(onto(weight.base, total, params.scale), thinned)


def drop(weight: WeightOf[Entries], models: Sequence[DareModel]) -> Entries:
    """The K task vectors, each entry kept with its model's density; ``[K, *shape]``."""
    vectors = weight.task_vectors
    thinned = np.empty_like(vectors) if isinstance(vectors, np.ndarray) else torch.empty_like(vectors)
    for k, model in enumerate(models):
        if model.density in (0.0, 1.0):  # nothing is drawn
            thinned[k] = vectors[k] if model.density else 0.0
        elif isinstance(vectors, np.ndarray):
            kernels.keep(rows_of(vectors)[k], weight.chosen(k, model.density).reshape(-1), rows_of(thinned)[k])
        else:
            torch.mul(vectors[k], weight.chosen(k, model.density), out=thinned[k])
    return thinned
