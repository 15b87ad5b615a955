"""DARE: drop entries of each task vector at random, rescale the rest, then combine.

Yu et al. 2023, arXiv:2311.03099. Rescaling is by 1/density exactly, which keeps the expected value;
``rescale: l1`` restores the dropped L1 norm instead, as mergekit does.
"""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from l2s.merging.method import PerModel, Weight, merge_method, per_model
from l2s.merging.task_arithmetic import combined
from l2s.merging.ties import agreeing
from l2s.params import Params


class DareParams(Params):
    """mergekit's words and defaults, ``rescale`` excepted."""

    weight: PerModel = per_model(1.0)
    density: PerModel = per_model(1.0, ge=0, le=1)
    """Probability that an entry is kept (1 minus the paper's drop rate p); 0 leaves the base."""
    normalize: bool = False
    """Divide by the sum of weights."""
    rescale: bool | Literal["l1"] = True
    """true: by 1/density; ``l1``: to the L1 norm before dropping; false: not at all."""
    lambda_: float = Field(1.0, alias="lambda")
    """Factor on the merged task vector."""
    int8_mask: bool = False
    """Accepted from mergekit's files; it saved memory there and has no effect here."""


@merge_method("dare_linear", DareParams, paper="arXiv:2311.03099")
def dare_linear(weight: Weight, params: DareParams) -> Tensor:
    """θ = θ₀ + λ Σ wₖ · dropped τₖ."""
    assert weight.base is not None
    return weight.base + params.lambda_ * combined(dropped(weight, params), params.weight, params.normalize)


@merge_method("dare_ties", DareParams, paper="arXiv:2311.03099")
def dare_ties(weight: Weight, params: DareParams) -> Tensor:
    """θ = θ₀ + λ · those of the dropped τₖ that agree in sign."""
    assert weight.base is not None
    return weight.base + params.lambda_ * agreeing(dropped(weight, params), params.weight, params.normalize)


def dropped(weight: Weight, params: DareParams) -> Tensor:
    """Every task vector with its random entries zeroed and the rest rescaled; ``[K, *shape]``."""
    return torch.stack(
        [
            _rescaled(tau, tau * weight.random_mask(k, density), density, params.rescale)
            for k, (tau, density) in enumerate(zip(weight.task_vectors, params.density, strict=True))
        ]
    )


def _rescaled(before: Tensor, kept: Tensor, density: float, rescale: bool | Literal["l1"]) -> Tensor:
    if rescale is False or density in (0, 1):
        return kept
    if rescale == "l1":
        size = kept.abs().sum()
        return kept * (before.abs().sum() / size) if size > 0 else kept
    return kept / density
