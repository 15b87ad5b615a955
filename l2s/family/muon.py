"""Muon in float32: momentum whose matrix is orthogonalised before it is applied.

Keller Jordan et al. 2024; the scaling to AdamW's update size is Liu et al. 2025 (arXiv:2502.16982).
``torch.optim.Muon`` orthogonalises in bfloat16, which a processor without such units does twenty
times slower than float32; here matrices of one shape are orthogonalised together, in float32.
"""

from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import Executor

import torch
from torch import Tensor

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic Newton-Schulz iteration: steep at zero, singular values end near 1."""
ITERATIONS = 5


class Muon(torch.optim.Optimizer):
    """The optimizer Muon, for matrices only; learning rates mean what they mean for AdamW (update RMS about 0.2)."""

    def __init__(
        self,
        matrices: Iterable[Tensor],
        lr: float,
        workers: Executor,
        momentum: float = 0.95,
        weight_decay: float = 0.05,
    ) -> None:
        """``workers`` share the matrices of one shape between them, always in the same two halves."""
        super().__init__(matrices, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        self.workers = workers

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One update of every matrix from its gradient."""
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[Tensor]] = defaultdict(list)
            for matrix in group["params"]:
                by_shape[matrix.shape].append(matrix)
            for shape, matrices in by_shape.items():
                momenta = torch.stack([self._nesterov(matrix, group["momentum"]) for matrix in matrices])
                updates = torch.cat(list(self.workers.map(orthogonalised, momenta.chunk(2))))
                size = 0.2 * max(shape) ** 0.5
                for matrix, update in zip(matrices, updates, strict=True):
                    matrix.mul_(1 - group["lr"] * group["weight_decay"]).add_(update, alpha=-group["lr"] * size)

    def _nesterov(self, matrix: Tensor, momentum: float) -> Tensor:
        assert matrix.grad is not None
        state = self.state[matrix]
        if "average" not in state:
            state["average"] = torch.zeros_like(matrix)
        state["average"].lerp_(matrix.grad, 1 - momentum)
        return matrix.grad.lerp(state["average"], momentum)


@torch.no_grad()
def orthogonalised(matrices: Tensor) -> Tensor:
    """``U V^T`` of each matrix's ``U S V^T``, nearly: singular values end between about 0.7 and 1.2.

    Args:
        matrices: ``[count, rows, columns]``, float32.
    """
    wide = matrices if matrices.shape[1] <= matrices.shape[2] else matrices.transpose(1, 2)
    wide = wide / wide.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    a, b, c = COEFFICIENTS
    for _ in range(ITERATIONS):
        gram = wide @ wide.transpose(1, 2)  # [count, short, short]
        wide = torch.baddbmm(wide, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), wide, beta=a)
    return wide if matrices.shape[1] <= matrices.shape[2] else wide.transpose(1, 2)
