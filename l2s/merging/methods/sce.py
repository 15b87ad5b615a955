"""SCE: select the entries in which models differ, weigh models by their energy there, erase minorities.

Wan et al. 2024, arXiv:2408.07990, section 3.3 (FuseChat), as in mergekit. Three departures from mergekit:
where any entries differ, at least one is selected; of entries that vary alike the later ranks higher
(mergekit leaves it open); and models weigh the same only where nothing at all is selected (mergekit:
wherever the mean squares sum to less than 1e-6, which in fine-tuned models some weights do and some do not).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pydantic import Field

from l2s.core.errors import ConfigError
from l2s.core.lazy import Tensor, torch
from l2s.core.params import Params
from l2s.merging.method import ForEachWeight, Merged, NoParams, Target, Weight, merge_method
from l2s.merging.ops.ranking import Cut, beyond, cuts_at

SMALLEST = 1e-6
"""Agreeing models' weights, of all models' 1, that are divided by at least (mergekit's rule)."""


class SceParams(Params):
    """Parameters of the whole merge."""

    select_topk: float = Field(1.0, gt=0, le=1)
    """Share of entries selected, of those that differ between models, by variance. 1 takes all, equal ones too."""


@dataclass(frozen=True)
class Selected:
    """What counts."""

    cut: Cut | None
    """Selected are the entries whose variance is ranked beyond; None for all."""
    weights: list[float]
    """The K models' weights; they sum to 1."""


def check(target: Target, params: SceParams, models: Sequence[NoParams]) -> None:
    """Is a share to be selected by the variance of one model?"""
    if params.select_topk < 1 and len(models) == 1:
        raise ConfigError(
            f"sce: one model alone has no variance, so select_topk {params.select_topk:g} selects nothing; "
            "list another model, or set select_topk: 1"
        )


def measure(each: ForEachWeight, params: SceParams, models: Sequence[NoParams]) -> Selected:
    """Which entries are selected, and the models' weights."""
    cut = _cut(each, Decimal(str(params.select_topk))) if params.select_topk < 1 else None
    (energies,) = each(lambda pieces: [_energies(select(piece, cut)) for piece in pieces])
    sums = [math.fsum(of_model) for of_model in zip(*energies, strict=True)]
    total = math.fsum(sums)
    return Selected(cut, [energy / total for energy in sums] if total > 0 else [1 / len(sums)] * len(sums))


@merge_method(SceParams, NoParams, paper="arXiv:2408.07990", check=check, measure=measure)
def sce(weight: Weight, params: SceParams, models: Sequence[NoParams]) -> Merged:
    """θ₀ + the mean of the selected entries of those models that agree with the sign of their plain sum."""
    found: Selected = weight.measured
    selected = select(weight, found.cut)  # [K, *shape]
    plus, minus = (_agreeing(selected, found.weights, sign) for sign in (1, -1))
    elected = (_added(selected) >= 0).to(plus.dtype)  # [*shape], 1 for +
    value = plus.mul_(elected).add_(minus.mul_(1 - elected)).add_(weight.base)
    return Merged(value, selected)


def select(weight: Weight, cut: Cut | None) -> Tensor:
    """The K task vectors at the selected entries, 0 elsewhere; ``[K, *shape]``."""
    if cut is None:
        return weight.task_vectors
    return weight.task_vectors * beyond(variance(weight), cut, weight.start).sign()


def variance(weight: Weight) -> Tensor:
    """Between the K models, entry by entry; ``[*shape]``."""
    taus = weight.task_vectors
    mean = _added(taus).div_(len(taus))
    total = torch.zeros_like(mean)
    for tau in taus:
        off = tau - mean
        total.addcmul_(off, off)
    return total.div_(len(taus))


def _cut(each: ForEachWeight, share: Decimal) -> Cut:
    def differing(pieces: Iterable[Weight]) -> int:
        return sum(int(variance(piece).count_nonzero()) for piece in pieces)

    differ = sum(each(differing))
    kept = max(min(1, differ), int(differ * share))
    (cut,) = cuts_at(each, lambda piece: variance(piece).reshape(1, -1).cpu().numpy(), lambda n: [n - kept])
    return cut


def _energies(vectors: Tensor) -> list[float]:
    """Σ τₖ² of each of K vectors."""
    return [float((tau * tau).sum(dtype=torch.float64)) for tau in vectors]


def _agreeing(selected: Tensor, weights: Sequence[float], sign: int) -> Tensor:
    """The weighted mean over the models whose entry has that sign; ``[K, *shape]`` to ``[*shape]``."""
    total, divisor = torch.zeros_like(selected[0]), torch.zeros_like(selected[0])
    for tau, weight in zip(selected, weights, strict=True):
        part = tau.clamp(min=0) if sign > 0 else tau.clamp(max=0)
        total.add_(part, alpha=weight)
        divisor.add_(part.sign(), alpha=sign * weight)
    return total.div_(divisor.clamp_(min=SMALLEST))


def _added(vectors: Tensor) -> Tensor:
    """Σₖ, one after the other, so that no piece is rounded otherwise than the whole."""
    total = vectors[0].clone()
    for vector in vectors[1:]:
        total.add_(vector)
    return total
