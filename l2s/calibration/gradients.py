"""GradientSums: Σ |θ ⊙ g| of each layer, from gradients that are let go as soon as they are complete."""

import math
from collections.abc import Iterable, Mapping
from functools import partial

from torch import Tensor

from l2s.calibration.finite import not_finite
from l2s.checkpoints.checkpoint import Checkpoint
from l2s.checkpoints.statistics import layer_group

PIECE = 1 << 20
"""Entries multiplied at a time, so that no third copy of an embedding is made."""


class GradientSums:
    """Watches parameters while losses of several texts are differentiated, one after another.

    Sums over a layer's parameters are exact (of doubles, without rounding in between): the order in which
    gradients come changes nothing.
    """

    def __init__(self, checkpoint: Checkpoint, names: Iterable[str], texts: int) -> None:
        self.checkpoint = checkpoint
        self.text = 0
        """The number of the text whose gradients come."""
        self._groups = {name: layer_group(name) for name in names}
        self._found: list[dict[str, list[float]]] = [{g: [] for g in self._groups.values()} for _ in range(texts)]

    def watch(self, parameters: Mapping[str, Tensor]) -> None:
        """Take every gradient of these leaves from now on."""
        for name, parameter in parameters.items():
            parameter.register_post_accumulate_grad_hook(partial(self._take, name))

    def row(self, text: int) -> dict[str, float]:
        """A text's sums, by layer."""
        return {group: math.fsum(found) for group, found in self._found[text].items()}

    def _take(self, name: str, parameter: Tensor) -> None:
        assert parameter.grad is not None
        total = absolute_product(parameter.detach(), parameter.grad)
        parameter.grad = None
        if not math.isfinite(total):
            raise not_finite(self.checkpoint, f"gradients of {name}")
        self._found[self.text][self._groups[name]].append(total)


def absolute_product(theta: Tensor, gradient: Tensor) -> float:
    """Σ |θ ⊙ g| in float64."""
    pairs = zip(theta.reshape(-1).split(PIECE), gradient.reshape(-1).split(PIECE), strict=True)
    return math.fsum(float((left.double() * right.double()).abs().sum()) for left, right in pairs)
