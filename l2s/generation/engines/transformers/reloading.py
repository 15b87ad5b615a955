"""Other weights for a model in memory: copied to where its own are, so that what is tied stays tied."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor
from transformers import PreTrainedModel

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.files.index import listed
from l2s.checkpoints.reader import CheckpointReader
from l2s.core.errors import EngineError
from l2s.generation.engines.engine import Weights


def copy_weights(model: PreTrainedModel, weights: Weights) -> None:
    """Give ``model`` other weights, each rounded as :meth:`from_pretrained` rounds the stored ones.

    Raises:
        EngineError: names or shapes are not the model's; nothing was copied.
    """
    if isinstance(weights, Path):
        with CheckpointReader(Checkpoint(weights)) as reader:
            copy_weights(model, {name: reader.read(name) for name in reader.checkpoint.names()})
        return
    places = model.state_dict()
    if reason := _why_not(places, weights):
        raise EngineError(f"the weights cannot be swapped in place: {reason}")
    with torch.no_grad():
        for name, tensor in weights.items():
            places[name].copy_(tensor)


def _why_not(places: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> str | None:
    """What speaks against it: a place that two weights share would hold the last, one without a weight the old."""
    if unknown := [name for name in weights if name not in places]:
        return f"the model has no {listed(unknown)}"
    filled = [places[name].data_ptr() for name in weights if places[name].numel()]
    if missing := [name for name, place in places.items() if place.numel() and place.data_ptr() not in filled]:
        return f"{listed(missing)} of the model would keep what they are"
    if len(set(filled)) < len(filled):
        return "two of them belong in one place, which the model has tied"
    odd = [name for name, tensor in weights.items() if not _fits(places[name], tensor)]
    return f"other shapes or formats than the model's: {listed(odd)}" if odd else None


def _fits(place: Tensor, tensor: Tensor) -> bool:
    """A copy gives what a load would: the same format, or float32, which holds every shorter one."""
    return place.shape == tensor.shape and (place.dtype == tensor.dtype or place.dtype == torch.float32)
