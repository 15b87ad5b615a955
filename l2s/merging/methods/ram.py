"""RAM: entries that one model alone has changed are taken whole, those that several have are averaged, as in mergekit.

Reinforced Agent Merging, arXiv:2601.13572, for agents whose training changes few entries, and other ones each.
"""

from collections.abc import Sequence

from pydantic import Field

from l2s.core.lazy import torch
from l2s.core.params import Params
from l2s.merging.method import Merged, NoParams, Weight, merge_method


class RamParams(Params):
    """Parameters of the whole merge."""

    epsilon: float = Field(1e-5, ge=0)
    """An entry counts as changed if it moved by more than this."""


@merge_method(RamParams, NoParams, paper="arXiv:2601.13572")
def ram(weight: Weight, params: RamParams, models: Sequence[NoParams]) -> Merged:
    """θ₀ + the mean of τₖ over the models that changed the entry; where none did, θ₀."""
    return averaged(weight, params, [1.0] * len(models))


def averaged(weight: Weight, params: RamParams, gains: Sequence[float]) -> Merged:
    """θ₀ + the mean of τₖ over the models that changed the entry, of one alone its gain times τₖ."""
    taus = weight.task_vectors
    changed = taus.abs() > params.epsilon  # [K, *shape]
    several = changed.sum(0)  # [*shape]
    total = torch.zeros_like(taus[0])
    for tau, here, gain in zip(taus, changed, gains, strict=True):
        total += torch.where(here, tau * torch.where(several == 1, gain, 1.0), 0.0)
    return Merged(total.div_(several.clamp(min=1)).add_(weight.base), taus * changed)
