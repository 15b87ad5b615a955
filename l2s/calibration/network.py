"""Network: a checkpoint's modules, which take no memory until their weights are loaded."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import torch
from torch import Tensor
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from l2s.calibration.converted import is_converted, load_converted
from l2s.calibration.finite import not_finite
from l2s.causal_lm import notes_on, unexpected_weights
from l2s.checkpoints.checkpoint import Checkpoint
from l2s.checkpoints.checks.finite import all_finite
from l2s.checkpoints.files.dtypes import TORCH_NAMES
from l2s.checkpoints.files.index import TensorEntry, listed
from l2s.checkpoints.model.language import refuse_layers
from l2s.checkpoints.model.quantised import quantised_by
from l2s.checkpoints.open import open_reader
from l2s.checkpoints.reader import Reader
from l2s.core.errors import CheckpointError, line_of
from l2s.foreign_code import needs_own_code


@dataclass(frozen=True, eq=False)
class Network:
    """A causal language model of transformers, whose weights have the names that the folder gives them."""

    checkpoint: Checkpoint
    model: PreTrainedModel
    """Its weights are on the meta device; what is computed from the config is there."""
    device: str

    @classmethod
    def open(cls, checkpoint: Checkpoint, device: str = "cpu") -> Self:
        """Build the modules; no weight is read, and no code from the folder is run.

        A head is tied where the checkpoint says so; see :attr:`l2s.checkpoints.Checkpoint.tied`.

        Raises:
            CheckpointError: transformers does not know the architecture, or names, shapes or formats of its
                weights are not those of the folder.
        """
        entries = checkpoint.index.entries  # first: a folder that is not there has no config either
        if how := quantised_by(checkpoint.config, entries):
            what = f"is quantized; calibrate the model that it was made from (weights are {how})"
            raise CheckpointError(f"{checkpoint.path}: {what}")
        model = _build(checkpoint)
        _compute_buffers(model, device)
        network = cls(checkpoint, model.eval(), device)
        if not network.converted:
            network._refuse_other_weights(entries)
        return network

    @cached_property
    def converted(self) -> bool:
        """Has the folder other tensors than the network, so that only transformers' own loader makes one of them?"""
        there, prefix = self.checkpoint.index.entries, f"{self.model.base_model_prefix}."
        if all(name in there for name in self.names):
            return False
        return is_converted(self.model) or any(name.removeprefix(prefix) in there for name in self.names)

    @property
    def names(self) -> list[str]:
        """Names of all weights; of tied ones the first."""
        buffers = [name for name, _ in self.model.named_buffers() if name in _stored(self.model)]
        return [*dict(self.model.named_parameters()), *buffers]

    def notes(self) -> tuple[str, ...]:
        """A sentence on tensors of the folder that no part of the model takes, if there are any."""
        if self.converted or self.checkpoint.index.entries.keys() <= _stored(self.model).keys():
            return ()
        return notes_on(self.checkpoint.path, unexpected_weights(self.checkpoint.path))

    @property
    def vocabulary(self) -> int:
        """Length of the logits."""
        return int(self.model.get_output_embeddings().weight.shape[0])

    @property
    def context(self) -> int | None:
        """The largest number of tokens of a text, as the config says."""
        found: int | None = getattr(self.model.config, "max_position_embeddings", None)
        return found

    def loaded(self) -> PreTrainedModel:
        """The model with all its weights, in float32.

        Raises:
            CheckpointError: some are missing.
        """
        with open_reader(self.checkpoint) as reader:
            if self.converted:
                names = self.checkpoint.names()
                return load_converted(
                    self.checkpoint, self.model, {name: self.weight(reader, name) for name in names}
                ).to(self.device)
            weights = {name: self.weight(reader, name) for name in self.names}
        self.model.load_state_dict(weights, strict=False, assign=True)
        self.model.tie_weights()
        return self.model

    def weight(self, reader: Reader, name: str) -> Tensor:
        """One weight in float32, in memory of its own: where entries lie aligned otherwise, kernels may round so.

        Raises:
            CheckpointError: it holds NaN or infinite entries, which texts need not meet.
        """
        stored = reader.read(name)
        if stored.is_floating_point() and not all_finite(stored):
            raise not_finite(self.checkpoint, "statistics")
        return stored.to(self.device, torch.float32, copy=True)

    def _refuse_other_weights(self, entries: Mapping[str, TensorEntry]) -> None:
        where = self.checkpoint.path
        expected = {name: tuple(tensor.shape) for name, tensor in _stored(self.model).items() if name in self.names}
        problems = []
        if missing := [name for name in expected if name not in entries]:
            problems.append(f"lacks {listed(missing)}, which transformers' {type(self.model).__name__} has")
        there = {name: entries[name] for name in expected if name in entries}
        if odd := [f"{name} ({entry.dtype})" for name, entry in there.items() if entry.dtype not in TORCH_NAMES]:
            problems.append(f"holds {listed(odd)}; expected floating-point weights")
        if other := [name for name, entry in there.items() if entry.shape != expected[name]]:
            found, wanted = list(there[other[0]].shape), list(expected[other[0]])
            problems.append(f"{listed(other)}: found shape {found}, config.json makes it {wanted}")
        if problems:
            raise CheckpointError("; ".join(f"{where}: {problem}" for problem in problems))


def _build(checkpoint: Checkpoint) -> PreTrainedModel:
    refuse_layers(checkpoint.path, checkpoint.config)
    changes = {"tie_word_embeddings": checkpoint.tied}
    changes |= {key: value for key, value in checkpoint.config.items() if key == "vocab_size"}
    try:
        config = AutoConfig.from_pretrained(checkpoint.path, trust_remote_code=False, **changes)
        with torch.device("meta"):
            model: PreTrainedModel = AutoModelForCausalLM.from_config(
                config, dtype=torch.float32, experts_implementation="eager", trust_remote_code=False
            )
    except Exception as error:  # a config may be wrong in as many ways as there are architectures
        said = needs_own_code(checkpoint.path) or (
            f"{checkpoint.path}: transformers cannot build this model: {line_of(error)}"
        )
        raise CheckpointError(said) from None
    model.tie_weights()
    return model


def _stored(model: PreTrainedModel) -> dict[str, Tensor]:
    """What a checkpoint of the model holds."""
    found: dict[str, Tensor] = model.state_dict(keep_vars=True)
    return found


def _compute_buffers(model: PreTrainedModel, device: str) -> None:
    """Fill buffers that no checkpoint stores (rotary frequencies), as transformers does when it loads a model."""
    stored = _stored(model)
    for prefix, module in model.named_modules():
        for name in [name for name, _ in module.named_buffers(recurse=False) if f"{prefix}.{name}" not in stored]:
            module.register_buffer(name, _unfilled(module.get_buffer(name), device), persistent=False)
    model.initialize_weights()  # weights have no memory yet, so that nothing happens to them


def _unfilled(buffer: Tensor, device: str) -> Tensor:
    """NaN, so that a number that is not filled in does not pass for one."""
    return torch.full_like(buffer, torch.nan if buffer.is_floating_point() else 0, device=device)
