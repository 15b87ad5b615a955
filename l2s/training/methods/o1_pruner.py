"""O1-Pruner (arXiv:2501.12570): max(−w ρ, −w clip(ρ)), ρ = exp(s − s_ref), s the mean log-probability of a token.

s_ref is the start model's, computed once; the code keeps a second model in memory for it.
"""

from typing import Any, ClassVar, Literal

from pydantic import Field

from l2s.training.data import O1PrunerData
from l2s.training.settings import Count, DataParams, Rate


class O1Pruner(DataParams):
    """An off-policy policy gradient on the start model's samples, weighted by being short and right."""

    method: Literal["o1_pruner"]
    data: O1PrunerData
    learning_rate: Rate = 1e-4
    batch_size: Count = 32
    alpha: float = Field(2.0, ge=0)
    """Weight of being right beside being short."""
    clip_ratio: float = Field(0.2, gt=0, lt=1)
    """How far ρ may lie from 1 and still count."""

    paper: ClassVar[str] = "arXiv:2501.12570"
    example: ClassVar[dict[str, Any]] = {"model": "models/slow", "data": {"samples": "slow"}}
