"""Parameter values in mergekit's dialect: one value, a gradient over the layers, or values by tensor name.

weight: 0.5
weight: [0.2, 0.5, 0.9]                          # first to last layer, interpolated
weight: [{filter: mlp, value: 0.3}, {value: 0.5}]  # the first whose filter is in the tensor's name
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from l2s.core.numbers import is_number

LAYER = re.compile(r"(?:^|\.)(?:layers|h|blocks|block)\.(\d+)\.")
EMBEDDING = re.compile(r"embed(?!_out)|(?:^|\.)wte\.|(?:^|\.)wpe\.")


def position(name: str, layers: int) -> float:
    """Where a tensor stands between the first layer (0) and the last (1).

    Embeddings count as the first layer; a model of one layer stands at 1. So far these are mergekit's
    rules; but what follows the layers (last norm, head) counts as the last, and in mergekit as the first.
    """
    layer = layer_of(name)
    if layer is not None:
        return layer / (layers - 1) if layers > 1 else 1.0
    return 0.0 if is_embedding(name) else 1.0


@lru_cache(1 << 17)
def layer_of(name: str) -> int | None:
    """The layer that a tensor belongs to, counted from 0; None for what comes before and after the layers."""
    layer = LAYER.search(name)
    return int(layer[1]) if layer else None


def is_embedding(name: str) -> bool:
    """Does a tensor come before the layers?"""
    return LAYER.search(name) is None and EMBEDDING.search(name) is not None


def count_layers(names: list[str]) -> int:
    """Number of layers that tensor names speak of."""
    return 1 + max((layer for name in names if (layer := layer_of(name)) is not None), default=-1)


def evaluate(setting: Any, name: str, t: float) -> Any:
    """The value of a setting for one tensor at :func:`position` ``t``; None where no filter matches."""
    if not isinstance(setting, list):
        return setting
    if not any(isinstance(item, dict) for item in setting):
        at = t * (len(setting) - 1)
        low = int(at)
        high = min(len(setting) - 1, low + 1)
        return (1 - (at - low)) * setting[low] + (at - low) * setting[high]
    for choice in setting:
        if choice.get("filter") in (None, "*") or choice["filter"] in name:
            return evaluate(choice.get("value"), name, t)
    return None


def leaves(setting: Any, where: str) -> Iterator[tuple[str, Any]]:
    """Every single value in a setting, with its place."""
    if not isinstance(setting, list):
        yield where, setting
        return
    for number, item in enumerate(setting):
        inner = item.get("value") if isinstance(item, dict) else item
        yield from leaves(inner, f"{where}.{number}.value" if isinstance(item, dict) else f"{where}.{number}")


def map_leaves(setting: Any, change: Callable[[Any], Any]) -> Any:
    """The same setting with every single value changed."""
    if not isinstance(setting, list):
        return change(setting)
    return [
        {**item, "value": map_leaves(item.get("value"), change)} if isinstance(item, dict) else map_leaves(item, change)
        for item in setting
    ]


def malformed(setting: Any, where: str) -> Iterator[str]:
    """What is wrong with a setting's form, in sentences; its values are the method's business."""
    if isinstance(setting, dict):
        yield f"{where}: found a mapping, expected a value, a list of numbers, or a list of {{filter, value}}"
    elif isinstance(setting, list):
        yield from _malformed_list(setting, where)


def _malformed_list(setting: list[Any], where: str) -> Iterator[str]:
    choices = [item for item in setting if isinstance(item, dict)]
    if not setting:
        yield f"{where}: an empty list"
    elif choices and len(choices) < len(setting):
        yield f"{where}: mixes plain values and {{filter, value}}"
    elif not choices and not all(map(is_number, setting)):
        yield f"{where}: found {setting}, a gradient over the layers takes numbers"
    for number, choice in enumerate(choices):
        if "value" not in choice or choice.keys() - {"filter", "value"}:
            yield f"{where}.{number}: found keys {', '.join(map(str, choice))}; expected filter and value"
        elif not isinstance(choice.get("filter"), str | None):
            yield f"{where}.{number}.filter: found {choice['filter']!r}, expected a part of a tensor's name"
        else:
            yield from malformed(choice["value"], f"{where}.{number}.value")
