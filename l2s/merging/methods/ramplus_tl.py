"""RAM+: as RAM, but what averaging takes away is made up for.

Reinforced Agent Merging, arXiv:2601.13572. A model's own entries are multiplied by λ, the more the more it shares. The
paper counts over the whole model, mergekit and we within each weight ("tensor-local").
"""

from collections.abc import Iterable, Sequence

from pydantic import Field

from l2s.core.lazy import Tensor, torch
from l2s.merging.method import ForEachWeight, Merged, NoParams, Weight, merge_method
from l2s.merging.methods.ram import RamParams, averaged


class RamPlusParams(RamParams):
    """Parameters of the whole merge."""

    r: float = Field(0.1, ge=0)
    """How much a model's own entries gain for each shared one."""
    alpha: float = Field(0.2, ge=0)
    """Most shared entries to one of its own that count."""


def measure(each: ForEachWeight, params: RamPlusParams, models: Sequence[NoParams]) -> list[float]:
    """λₖ = 1 + r min(α, shared entries / own entries) of each model."""

    def counted(pieces: Iterable[Weight]) -> Tensor:
        return sum((_counts(piece, params.epsilon) for piece in pieces), torch.zeros(2, len(models), dtype=torch.int64))

    ((shared, own),) = each(counted)
    ratios = shared.double() / own.double().clamp(min=params.epsilon)  # [K]
    return [1 + params.r * min(params.alpha, float(ratio)) if ratio > 0 else 1.0 for ratio in ratios]


@merge_method(RamPlusParams, NoParams, paper="arXiv:2601.13572", measure=measure)
def ramplus_tl(weight: Weight, params: RamPlusParams, models: Sequence[NoParams]) -> Merged:
    """As ``ram``, with λₖ τₖ where model k alone changed the entry."""
    return averaged(weight, params, weight.measured)


def _counts(weight: Weight, epsilon: float) -> Tensor:
    """The numbers of a piece's entries that each model shares, and those that it alone has changed; ``[2, K]``."""
    changed = (weight.task_vectors.abs() > epsilon).reshape(len(weight.models), -1)  # [K, N]
    several = changed.sum(0)  # [N]
    return torch.stack([(changed & (several > 1)).sum(1), (changed & (several == 1)).sum(1)]).cpu()
