"""SLERP: from the base to one other model along the arc between them (Shoemake 1985), as in mergekit.

The arc is that between the two flattened weights' directions, but the weights themselves are combined,
not their unit vectors, so lengths are blended too. Where the directions all but coincide, or are all
but opposite, the straight line is taken; for fine-tuned siblings that is most weights.
Two departures from mergekit: a weight of zeros, which has no direction, is interpolated along the
straight line (mergekit takes it for orthogonal); and ``t`` may be left out.
"""

import math
from collections.abc import Sequence

from pydantic import Field

from l2s.core.params import Params
from l2s.merging.method import ForEachWeight, Merged, NoParams, Weight, merge_method
from l2s.merging.ops.gram import cosines, gram_of_whole

STRAIGHT = 0.9995
"""From this cosine on, up or down, the arc is taken for a straight line (mergekit's threshold)."""
SHORTEST = 1e-8
"""Vectors not longer than this have no direction."""


class SlerpParams(Params):
    """Parameters of the whole merge."""

    t: float = Field(0.5, ge=0, le=1)
    """Where on the way from the base (0) to the model (1)."""


def measure(each: ForEachWeight, params: SlerpParams, models: Sequence[NoParams]) -> tuple[float, float]:
    """The factors on base and model."""
    products = gram_of_whole(each, lambda piece: (piece.base, piece.models[0]))
    if products.diagonal().min().sqrt() <= SHORTEST:
        return 1 - params.t, params.t
    return shares(params.t, float(cosines(products)[0, 1]))


def shares(t: float, cosine: float) -> tuple[float, float]:
    """sin((1 − t) Ω) / sin Ω and sin(t Ω) / sin Ω for vectors at the angle Ω; 1 − t and t on a straight line."""
    if abs(cosine) > STRAIGHT:
        return 1 - t, t
    angle = math.acos(cosine)
    return math.sin(angle - t * angle) / math.sin(angle), math.sin(t * angle) / math.sin(angle)


@merge_method(SlerpParams, NoParams, measure=measure, counts=(1, 1))
def slerp(weight: Weight, params: SlerpParams, models: Sequence[NoParams]) -> Merged:
    """sin((1 − t) Ω) / sin Ω · θ₀ + sin(t Ω) / sin Ω · θ₁; at the ends one of the two, bit for bit."""
    first, second = weight.measured
    if second == 0:
        value = weight.base.clone()
    elif first == 0:
        value = weight.models[0].clone()
    else:
        value = (weight.base * first).add_(weight.models[0], alpha=second)
    return Merged(value, weight.task_vectors)
