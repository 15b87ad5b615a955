"""NearSwap: each entry goes towards the other model, by no more than ``t``, as in mergekit.

Named in huggingface.co/alchemonaut/QuartetAnemoi-70B-t0.0001. Entries that are nearer than ``t`` become the other
model's; the others take a step of ``t``. Entries nearer than 1e-6 count as 1e-6 apart (mergekit's rule), which matters
for a smaller ``t`` only.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from l2s.core.lazy import torch
from l2s.core.params import Params
from l2s.merging.method import Merged, NoParams, Weight, merge_method

NEAREST = 1e-6
"""Least distance that a step is measured against."""


class NearSwapParams(Params):
    """Parameters of the whole merge."""

    t: float = Field(ge=0)
    """The longest step of an entry; required, as what is near depends on the models (published: 0.0001)."""


@merge_method(NearSwapParams, NoParams, counts=(1, 1))
def nearswap(weight: Weight, params: NearSwapParams, models: Sequence[NoParams]) -> Merged:
    """θ₀ + min(1, t / |τ|) τ; where that is all of τ, the model bit for bit."""
    tau = weight.task_vectors[0]
    share = (params.t / tau.abs().clamp(min=NEAREST)).clamp(max=1)  # [*shape]
    step = tau * share
    value = torch.where(share == 1, weight.models[0], weight.base + step)
    return Merged(value, step[None])
