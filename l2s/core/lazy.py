"""torch, imported when it is first used: that takes seconds, and a merge on the CPU may never need it.

``from l2s.core.lazy import torch`` stands for ``import torch``; ``Tensor`` from there is for annotations alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = ["Tensor", "torch"]


class _Lazy:
    """Stands for a module that is imported at its first attribute."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(import_module(self._name), attribute)
        setattr(self, attribute, found)  # the next look-up does not come here
        return found


if TYPE_CHECKING:
    import torch as torch
    from torch import Tensor as Tensor
else:
    torch = _Lazy("torch")
    Tensor = Any
