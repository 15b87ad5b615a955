"""What an architecture has, as transformers builds it from ``config.json``: asked only where files look wrong.

Building it takes seconds, most of them to import transformers; no weight is read and no memory taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from l2s.checkpoints.checkpoint import Checkpoint
from l2s.checkpoints.model.language import MOST_LAYERS, layers_said
from l2s.checkpoints.model.parts import is_embedding, is_head, layer_of

CLASSES = {"ForCausalLM": "AutoModelForCausalLM", "LMHeadModel": "AutoModelForCausalLM",
           "ForConditionalGeneration": "AutoModelForImageTextToText",
           "ForSequenceClassification": "AutoModelForSequenceClassification", "Model": "AutoModel"}  # fmt: skip
"""Who builds an architecture, by the end of its name."""


class Architecture(NamedTuple):
    """A class of transformers."""

    name: str
    required: frozenset[str]
    """Names of its weights in a folder; of tied ones the first."""
    known: frozenset[str]
    """Every name of a tensor that it takes."""
    prefix: str
    """``model.``: folders of the bare model lack it."""

    def missing(self, names: Iterable[str]) -> list[str]:
        """Weights that a folder with these tensors lacks; heads are looked at elsewhere."""
        there = set(names) | {f"{self.prefix}{name}" for name in names}
        return sorted(name for name in self.required - there if not is_head(name))

    def takes(self, name: str) -> bool:
        """Has it a place for this tensor?"""
        return name in self.known or f"{self.prefix}{name}" in self.known


def missing_weights(model: Checkpoint) -> tuple[str, list[str]]:
    """The architecture, and the weights that it has and the folder lacks; none where the files look whole."""
    if _looks_whole(model):
        return "", []
    found = architecture_of(model)
    return ("", []) if found is None else (found.name, found.missing(model.index.entries))


def unexpected_weights(model: Checkpoint, names: Iterable[str]) -> set[str]:
    """Those of the tensors that no part of the model takes; none where transformers does not know it."""
    asked = set(names)
    found = architecture_of(model) if asked else None
    return set() if found is None else {name for name in asked if not found.takes(name)}


def _looks_whole(model: Checkpoint) -> bool:
    """Has it an embedding, a last norm and all layers, and no layer that is another one but for what it lacks?"""
    layers: dict[int, set[str]] = {}
    outside = list[str]()
    for name in model.index.entries:
        if (place := layer_of(name)) is None:
            outside.append(name)
        else:
            layers.setdefault(place[0], set()).add(place[1])
    said = layers_said(model.config)
    count = len(layers) if said is None else said
    if not layers and not any(map(is_embedding, outside)):
        return True  # a part of a model: nothing is claimed of it
    if not any(map(is_embedding, outside)) or not any("norm" in name or "ln_" in name for name in outside):
        return False
    if not set(range(min(count, len(layers) + 1))) <= layers.keys():
        return False
    kinds = {frozenset(found) for number, found in layers.items() if number < count}
    return not any(one < other for one in kinds for other in kinds)


def architecture_of(model: Checkpoint) -> Architecture | None:
    """What transformers builds of the folder's config; None where it does not know it."""
    named = model.config.get("architectures")
    named = named[0] if isinstance(named, list) and named and isinstance(named[0], str) else ""
    end = next((end for end in CLASSES if named.endswith(end)), None)
    if (layers_said(model.config) or 0) > MOST_LAYERS:
        return None
    return None if end is None else _built(model.path.absolute(), CLASSES[end])


@lru_cache(8)
def _built(folder: Path, builder: str) -> Architecture | None:
    import torch
    import transformers
    from transformers.core_model_loading import revert_weight_conversion

    try:
        config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False)
        with torch.device("meta"):
            network = getattr(transformers, builder).from_config(config, trust_remote_code=False)
        network.tie_weights()
        own = dict(network.named_parameters())  # of tied weights the first
        stored = revert_weight_conversion(network, own)
        known = {*stored, *own, *network.state_dict(), *revert_weight_conversion(network, network.state_dict())}
    except Exception:  # a config may be unknown or wrong in as many ways as there are architectures: nothing is claimed
        return None
    return Architecture(type(network).__name__, frozenset(stored), frozenset(known), f"{network.base_model_prefix}.")
