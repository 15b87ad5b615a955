"""What a merge method is: a pure function of one weight and its parameters, under a name.

To add one: a file with a :class:`Params` class and a function under ``@merge_method``, and its import
in :mod:`l2s.merging.methods`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from pydantic import Field
from torch import Tensor

from l2s.errors import ConfigError
from l2s.params import Params, nearest
from l2s.seeds import generator_for

PerModel = tuple[float, ...]
"""One number for each merged model."""
MASK_BLOCK = 1 << 20
"""Entries that share one random stream: a mask does not depend on how a tensor is cut or who computes it."""


def per_model(default: float, **bounds: float) -> Any:
    """A parameter that every model may set for itself; ``bounds`` as pydantic's ``gt``, ``ge``, ``lt``, ``le``."""
    return Field(default=(default,), json_schema_extra={"per_model": True, "bounds": dict(bounds)})


@dataclass(frozen=True, eq=False)
class Weight:
    """One named weight, as the base and the K models to be merged hold it."""

    name: str
    """Name in the checkpoint, e.g. ``model.layers.3.mlp.up_proj.weight``."""
    base: Tensor | None
    """θ₀, float32, any shape; None for methods that take no base."""
    models: Tensor
    """θₖ, float32, ``[K, *shape]``."""
    digests: tuple[str, ...] = ()
    """Content digests of the K models, from which random masks are drawn."""
    seed: int = 0

    @cached_property
    def task_vectors(self) -> Tensor:
        """τₖ = θₖ − θ₀, float32, ``[K, *shape]``."""
        assert self.base is not None, "the recipe is checked for a base before any weight is read"
        return self.models - self.base

    def random_mask(self, k: int, density: float) -> Tensor:
        """Which entries of model k's task vector are kept, each with probability ``density``; bool, ``[*shape]``.

        Drawn from the seed, the model's own digest, the tensor's name and the block: order of models,
        shards and threads change nothing.
        """
        size = self.models[k].numel()
        parts = []
        for block in range(0, size, MASK_BLOCK):
            stream = generator_for(self.seed, "mask", self.digests[k], self.name, block // MASK_BLOCK)
            parts.append(torch.rand(min(MASK_BLOCK, size - block), generator=stream) < density)
        return torch.cat(parts).view(self.models[k].shape)


@dataclass(frozen=True)
class MergeMethod:
    """A registered method."""

    name: str
    params: type[Params]
    function: Callable[[Weight, Any], Tensor]
    paper: str
    needs_base: bool


METHODS: dict[str, MergeMethod] = {}


def merge_method(
    name: str, params: type[Params], paper: str, needs_base: bool = True
) -> Callable[[Callable[[Weight, Any], Tensor]], Callable[[Weight, Any], Tensor]]:
    """Register a function as the merge method ``name``."""

    def register(function: Callable[[Weight, Any], Tensor]) -> Callable[[Weight, Any], Tensor]:
        assert name not in METHODS, f"merge method {name} is registered twice"
        METHODS[name] = MergeMethod(name, params, function, paper, needs_base)
        return function

    return register


def find_method(name: str, where: str) -> MergeMethod:
    """The method called ``name``.

    Raises:
        ConfigError: there is none; suggests the nearest.
    """
    if name not in METHODS:
        raise ConfigError(f"{where}.merge_method: unknown method '{name}'{nearest(name, METHODS)}")
    return METHODS[name]


def weighted(tensors: Tensor, weights: PerModel) -> Tensor:
    """Each of K tensors times its weight; ``[K, *shape]``."""
    return tensors * column(weights, tensors)


def column(values: PerModel, like: Tensor) -> Tensor:
    """K numbers as a tensor that broadcasts against ``[K, *shape]``, float32."""
    return torch.tensor(values, dtype=torch.float32).view(-1, *[1] * (like.ndim - 1))


def safe_divisor(total: Tensor) -> Tensor:
    """``total``, with 1 where it is too near zero to divide by."""
    return torch.where(total.abs() < 1e-8, torch.ones_like(total), total)
