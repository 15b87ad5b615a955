"""What a merge did, layer by layer, from the diagnostics of its tensors."""

import math
import re
from collections.abc import Mapping
from typing import Any

LAYER = re.compile(r"\.(?:layers|h|blocks)\.(\d+)\.")
EMBEDDING = re.compile(r"embed|wte")

Layered = dict[str, dict[str, float]]
"""By layer's name: ``delta_norm``, ``sign_conflict_share``, ``unchanged_share``."""


def by_layer(tensors: Mapping[str, Mapping[str, Any]]) -> Layered:
    """Sum up a manifest's tensors: lengths as one vector's, shares over all entries.

    Embedding first, then the layers, then what comes after them.
    """
    groups: dict[tuple[int, str], list[Mapping[str, Any]]] = {}
    for name, tensor in tensors.items():
        groups.setdefault(_place(name), []).append(tensor)
    return {label: _summed(groups[rank, label]) for rank, label in sorted(groups)}


def _place(name: str) -> tuple[int, str]:
    if found := LAYER.search(name):
        return int(found[1]), found[1]
    return (-1, "embedding") if EMBEDDING.search(name) else (1 << 30, "head")


def _summed(tensors: list[Mapping[str, Any]]) -> dict[str, float]:
    entries = [math.prod(tensor["shape"]) for tensor in tensors]

    def share(key: str) -> float:
        held: float = sum(n * float(tensor.get(key, 0.0)) for n, tensor in zip(entries, tensors, strict=True))
        return float(held / max(1, sum(entries)))

    return {
        "delta_norm": math.sqrt(sum(tensor.get("delta_norm", 0.0) ** 2 for tensor in tensors)),
        "sign_conflict_share": share("sign_conflict_share"),
        "unchanged_share": share("unchanged_share"),
    }
