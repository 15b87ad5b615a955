"""Twin-Merging without its router: what models share, plus each one's own part at a low rank.

Lu et al. 2024, arXiv:2406.15479: θ* is shared, vₖ the best approximation of θₖ − θ* with r singular values, and
θ = θ* + Σₖ wₖ vₖ. The paper's router chooses the wₖ for each input; here they are fixed, as a checkpoint has
to be. Weights that are no matrices (norms, biases) keep all of θₖ − θ*, as in the authors' code.

The long-to-short study (arXiv:2503.20641) names the decomposition only; which matrix it decomposes, the rank and
the scale are not published. What is here is a reconstruction with all three as parameters. The default,
θ₀ + λ Σₖ wₖ SVDᵣ(θₖ − θ₀), rests on the study's setting (the quick model as base, one task vector).
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from pydantic import Field

from l2s.core.errors import ConfigError
from l2s.core.lazy import Tensor, torch
from l2s.core.params import Params
from l2s.merging.method import ForEachWeight, Merged, Target, Weight, merge_method
from l2s.merging.ops.low_rank import gram, is_stack, leading, matrix_by_matrix
from l2s.merging.ops.sums import weighted_sum


class TwinModel(Params):
    """Parameters of each model."""

    weight: float = 1.0
    """Factor on its own part."""
    density: float = Field(0.1, gt=0, le=1)
    """Share of the singular values kept, rounded down, at least one; of a matrix ``[m, n]``, of min(m, n)."""
    rank: int | None = Field(None, ge=1)
    """How many are kept, instead of a share: comes before ``density``."""


class TwinParams(Params):
    """Parameters of the whole merge."""

    shared: Literal["base", "average", "task_arithmetic"] = "base"
    """θ*: ``base``, θ₀; ``average`` of the K models; ``task_arithmetic``, θ₀ + α Σₖ τₖ. Two models of equal
    weight about their average cancel to it, at any rank."""
    shared_scale: float = 0.3
    """α, for ``shared: task_arithmetic``; 0.3 is the paper's."""
    normalize: bool = False
    """Divide by the sum of the weights."""
    scale: float = Field(1.0, alias="lambda")
    """λ, the factor on the sum of the models' own parts."""


def check(target: Target, params: TwinParams, models: Sequence[TwinModel]) -> None:
    """Is one model its own average?"""
    if params.shared == "average" and len(models) == 1:
        raise ConfigError("twin: the average of one model is that model; list another, or say shared: task_arithmetic")


def measure(each: ForEachWeight, params: TwinParams, models: Sequence[TwinModel]) -> list[Tensor | None] | None:
    """Each own part's leading right singular vectors, float32, ``[s, r]``; None where all of it is kept."""
    [grams] = each(lambda pieces: gram(pieces, lambda piece: piece.models - shared(piece, params)), "twin")
    if grams is None:
        return None
    kept = [rank(model, grams.shape[1]) for model in models]
    return [None if r == len(own) else leading(own, r).float() for own, r in zip(grams, kept, strict=True)]


def memory(shape: tuple[int, ...], count: int) -> int:
    """Bytes: K Gram matrices and singular vectors, and what a decomposition works in, all float64."""
    return 8 * min(shape[-2:]) ** 2 * (count + 5) if len(shape) in (2, 3) else 0


def shared(weight: Weight, params: TwinParams) -> Tensor:
    """θ*, float32, ``[*shape]``."""
    if params.shared == "average":
        return weighted_sum(weight.models, [1.0] * len(weight.models), normalize=True)
    if params.shared == "task_arithmetic":
        return weight.base + params.shared_scale * weight.task_vectors.sum(0)
    return weight.base


def rank(model: TwinModel, values: int) -> int:
    """How many of so many singular values are kept; the density is read as written, 0.29 of 100 is 29."""
    return min(values, model.rank or max(1, int(values * Decimal(str(model.density)))))


@merge_method(
    TwinParams, TwinModel, paper="arXiv:2406.15479",
    check=check, measure=measure, pieces="short", memory=memory,
)  # fmt: skip
def twin(weight: Weight, params: TwinParams, models: Sequence[TwinModel]) -> Merged:
    """θ* + λ Σₖ wₖ SVDᵣ(θₖ − θ*); of experts in one tensor, each by itself."""
    if is_stack(weight.name, weight.shape):
        return matrix_by_matrix(weight, params, models, twin, measure)
    common = shared(weight, params)
    parts = weight.models - common  # [K, *shape]
    vectors: list[Tensor | None] = weight.measured or [None] * len(models)
    kept = torch.stack([own if v is None else own @ v @ v.T for own, v in zip(parts, vectors, strict=True)])
    merged = weighted_sum(kept, [model.weight for model in models], params.normalize)
    return Merged(merged.mul_(params.scale).add_(common), kept)
