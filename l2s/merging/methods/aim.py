"""AIM: keep the base's weights where its activations are large, whatever the method that merged.

Activation-informed merging, arXiv:2502.02421, and its authors' code. With a, the sum of mean |input| of each
input channel j of a linear layer, measured on the base alone:

    θ[:, j] = θₘ[:, j] + sⱼ (1 − ω) (θ₀ − θₘ)[:, j],   sⱼ = aⱼ / max a

so the busiest channel keeps the share ω of its change, and an idle one all of it. A norm's weight, whose input
channels are its entries, is relaxed entry by entry. Weights without a statistic (embeddings, biases, a
head that is the embedding) keep the merged value, as in the authors' code.

Departures from that code: differences in float32 where it takes them in bfloat16, and one rounding at the end.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from pydantic import Field, create_model

from l2s.core.errors import CheckpointError, ConfigError
from l2s.core.lazy import Tensor, torch
from l2s.core.params import Params
from l2s.merging.method import Merged, MergeMethod, Target, Weight, keys, merge_method
from l2s.merging.methods.linear import ModelWeight
from l2s.merging.methods.task_arithmetic import TaskArithmeticParams, task_arithmetic
from l2s.merging.ops.sums import divides


class AimParams(Params):
    """Parameters of the whole merge, beside the parameters of the method it acts on."""

    of: str = "task_arithmetic"
    """The merge method acted on. With one model of weight 1, task arithmetic gives that model: AIM then
    acts on any merged model."""
    statistics: str | None = None
    """The base's activation statistics, made by calibration; required."""
    omega: float = Field(0.4, ge=0, le=1)
    """ω, the share of its change that the busiest channel keeps; 1 changes nothing."""


class AimOfTaskArithmetic(AimParams, TaskArithmeticParams):
    """Parameters of the whole merge, where no other method is named."""


@cache
def compose(inner: MergeMethod) -> MergeMethod:
    """AIM on the result of another method, with that method's parameters beside its own.

    Raises:
        ConfigError: the method has no base, comes transposed, or has parameters of the same names.
    """
    if not inner.needs_base:
        raise ConfigError(f"aim keeps weights near the base, and {inner.name} has none; say of: task_arithmetic")
    if inner.pieces != "rows":
        raise ConfigError(
            f"aim cannot act on {inner.name} in one merge; merge with {inner.name} first, "
            "then list the result as the one model of an aim recipe"
        )
    if clash := keys(AimParams) & (keys(inner.params) | keys(inner.model_params)):
        raise ConfigError(
            f"aim cannot act on {inner.name} in one merge: both take {', '.join(sorted(clash))}; "
            f"merge with {inner.name} first, then list the result as the one model of an aim recipe"
        )

    def merge(weight: Weight, params: Any, models: Sequence[Any]) -> Merged:
        merged = inner.merge(weight, params, models)
        return Merged(relaxed(merged.value, weight, params.omega), merged.summands)

    def check_both(target: Target, params: Any, models: Sequence[Any]) -> None:
        check(target, params, models)
        if inner.check is not None:
            inner.check(target, params, models)

    return replace(
        inner, name="aim", merge=merge, check=check_both, fused=None, compose=compose, paper="arXiv:2502.02421",
        params=create_model(f"AimOf{inner.params.__name__}", __base__=(AimParams, inner.params)),
    )  # fmt: skip


def check(target: Target, params: AimParams, models: Sequence[Any]) -> None:
    """Are the base's activations there, and do they fit the weight?"""
    activity_of(target)


@merge_method(AimOfTaskArithmetic, ModelWeight, paper="arXiv:2502.02421", check=check, compose=compose, cancels=divides)
def aim(weight: Weight, params: AimOfTaskArithmetic, models: Sequence[ModelWeight]) -> Merged:
    """AIM on the result of task arithmetic."""
    merged = task_arithmetic(weight, params, models)
    return Merged(relaxed(merged.value, weight, params.omega), merged.summands)


def relaxed(merged: Tensor, weight: Weight, omega: float) -> Tensor:
    """The merged value, drawn back towards the base by channel, float32, ``[*shape]``.

    Raises:
        ConfigError: the recipe names no statistics, or not such ones.
        CheckpointError: they do not fit the weight.
    """
    activity = activity_of(weight)
    if activity is None or omega == 1:
        return merged
    activity = activity.to(weight.base.device, torch.float32)
    importance = _of_piece(activity / _busiest(activity), weight)  # s, as it lies on the piece
    return torch.lerp(merged, weight.base, importance * (1 - omega))


def _busiest(activity: Tensor) -> Tensor:
    """The largest activity of a matrix, in a stack of matrices of each; 1 where there is none at all."""
    largest = activity.amax((-2, -1), keepdim=True) if activity.dim() == 3 else activity.max()
    return torch.where(largest > 0, largest, 1.0)


def _of_piece(activity: Tensor, weight: Weight) -> Tensor:
    """The part that belongs to the rows of a piece, where it has a number for each of them."""
    if activity.dim() < len(weight.shape) or activity.shape[0] != weight.shape[0]:
        return activity
    first = weight.start // math.prod(weight.shape[1:])
    return activity[first : first + len(weight.base)]


def activity_of(weight: Weight | Target) -> Tensor | None:
    """The activity of the weight's columns, or of a vector's entries: a, ``[in]``; None where none was measured.

    Of a weight ``[in, out]`` it is ``[in, 1]``, of a stack of E matrices ``[E, 1, in]`` or ``[E, in, 1]``.
    """
    statistics = weight.statistics
    if statistics is None:
        raise ConfigError(
            "aim: parameters.statistics is required: the base's activations (l2s calibrate --kind activations)"
        )
    if statistics.kind != "activations":
        raise ConfigError(
            f"aim: parameters.statistics holds {statistics.kind}; it takes the base's activations "
            "(l2s calibrate --kind activations)"
        )
    activity: Tensor | None = statistics.tensors.get(weight.name)
    if activity is not None and not _fits(tuple(activity.shape), weight.shape):
        raise CheckpointError(
            f"{weight.name}: has {_length(weight.shape[-1:])} input channels, its activation statistics "
            f"{_length(tuple(activity.shape))}; calibrate the recipe's base_model again"
        )
    return activity


def _fits(activity: tuple[int, ...], weight: tuple[int, ...]) -> bool:
    """One number a column; or, where inputs do not lie along columns, of the weight's dimensions, one being 1."""
    if len(activity) == 1:
        return activity == weight[-1:]
    *stack, rows, columns = weight if len(weight) > 1 else (0, *weight)
    return activity in ((*stack, rows, 1), (*stack, 1, columns))


def _length(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "no"
