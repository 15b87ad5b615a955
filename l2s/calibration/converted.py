"""Models whose folder has other tensors than transformers has in memory: its own conversion, there and back.

transformers stacks the experts of a layer into one tensor when it loads a model, and takes them apart when it saves
it. What is measured in memory is said of the folder's tensors, since those are merged.
"""

from collections.abc import Iterable, Mapping

import torch
import transformers
from torch import Tensor
from transformers import PreTrainedModel
from transformers.conversion_mapping import get_model_conversion_mapping
from transformers.core_model_loading import revert_weight_conversion

from l2s.causal_lm import first_line, refuse_missing
from l2s.checkpoints.checkpoint import Checkpoint
from l2s.checkpoints.statistics import layer_group
from l2s.core.errors import CheckpointError


def is_converted(model: PreTrainedModel) -> bool:
    """Does transformers change the tensors of this architecture when it loads them?"""
    return bool(get_model_conversion_mapping(model, add_legacy=False))


def load_converted(checkpoint: Checkpoint, model: PreTrainedModel, weights: dict[str, Tensor]) -> PreTrainedModel:
    """The model with the folder's weights, ``weights``, as transformers converts them; float32.

    Raises:
        CheckpointError: transformers cannot make the model of them, or finds some missing.
    """
    transformers.utils.logging.disable_progress_bar()
    try:
        loaded, info = type(model).from_pretrained(
            None, config=model.config, state_dict=weights, dtype=torch.float32, output_loading_info=True,
            experts_implementation="eager",
        )  # fmt: skip
    except Exception as error:  # weights may fail to fit in as many ways as there are architectures
        raise CheckpointError(f"{checkpoint.path}: transformers cannot load this folder: {first_line(error)}") from None
    refuse_missing(checkpoint.path, type(model).__name__, info["missing_keys"])
    found: PreTrainedModel = loaded.eval()
    return found


def as_in_folder(checkpoint: Checkpoint, model: PreTrainedModel, channels: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Statistics of input channels by the names, and in the layout, of the folder's tensors.

    Args:
        checkpoint: the folder.
        model: loaded from it.
        channels: by the names that weights have in memory; spread over the weight each gives a tensor of its shape.
    """
    there = set(checkpoint.names())
    if channels.keys() <= there:
        return dict(channels)
    stored = model.state_dict()
    spread = {name: found.expand(stored[name].shape) for name, found in channels.items()}
    reverted = {name: _channels(found) for name, found in revert_weight_conversion(model, spread).items()}
    prefix = f"{model.base_model_prefix}."
    named = {name if name in there else name.removeprefix(prefix): found for name, found in reverted.items()}
    return {name: found for name, found in named.items() if name in there}


def groups_in_folder(checkpoint: Checkpoint, model: PreTrainedModel, names: Iterable[str]) -> dict[str, str]:
    """What the layers of weights in memory are called in the folder, where they are called otherwise there.

    Args:
        checkpoint: the folder.
        model: of it; its weights may be anywhere.
        names: of the weights in memory.
    """
    there, stored = {layer_group(name) for name in checkpoint.names()}, model.state_dict()
    found = dict[str, str]()
    for name in names:
        if (group := layer_group(name)) not in there and group not in found:
            reverted = revert_weight_conversion(model, {name: stored[name]})
            found[group] = layer_group(next(iter(reverted), name))
    return {group: folder for group, folder in found.items() if folder in there}


def _channels(spread: Tensor) -> Tensor:
    """The channels of a weight that has the same number all over each: ``[in]``, ``[in, 1]`` or of E."""
    if spread.dim() < 2:
        return spread.clone()
    if torch.equal(spread[..., :1, :].expand_as(spread), spread):
        return spread[0].clone() if spread.dim() == 2 else spread[..., :1, :].clone()
    return spread[..., :1].clone()
