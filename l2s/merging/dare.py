"""DARE: drop entries of each task vector at random and rescale the rest, then sum (arXiv:2311.03099).

The rest is multiplied by 1/density, so that the expected task vector stays; ``rescale: l1`` matches
the L1 norm instead, as mergekit does, which in a short weight can be far from 1/density.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from l2s.merging.method import Each, Merged, Weight, merge_method
from l2s.merging.rescale import l1_factors, stretched
from l2s.merging.sums import elected_sum, weighted_sum
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


@merge_method("dare_linear", DareParams, DareModel, paper="arXiv:2311.03099", measure=measure)
def dare_linear(weight: Weight, params: DareParams, models: Sequence[DareModel]) -> Merged:
    """θ₀ + λ Σₖ wₖ τ̂ₖ, τ̂ₖ the thinned task vectors."""
    thinned = stretched(drop(weight, models), weight.measured)
    total = weighted_sum(thinned, [model.weight for model in models], params.normalize)
    return Merged(total.mul_(params.scale).add_(weight.base), thinned)


@merge_method("dare_ties", DareParams, DareModel, paper="arXiv:2311.03099", measure=measure)
def dare_ties(weight: Weight, params: DareParams, models: Sequence[DareModel]) -> Merged:
    """As ``dare_linear``, but only models that agree with the sign elected at an entry count there."""
    thinned = stretched(drop(weight, models), weight.measured)
    total = elected_sum(thinned, [model.weight for model in models], params.normalize)
    return Merged(total.mul_(params.scale).add_(weight.base), thinned)


def drop(weight: Weight, models: Sequence[DareModel]) -> Tensor:
    """The K task vectors, each entry kept with its model's density; ``[K, *shape]``."""
    thinned = torch.empty_like(weight.task_vectors)
    for k, model in enumerate(models):
        tau = weight.task_vectors[k]
        if model.density in (0.0, 1.0):  # nothing is drawn
            torch.mul(tau, model.density, out=thinned[k])
        else:
            keep_only(tau, weight.chosen(k, model.density), thinned[k])
    return thinned


def keep_only(task_vector: Tensor, chosen: Tensor, out: Tensor) -> None:
    """Write what is chosen, and zeros elsewhere, to ``out``; NumPy multiplies by truth three times faster."""
    if task_vector.device.type == "cpu":
        np.multiply(task_vector.numpy(), chosen.numpy(), out=out.numpy())
    else:
        torch.mul(task_vector, chosen, out=out)
