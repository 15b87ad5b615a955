"""Merging one random weight by the words of a recipe, in one piece or cut into several."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from pydantic.fields import FieldInfo
from torch import Tensor

from l2s.core.params import Params
from l2s.merging.method import Merged, Weight
from l2s.merging.methods import find_method

NOT_OF_PIECES = (
    "{} gives of a weight in pieces another result than of the weight at once: what it needs of the whole weight, "
    "such as a norm, goes in a measure, see docs/extending.md"
)


def random_weight(k: int, shape: tuple[int, ...], seed: int = 0, coarse: bool = False, spread: float = 0.5) -> Weight:
    """Models near a base; ``coarse``: in steps of 1/8, so that many magnitudes are equal."""
    generator = torch.Generator().manual_seed(seed)
    base, taus = torch.randn(shape, generator=generator), spread * torch.randn((k, *shape), generator=generator)
    if coarse:
        base, taus = (base * 8).round() / 8, (taus * 8).round() / 8
    return Weight("w", base, base + taus, seed, tuple(f"digest-{number}" for number in range(k)))


def without_base(weight: Weight) -> Weight:
    return replace(weight, base=torch.zeros_like(weight.base))


def merge(
    name: str, weight: Weight, models: Sequence[dict[str, Any]] = (), of: str | None = None, **params: Any
) -> Merged:
    """In one piece; ``lambda_`` stands for lambda, no models for nothing said about them."""
    method, params_, each = _parsed(name, weight, models, params, of)
    return method.whole(weight, params_, each)


def merge_in_pieces(
    name: str, weight: Weight, rows: int, models: Sequence[dict[str, Any]] = (), **params: Any
) -> Merged:
    """In pieces of so many rows, along the longer side where the method wants them so."""
    method, params_, each = _parsed(name, weight, models, params)
    wide = method.pieces == "short" and weight.base.dim() == 2 and weight.base.shape[0] < weight.base.shape[1]
    weight = replace(weight, base=weight.base.T, models=weight.models.mT) if wide else weight
    pieces = [
        replace(weight, base=base, models=weight.models[:, at * rows : (at + 1) * rows], whole=weight.shape)
        for at, base in enumerate(weight.base.split(rows))
    ]
    pieces = [replace(piece, start=at * rows * weight.base[0].numel()) for at, piece in enumerate(pieces)]
    assert method.measure is not None
    measured = method.measure(lambda function, label="": [function(iter(pieces))], params_, each)
    merged = [method.merge(replace(piece, measured=measured), params_, each) for piece in pieces]
    value, summands = torch.cat([one.value for one in merged]), torch.cat([one.summands for one in merged], dim=1)
    return Merged(value.T, summands.mT) if wide else Merged(value, summands)


def _parsed(
    name: str, weight: Weight, models: Sequence[dict[str, Any]], params: dict[str, Any], of: str | None = None
) -> tuple[Any, ...]:
    method = find_method(name, of)
    words = {key.rstrip("_"): value for key, value in params.items()} | ({} if of is None else {"of": of})
    each = [method.model_params.parse(found, "model") for found in models or [{}] * len(weight.models)]
    return method, method.params.parse(words, "merge"), each


def entries(vectors: Tensor) -> list[list[float]]:
    """K tensors as lists of K flat lists."""
    return vectors.reshape(vectors.shape[0], -1).double().tolist()


def shaped(flat: list[float], like: Tensor) -> Tensor:
    return torch.tensor(flat, dtype=torch.float64).view(like.shape).float()


def close(merged: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(merged, expected, rtol=2e-5, atol=2e-6)


def middles(params: type[Params]) -> dict[str, float]:
    """Of every required number the middle of what it may be."""
    required = {field.alias or name: field for name, field in params.model_fields.items() if field.is_required()}
    return {key: _middle(field) for key, field in required.items() if key not in ("statistics", "of")}


def _middle(field: FieldInfo) -> float:
    words = ("gt", "ge", "lt", "le")
    found = [getattr(item, word) for item in field.metadata for word in words if hasattr(item, word)]
    low, high = (found[0], found[-1]) if len(found) > 1 else (found[0], found[0] + 1) if found else (0.0, 1.0)
    return round((low + high) / 2, 4)
