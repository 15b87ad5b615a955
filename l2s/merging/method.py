"""What a merge method is: a pure function on one weight, its parameters, and the table of them all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from l2s.errors import ConfigError
from l2s.params import Params, nearest
from l2s.seeds import generator_for

BLOCK = 1 << 16
"""Entries drawn from one generator, so that a part of a weight can be drawn alone."""


@dataclass(frozen=True, eq=False)
class Weight:
    """One named weight, as the base and the K models to be merged hold it."""

    name: str
    """Name in the checkpoint, e.g. ``model.layers.3.mlp.up_proj.weight``."""
    base: Tensor
    """θ₀, float32, any shape. Zeros for a method without a base: task vectors are then the weights themselves."""
    task_vectors: Tensor
    """τₖ = θₖ − θ₀, float32, ``[K, *base.shape]``."""
    seed: int = 0
    """The run's seed."""
    digests: tuple[str, ...] = ()
    """The K models' own digests."""

    def uniform(self, k: int) -> Tensor:
        """Draws from [0, 1) for model ``k``, float32, ``[*base.shape]``.

        They depend on seed, the model's digest, the weight's name and the place in it, and on nothing
        else: not on the other models, their order, the shards or the threads.
        """
        n = self.base.numel()
        drawn = torch.empty(n)
        for block, start in enumerate(range(0, n, BLOCK)):
            generator = generator_for(self.seed, "draw", self.digests[k], self.name, block)
            drawn[start : start + BLOCK] = torch.rand(min(BLOCK, n - start), generator=generator)
        return drawn.view_as(self.base)


@dataclass(frozen=True, eq=False)
class Merged:
    """A merged weight, and what went into it."""

    value: Tensor
    """θ, float32, ``[*shape]``."""
    summands: Tensor
    """The task vectors after trimming or dropping, before weights: ``[K, *shape]``, for diagnostics."""


Merge = Callable[[Weight, Any, Sequence[Any]], Merged]


@dataclass(frozen=True)
class MergeMethod:
    """A registered merge method."""

    name: str
    merge: Merge
    params: type[Params]
    """Parameters of the whole merge, under ``parameters``."""
    model_params: type[Params]
    """Parameters of each model, under ``models[].parameters``, or for all models under ``parameters``."""
    paper: str
    needs_base: bool

    def takes(self) -> list[str]:
        """Parameter names as a recipe writes them."""
        return sorted(keys(self.params) | keys(self.model_params))


METHODS: dict[str, MergeMethod] = {}


def merge_method(
    name: str, params: type[Params], model_params: type[Params], *, paper: str = "", needs_base: bool = True
) -> Callable[[Merge], Merge]:
    """Register a function ``(weight, params, [model params of each of the K models]) -> Merged``."""

    def register(merge: Merge) -> Merge:
        assert name not in METHODS, f"merge method '{name}' is registered twice"
        METHODS[name] = MergeMethod(name, merge, params, model_params, paper, needs_base)
        return merge

    return register


def find_method(name: str) -> MergeMethod:
    """The method of that name.

    Raises:
        ConfigError: there is none; suggests the nearest.
    """
    if name not in METHODS:
        raise ConfigError(f"unknown merge method '{name}'{nearest(name, METHODS)}")
    return METHODS[name]


def keys(params: type[Params]) -> set[str]:
    """The keys a recipe may set."""
    return {field.alias or name for name, field in params.model_fields.items()}
