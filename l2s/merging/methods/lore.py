"""LoRE-Merging: a base estimated from the models themselves, and task vectors of few directions.

arXiv:2502.10749, algorithm 1: least squares with a penalty on nuclear norms, min Σₖ ‖θ₀' + δₖ − θₖ‖² + μ ‖δₖ‖*²,
by turns over θ₀' and the δₖ, from θ₀' = mean θₖ and δₖ = 0:

    θ₀' ← meanₖ (θₖ − δₖ),   δₖ ← U max(Σ − t, 0) Vᵀ of θₖ − θ₀' = U Σ Vᵀ

What the long-to-short study (arXiv:2503.20641) ran is not published. What is here is a reconstruction: from the
formulas above, a third party's μ = 0.01 and 20 iterations, and the identity that two models with equal weights
give their plain average, whatever μ, λ and the iterations are (δ₁ = −δ₂ throughout). So the study's row must come
from unequal weights or from a vote; weight 0 on the quick model and 1 on the slow one is our reading,
θ₀' + λ δ_slow.

Departures from the paper: it prints the squared nuclear norm and the thresholding of the plain one, so the
threshold t is a choice (``prox``); its variant with TIES refers to itself, so ``ties`` here elects signs
without trimming, the shrinking being the trimming.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from l2s.core.lazy import Tensor, torch
from l2s.core.params import Params
from l2s.merging.method import ForEachWeight, Merged, Weight, merge_method
from l2s.merging.methods.linear import ModelWeight
from l2s.merging.ops.low_rank import gram, is_matrix, is_stack, matrix_by_matrix, shrinkage
from l2s.merging.ops.sums import elected_sum, weighted_sum

Prox = Literal["const", "half", "squared"]


class LoreParams(Params):
    """Parameters of the whole merge."""

    mu: float = Field(0.01, ge=0)
    """μ, in units of singular values; 0 shrinks nothing."""
    iterations: int = Field(20, ge=1)
    """Turns. Two models are done after the first."""
    prox: Prox = "const"
    """Threshold t: ``const``, the paper's algorithm, μ; ``half``, right for the plain nuclear norm, μ/2;
    ``squared``, right for the squared one as printed, μ times the sum of what remains."""
    combine: Literal["average", "ties"] = "average"
    """How the δₖ are added up; ``ties``: only those that agree with the elected sign, entry by entry."""
    normalize: bool = True
    """Divide by the sum of the weights, of the agreeing models for ``ties``."""
    scale: float = Field(1.0, alias="lambda")
    """λ, the factor on the merged δ."""


@dataclass(frozen=True)
class Coefficients:
    """θ₀' = mean θₖ − Z C and δₖ = Z Cₖ; Z are the first K − 1 models' differences from the last, side by side."""

    deltas: list[Tensor]
    """Cₖ, float32, ``[(K − 1) s, s]`` each."""
    shift: Tensor | None
    """C, float32, ``[(K − 1) s, s]``; None where it is zero."""


def measure(each: ForEachWeight, params: LoreParams, models: Sequence[ModelWeight]) -> Coefficients | None:
    """θ₀' and the δₖ, found on Gram matrices alone: every turn's matrices are combinations of the models.

    Time: a decomposition a turn and model; one in all for two models.
    """
    if len(models) == 1:
        return None
    [found] = each(lambda pieces: gram(pieces, lambda piece: differences(piece)[None]), "lore")
    return None if found is None else descend(found[0], len(models), params)


def memory(shape: tuple[int, ...], count: int) -> int:
    """Bytes: the Gram matrix, coefficients of every model, and what a decomposition works in, all float64."""
    if len(shape) not in (2, 3):
        return 0
    blocks = count - 1
    return 8 * min(shape[-2:]) ** 2 * (blocks**2 + count * blocks + 3 * count + 6)


def differences(weight: Weight) -> Tensor:
    """Z, float32, ``[rows, (K − 1) s]``."""
    return torch.cat([theta - weight.models[-1] for theta in weight.models[:-1]], dim=1)


def descend(gram: Tensor, count: int, params: LoreParams) -> Coefficients:
    """The turns.

    Args:
        gram: ZᵀZ, float64, ``[(K − 1) s, (K − 1) s]``.
        count: K.
        params: of the merge.
    """
    side = gram.shape[0] // (count - 1)
    apart = torch.eye(count, count - 1, dtype=gram.dtype, device=gram.device) - 1 / count  # θₖ − mean, in differences
    own = torch.einsum("ki,iajb,kj->kab", apart, gram.view(count - 1, side, count - 1, side), apart)  # their squares
    shift, factors = gram.new_zeros(len(gram), side), _factors(own, params)
    for _ in range(params.iterations - 1):
        following = torch.einsum("kj,kab->jab", apart, factors).view_as(shift) / count + shift @ factors.mean(0)
        if torch.equal(following, shift):
            break  # every further turn would repeat this one
        shift = following
        factors = _factors(own + _shifted(gram, shift, apart), params)
    deltas = [torch.kron(row[:, None], factor) + shift @ factor for row, factor in zip(apart, factors, strict=True)]
    return Coefficients([delta.float() for delta in deltas], shift.float() if shift.any() else None)


def _shifted(gram: Tensor, shift: Tensor, apart: Tensor) -> Tensor:
    """What mean θₖ − θ₀' adds to the Gram matrices of θₖ − mean θₖ, ``[K, s, s]``."""
    moved = gram @ shift
    cross = torch.einsum("kj,jab->kab", apart, moved.view(apart.shape[1], -1, moved.shape[1]))
    return cross + cross.mT + shift.T @ moved


def _factors(grams: Tensor, params: LoreParams) -> Tensor:
    """What shrinks each of K matrices, from their Gram matrices, ``[K, s, s]`` both."""
    found, before = list[torch.Tensor](), None
    for own in grams:
        if before is None or not torch.equal(own, before):  # two models' residuals are each other's negatives
            before, factor = own, shrinkage(own, lambda sigma: threshold(sigma, params.mu, params.prox))
        found.append(factor)
    return torch.stack(found)


def threshold(sigma: Tensor, mu: float, prox: Prox) -> float:
    """What is taken off the singular values ``sigma``, largest first.

    ``squared``: μ S, S the sum of what remains: S = (Σ of the r largest) / (1 + r μ), r the most whose
    smallest still exceeds μ S.
    """
    if prox != "squared":
        return mu if prox == "const" else mu / 2
    counts = torch.arange(1, len(sigma) + 1, dtype=sigma.dtype, device=sigma.device)
    cuts = mu * sigma.cumsum(0) / (1 + counts * mu)
    remaining = (sigma > cuts).nonzero()
    return float(cuts[remaining[-1]]) if len(remaining) else 0.0


@merge_method(
    LoreParams, ModelWeight, paper="arXiv:2502.10749",
    needs_base=False, measure=measure, pieces="short", memory=memory,
)  # fmt: skip
def lore(weight: Weight, params: LoreParams, models: Sequence[ModelWeight]) -> Merged:
    """θ₀' + λ Σₖ wₖ δₖ / Σₖ wₖ.

    Of experts in one tensor each is a matrix of its own. Weights that are no matrices have no singular values to
    shrink: there θ₀' is the plain mean and δₖ = θₖ − θ₀', which gives the weighted average at λ = 1, and the plain
    one at equal weights and any λ.
    """
    if is_stack(weight.name, weight.shape):
        return matrix_by_matrix(weight, params, models, lore, measure)
    weights = [model.weight for model in models]
    base = weighted_sum(weight.models, [1.0] * len(models), normalize=True)
    if weight.measured is None or not is_matrix(weight):
        deltas = torch.stack([(theta - weight.models).mean(0) for theta in weight.models])  # [K, *shape]
    else:
        found: Coefficients = weight.measured
        apart = differences(weight)  # [rows, (K − 1) s]
        deltas = torch.stack([apart @ coefficients for coefficients in found.deltas])  # [K, rows, s]
        base = base if found.shift is None else base - apart @ found.shift
    add = weighted_sum if params.combine == "average" else elected_sum
    return Merged(add(deltas, weights, params.normalize).mul_(params.scale).add_(base), deltas)
