"""What a merge did to each layer, added up from its manifest's record of every tensor."""

import math
import re
from collections.abc import Mapping
from typing import Any

_LAYER = re.compile(r"\.(?:layers|h|blocks)\.(\d+)\.")
SHARES = ("kept_share", "sign_conflict_share", "unchanged_share")
EMBEDDING, HEAD = "embedding", "final"


def layer_rows(manifests: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row per recipe and layer, in the order of the network.

    Args:
        manifests: recipe to what its ``l2s_manifest.json`` holds.

    Returns:
        ``recipe, layer, place, entries`` and ``delta_norm`` (Euclidean length of the layer's whole change: the
        root of the sum of its tensors' squares), ``kept_share``, ``sign_conflict_share``, ``unchanged_share``
        (each the mean over entries). Tensors copied without a record are left out.
    """
    return [
        {"recipe": recipe, "layer": layer, "place": place, **_added_up(tensors)}
        for recipe, manifest in manifests.items()
        for place, (layer, tensors) in enumerate(_by_layer(manifest.get("tensors", {})))
    ]


def has_base(manifest: Mapping[str, Any]) -> bool:
    """Whether its numbers are against a base model; without one they are against the first model."""
    return bool(manifest.get("recipe", {}).get("base_model"))


def _by_layer(tensors: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for name, tensor in tensors.items():
        if "delta_norm" in tensor:
            found.setdefault(_layer_of(name), []).append(tensor)
    return sorted(found.items(), key=lambda item: _place(item[0]))


def _layer_of(name: str) -> str:
    if match := _LAYER.search(name):
        return match.group(1)
    return EMBEDDING if "emb" in name or "wte" in name else HEAD


def _place(layer: str) -> tuple[int, int]:
    """The embedding first, then layers by number, then final norm and head."""
    return (0, 0) if layer == EMBEDDING else (2, 0) if layer == HEAD else (1, int(layer))


def _added_up(tensors: list[Mapping[str, Any]]) -> dict[str, Any]:
    sizes = [math.prod(tensor["shape"]) for tensor in tensors]
    entries = sum(sizes)
    means = {
        key: sum(size * tensor.get(key, 0.0) for size, tensor in zip(sizes, tensors, strict=True)) / max(1, entries)
        for key in SHARES
    }
    length = math.sqrt(sum(tensor["delta_norm"] ** 2 for tensor in tensors))
    return {"entries": entries, "delta_norm": length, **means}
