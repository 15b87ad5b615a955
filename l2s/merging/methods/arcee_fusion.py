"""Arcee Fusion: take from the other model the entries whose change matters most, as in mergekit.

An entry's importance is the size of its change times its row's: the Kullback-Leibler divergence between the softmax of
the model's row and that of the base's. Taken are the entries at least as important as the median plus 1.5 times the
distance between the quartiles. Two departures from mergekit: divergences are double precision, since those of
fine-tuned rows drown in float32's rounding; and quartiles are exact (mergekit draws a million entries of a larger
weight, without a seed).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

from l2s.core.lazy import Tensor, torch
from l2s.merging.method import Distances, ForEachWeight, Merged, NoParams, Weight, merge_method
from l2s.merging.ops.selection import kth_smallest

Result = TypeVar("Result")

SMALLEST = 1e-8
"""Added to probabilities (mergekit's rule)."""
WHISKER = 1.5
"""Distances between the quartiles above the median, from which an entry counts as important."""


def measure(each: ForEachWeight, params: NoParams, models: Sequence[NoParams]) -> float:
    """The importance from which entries are taken."""

    def scored(function: Callable[[Iterable[Any]], Result], label: str = "") -> list[Result]:
        return each(lambda pieces: function(_scores(pieces)), label)

    first, median, third = kth_smallest(scored, lambda piece: piece.magnitudes, quartile_ranks)
    return threshold(first, median, third)


@merge_method(NoParams, NoParams, measure=measure, counts=(1, 1))
def arcee_fusion(weight: Weight, params: NoParams, models: Sequence[NoParams]) -> Merged:
    """θ₁ where it is important, θ₀ elsewhere."""
    taken = importance(weight) >= weight.measured  # [*shape]
    value = torch.where(taken, weight.models[0], weight.base)
    return Merged(value, weight.task_vectors * taken)


def importance(weight: Weight) -> Tensor:
    """|τ| times the divergence of its row, float32, ``[*shape]``; pieces are whole rows."""
    p, q = ((theta.double().softmax(-1) + SMALLEST) for theta in (weight.models[0], weight.base))
    divergence = (p * (p / q).log()).sum(-1, keepdim=True).clamp(min=0)  # [*shape[:-1], 1]
    return (weight.task_vectors[0].abs().double() * divergence).float()


def quartile_ranks(count: int) -> list[int]:
    """The ranks of the quartiles among so many sorted entries, counted from 1, rounded down (mergekit's rule)."""
    return [quarter * (count - 1) // 4 + 1 for quarter in (1, 2, 3)]


def threshold(first: float, median: float, third: float) -> float:
    """The threshold in float32, as the importances are."""
    return float(np.float32(median) + np.float32(WHISKER) * (np.float32(third) - np.float32(first)))


def _scores(pieces: Iterable[Weight]) -> Iterator[Distances]:
    """Importances in place of magnitudes, a row for each quartile, ``[3, entries]``."""
    for piece in pieces:
        scores = importance(piece).cpu().numpy().reshape(-1)
        rows = np.broadcast_to(scores, (3, scores.size))
        yield Distances(piece.name, rows, piece.seed, piece.digests, piece.start, piece.shape)
