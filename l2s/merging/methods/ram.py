"""RAM: entries that one model alone has changed are taken whole, those that several have are averaged, as in mergekit.

Reinforced Agent Merging, arXiv:2601.13572, for agents whose training changes few entries, and other ones each.
``ramplus_tl`` makes up for what averaging takes away: a model's own entries are multiplied by λ, the more the more it
shares. The paper counts over the whole model, mergekit and we within each weight ("tensor-local").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from l2s.lazy import torch
from l2s.merging.method import Each, Merged, Weight, merge_method
from l2s.params import Params

if TYPE_CHECKING:
    from torch import Tensor


class RamParams(Params):
    """Of the whole merge."""

    epsilon: float = Field(1e-5, ge=0)
    """An entry counts as changed if it moved by more than this."""


class RamPlusParams(RamParams):
    """Of the whole merge."""

    r: float = Field(0.1, ge=0)
    """How much a model's own entries gain for each shared one."""
    alpha: float = Field(0.2, ge=0)
    """Most shared entries to one of its own that count."""


class RamModel(Params):
    """Of each model: nothing, all count alike."""


@merge_method("ram", RamParams, RamModel, paper="arXiv:2601.13572")
def ram(weight: Weight, params: RamParams, models: Sequence[RamModel]) -> Merged:
    """θ₀ + the mean of τₖ over the models that changed the entry; where none did, θ₀."""
    return _merged(weight, params, [1.0] * len(models))


def measure(each: Each, params: RamPlusParams, models: Sequence[RamModel]) -> list[float]:
    """λₖ = 1 + r min(α, shared entries / own entries) of each model."""

    def counted(pieces: Iterable[Weight]) -> Tensor:
        return sum((_counts(piece, params.epsilon) for piece in pieces), torch.zeros(2, len(models), dtype=torch.int64))

    ((shared, own),) = each(counted)
    ratios = shared.double() / own.double().clamp(min=params.epsilon)  # [K]
    return [1 + params.r * min(params.alpha, float(ratio)) if ratio > 0 else 1.0 for ratio in ratios]


@merge_method("ramplus_tl", RamPlusParams, RamModel, paper="arXiv:2601.13572", measure=measure)
def ramplus_tl(weight: Weight, params: RamPlusParams, models: Sequence[RamModel]) -> Merged:
    """The same, with λₖ τₖ where model k alone changed the entry."""
    return _merged(weight, params, weight.measured)


def _merged(weight: Weight, params: RamParams, gains: Sequence[float]) -> Merged:
    taus = weight.task_vectors
    changed = taus.abs() > params.epsilon  # [K, *shape]
    several = changed.sum(0)  # [*shape]
    total = torch.zeros_like(taus[0])
    for tau, here, gain in zip(taus, changed, gains, strict=True):
        total += torch.where(here, tau * torch.where(several == 1, gain, 1.0), 0.0)
    return Merged(total.div_(several.clamp(min=1)).add_(weight.base), taus * changed)


def _counts(weight: Weight, epsilon: float) -> Tensor:
    """Of a piece: entries that each model shares, and those that it alone has changed; ``[2, K]``."""
    changed = (weight.task_vectors.abs() > epsilon).reshape(len(weight.models), -1)  # [K, N]
    several = changed.sum(0)  # [N]
    return torch.stack([(changed & (several > 1)).sum(1), (changed & (several == 1)).sum(1)]).cpu()
