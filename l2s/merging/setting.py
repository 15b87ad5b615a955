"""Parameter values as mergekit writes them: a number, a gradient over the layers, or a list of filters."""

import re
from typing import Any

from pydantic import Field

from l2s.params import Params

Scalar = bool | int | float | str


class Conditional(Params):
    """A value for the tensors whose name contains ``filter`` (all, if it is absent or ``*``)."""

    filter: str | None = None
    value: Scalar | list[float] = Field(...)


Setting = Scalar | list[float] | Conditional | list[Conditional]
_LAYER = re.compile(r"\.layers\.(\d+)\.")


def value_at(setting: Setting | None, tensor: str, layers: int) -> Any:
    """The value for one tensor; None if no filter matches.

    A gradient is interpolated linearly over the layers: the embedding takes its first value, the final
    norm and the head its last.
    """
    if isinstance(setting, Conditional):
        setting = [setting]
    if not isinstance(setting, list):
        return setting
    if all(isinstance(item, (int, float)) for item in setting):
        return _interpolated([float(item) for item in setting if isinstance(item, (int, float))], depth(tensor, layers))
    for item in setting:
        if isinstance(item, Conditional) and (item.filter in (None, "*") or (item.filter or "") in tensor):
            return value_at(item.value, tensor, layers)
    return None


def depth(tensor: str, layers: int) -> float:
    """Where a tensor stands between the first layer (0) and the last (1)."""
    layer = _LAYER.search(tensor)
    if layer:
        return int(layer.group(1)) / max(1, layers - 1)
    return 0.0 if "embed" in tensor else 1.0


def _interpolated(values: list[float], position: float) -> float:
    place = position * (len(values) - 1)
    low = min(int(place), len(values) - 1)
    high = min(low + 1, len(values) - 1)
    return values[low] + (place - low) * (values[high] - values[low])
