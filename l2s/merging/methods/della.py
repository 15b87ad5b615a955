"""DELLA: drop entries of each task vector at random, small ones more often, then sum.

Deep et al. 2024, arXiv:2406.11617, section 3, with mergekit's parameters. In each row, along the last
dimension, entries are ranked by magnitude, of equal ones the earlier lower; the chance to be kept grows
evenly from density − epsilon to density + epsilon. A vector is one row. Survivors are stretched to the
task vector's L1 norm as in mergekit; ``rescale: probability`` divides each by its chance as the paper
does, so that the expected task vector stays.
Departure from mergekit: the only entry of a row is kept with chance density (mergekit divides 0 by 0).
"""

from collections.abc import Sequence
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from l2s.core.errors import ConfigError
from l2s.core.lazy import Tensor, torch
from l2s.core.params import Params
from l2s.merging.method import ForEachWeight, Merged, Target, Weight, merge_method
from l2s.merging.ops.rescale import l1, l1_factors, stretched
from l2s.merging.ops.sums import elected_sum


class DellaModel(Params):
    """Parameters of each model."""

    weight: float = 1.0
    density: float = Field(1.0, ge=0, le=1)
    """Mean chance of an entry to be kept. 1 keeps all and 0 none, whatever epsilon is."""
    epsilon: float = Field(0.15, ge=0, lt=0.5)
    """How far the chance of a row's smallest entry lies below, and that of its largest above."""

    @model_validator(mode="after")
    def _chances(self) -> Self:
        """A key on its own passes: the other may stand elsewhere in the recipe."""
        if len(self.model_fields_set) > 1 and (problem := self.problem()):
            raise ValueError(problem)
        return self

    def problem(self) -> str | None:
        """Why density and epsilon do not fit together, if so."""
        low, high = self.density - self.epsilon, self.density + self.epsilon
        if self.density in (0, 1) or (low > 0 and high < 1):
            return None
        return (
            f"density {self.density:g} with epsilon {self.epsilon:g} makes chances from {low:g} to {high:g}, "
            f"expected both above 0 and below 1; set epsilon below {min(self.density, 1 - self.density):g}"
        )


class DellaParams(Params):
    """Parameters of the whole merge."""

    normalize: bool = True
    """Divide by the agreeing models' weights."""
    scale: float = Field(1.0, alias="lambda")
    """λ, the factor on the merged task vector."""
    rescale: bool | Literal["l1", "probability"] = True
    """True or ``l1``: to the L1 norm before. ``probability``: each survivor by 1/its chance. False: not at all."""


def check(target: Target, params: DellaParams, models: Sequence[DellaModel]) -> None:
    """Do density and epsilon of each model fit together?"""
    if problems := [problem for model in models if (problem := model.problem())]:
        raise ConfigError(f"della: {'; '.join(dict.fromkeys(problems))}")


def measure(each: ForEachWeight, params: DellaParams, models: Sequence[DellaModel]) -> list[float]:
    """The factor on each model's thinned task vector."""
    if params.rescale in (False, "probability"):
        return [1.0] * len(models)
    (factors,) = l1_factors(each, lambda piece: (l1(piece.task_vectors), l1(thin(piece, params, models))))[0].values()
    return factors


@merge_method(DellaParams, DellaModel, paper="arXiv:2406.11617", check=check, measure=measure, sha256_masks=True)
def della(weight: Weight, params: DellaParams, models: Sequence[DellaModel]) -> Merged:
    """θ₀ + λ times the sum of those thinned task vectors that agree with the elected sign."""
    thinned = stretched(thin(weight, params, models), weight.measured)
    total = elected_sum(thinned, [model.weight for model in models], params.normalize)
    return Merged(total.mul_(params.scale).add_(weight.base), thinned)


def thin(weight: Weight, params: DellaParams, models: Sequence[DellaModel]) -> Tensor:
    """The K task vectors, each entry kept with the chance of its rank; ``[K, *shape]``."""
    inverse = params.rescale == "probability"
    return torch.stack([_thin_one(weight, k, model, inverse) for k, model in enumerate(models)])


def _thin_one(weight: Weight, k: int, model: DellaModel, inverse: bool) -> Tensor:
    tau = weight.task_vectors[k]
    if model.density in (0, 1):  # nothing is drawn
        return tau * model.density
    chance = chances(tau, model)
    kept = tau * (weight.uniform(k) < chance)
    return kept.div_(chance) if inverse else kept


def chances(task_vector: Tensor, model: DellaModel) -> Tensor:
    """The chance of each entry to be kept; ``[*shape]``."""
    columns = task_vector.shape[-1] if task_vector.dim() else 1
    low, high = model.density - model.epsilon, model.density + model.epsilon
    ascending = torch.linspace(low, high, columns) if columns > 1 else torch.tensor([model.density])
    rows, ascending = task_vector.reshape(-1, columns), ascending.to(task_vector.device)
    return torch.empty_like(rows).scatter_(1, ascending_order(rows), ascending.expand_as(rows)).view_as(task_vector)


def ascending_order(rows: Tensor) -> Tensor:
    """Columns by magnitude within each row, of equal ones the earlier first; int64, the same shape.

    On a CPU magnitude's bits and column are packed into one integer: NumPy sorts those several times
    faster than torch sorts floats.
    """
    if rows.device.type != "cpu":
        return rows.abs().sort(dim=1, stable=True).indices
    packed = rows.abs().contiguous().view(torch.int32).long() << 32 | torch.arange(rows.shape[1])
    return torch.from_numpy(np.sort(packed.numpy(), axis=1)) & 0xFFFFFFFF
