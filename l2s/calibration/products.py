"""Products with weights that are no linear layer's: Conv1D, routers, and experts that lie in one tensor.

Such a weight has no module whose input could be watched. What is watched is the product itself: torch hands every
call to a mode, and a factor that is a weight, or one expert's part of it, tells what the other factor is.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear
from torch.overrides import TorchFunctionMode

PLAIN = (torch.matmul, torch.mm, torch.bmm, Tensor.matmul, Tensor.mm, Tensor.bmm, Tensor.__matmul__)
"""Products x w, of a weight ``[in, out]``, or ``[E, in, out]``."""
ADDED = (torch.addmm, torch.baddbmm, Tensor.addmm, Tensor.baddbmm)
"""b + x w."""

Add = Callable[[str, Tensor, int | None, int], None]
"""Told of a weight's name, what it is multiplied with, ``[..., in]``, the expert or None for all, and the place of
``in`` among the weight's dimensions, from the end: −1 or −2."""


class WatchedProducts(TorchFunctionMode):
    """While entered, tells of every product with one of the weights."""

    def __init__(self, weights: Mapping[str, Tensor], add: Add) -> None:
        super().__init__()
        self._places = {w.untyped_storage().data_ptr(): (name, w) for name, w in weights.items()}
        """By where they lie in memory."""
        self._add = add

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is linear and len(args) > 1:
            self._tell(args[0], args[1], -1)
        elif func in PLAIN and len(args) > 1:
            self._tell(args[0], args[1], -2)
        elif func in ADDED and len(args) > 2:
            self._tell(args[1], args[2], -2)
        return func(*args, **(kwargs or {}))

    def _tell(self, entering: Tensor, factor: Tensor, place: int) -> None:
        found = self._places.get(factor.untyped_storage().data_ptr())
        if found is None or entering.shape[-1] != factor.shape[place]:
            return
        name, weight = found
        if factor.shape == weight.shape and factor.storage_offset() == weight.storage_offset():
            self._add(name, entering, None, place)
        elif weight.dim() == factor.dim() + 1 and factor.shape == weight.shape[1:]:
            expert = (factor.storage_offset() - weight.storage_offset()) // weight.stride(0)
            self._add(name, entering, expert, place)
