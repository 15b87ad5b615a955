"""LayeredModel: a model of which one piece at a time is in memory: the embedding, a decoder layer, or the head.

It knows nothing of masks and rotary embeddings. The model's own forward pass, with stand-ins for its layers, says
what each layer is called with; so the numbers are the whole model's, bit for bit.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call

from l2s.calibration.network import Network
from l2s.checkpoints.files.index import listed
from l2s.checkpoints.reader import Reader
from l2s.core.errors import CheckpointError

Weights = dict[str, Tensor]
"""Float32 weights of one piece, by name in the checkpoint."""
EMBEDDING, LAYERS = "model.embed_tokens.", "model.layers."
HEAD = ("model.norm.", "lm_head.")


class LayeredModel:
    """Pieces are numbered: 0 is the embedding, 1 to ``layers`` the layers, ``layers + 1`` last norm and head."""

    def __init__(self, network: Network, reader: Reader) -> None:
        """Nothing is read yet.

        Raises:
            CheckpointError: see :func:`refuse_other_architectures`.
        """
        refuse_other_architectures(network)
        self.network, self.reader = network, reader
        self.checkpoint, self.device, self.names = network.checkpoint, network.device, network.names
        self.modules: Mapping[str, nn.Module] = dict(network.model.named_modules())
        self._layers = list(network.model.model.layers)
        self._stands = [_StandIn() for _ in self._layers]
        network.model.model.layers = nn.ModuleList(self._stands)

    @property
    def layers(self) -> int:
        """Number of decoder layers."""
        return len(self._layers)

    @property
    def head(self) -> int:
        """Number of the last piece."""
        return self.layers + 1

    def names_of(self, piece: int) -> list[str]:
        """Names of the weights of a piece; a tied head has the embedding's matrix under its own name."""
        if piece == 0:
            return [name for name in self.names if name.startswith(EMBEDDING)]
        if piece == self.head:
            tied = ["lm_head.weight"] if self.checkpoint.tied else []
            return [name for name in self.names if name.startswith(HEAD)] + tied
        return [name for name in self.names if name.startswith(f"{LAYERS}{piece - 1}.")]

    def weights(self, piece: int) -> Weights:
        """Read a piece."""
        return {name: self.network.weight(self.reader, name) for name in self.names_of(piece)}

    def tied_head(self, embedding: Weights) -> Weights:
        """Norm and head, the head being the embedding that is given; nothing where they are not tied."""
        if not self.checkpoint.tied:
            return {}
        norm = [name for name in self.names if name.startswith(HEAD)]
        return {name: self.network.weight(self.reader, name) for name in norm} | {
            "lm_head.weight": embedding[f"{EMBEDDING}weight"]
        }

    def size(self, piece: int) -> int:
        """Bytes of a piece in float32."""
        return sum(4 * math.prod(self.checkpoint.entry(name).shape) for name in self.names_of(piece))

    def embed(self, weights: Weights, ids: Tensor) -> Tensor:
        """What enters the first layer, ``[1, tokens, hidden]``, of token ids ``[1, tokens]``."""
        return self._reach(0, weights, input_ids=ids).hidden

    def layer(self, piece: int, weights: Weights, hidden: Tensor) -> Tensor:
        """What leaves a layer, ``[1, tokens, hidden]``, of what enters it."""
        call = self._reach(piece - 1, {}, inputs_embeds=hidden.detach())  # what else it is called with
        prefix = f"{LAYERS}{piece - 1}."
        inner = {name.removeprefix(prefix): tensor for name, tensor in weights.items()}
        out = functional_call(self._layers[piece - 1], inner, (hidden, *call.rest), call.options)
        found: Tensor = out[0] if isinstance(out, tuple) else out
        return found

    def logits(self, weights: Weights, hidden: Tensor) -> Tensor:
        """``[1, tokens, vocabulary]``, of what leaves the last layer."""
        options = {"inputs_embeds": hidden.detach(), "use_cache": False}
        with self._standing(self._stands[-1], hands_on=hidden):
            found: Tensor = functional_call(self.network.model, weights, (), options).logits
        return found

    @torch.no_grad()
    def inputs(self, texts: Sequence[Tensor], last_only: bool = False) -> list[list[Tensor]]:
        """What enters each piece after the embedding, of each text, ``[piece − 1][text]``, on the CPU.

        Args:
            texts: token ids, ``[1, tokens]`` each.
            last_only: what enters the head alone, ``[0][text]``.
        """
        weights = self.weights(0)
        found = [[self.embed(weights, ids.to(self.device)).cpu() for ids in texts]]
        for piece in range(1, self.head):
            del weights  # before the next piece is read
            weights = self.weights(piece)
            left = [self.layer(piece, weights, hidden.to(self.device)).cpu() for hidden in found[-1]]
            found = [left] if last_only else [*found, left]
        return found

    def _reach(self, layer: int, weights: Weights, **inputs: Tensor) -> "_Call":
        """Run the model up to a layer; what that would be called with."""
        with self._standing(self._stands[layer], stops=True):
            try:
                functional_call(self.network.model, weights, (), {**inputs, "use_cache": False})
            except _Reached as reached:
                return reached.call
        raise AssertionError(f"the forward pass does not reach layer {layer}")

    @contextmanager
    def _standing(self, stand: "_StandIn", stops: bool = False, hands_on: Tensor | None = None) -> Iterator[None]:
        stand.stops, stand.hands_on = stops, hands_on
        try:
            yield
        finally:
            stand.stops, stand.hands_on = False, None


class _Call(NamedTuple):
    """What a layer is called with."""

    hidden: Tensor
    rest: tuple[Any, ...]
    options: dict[str, Any]


class _Reached(BaseException):
    """Not an error: the forward pass came as far as was wanted. It holds on to every frame up to there."""

    def __init__(self, call: _Call) -> None:
        self.call = call


class _StandIn(nn.Module):
    """Stands in a layer's place: hands on what it is given, or something else, or ends the forward pass."""

    def __init__(self) -> None:
        super().__init__()
        self.stops = False
        self.hands_on: Tensor | None = None

    def forward(self, hidden: Tensor, *rest: Any, **options: Any) -> Tensor:
        if self.stops:
            raise _Reached(_Call(hidden, rest, options))
        return hidden if self.hands_on is None else self.hands_on


def refuse_other_architectures(network: Network) -> None:
    """Only a model that is an embedding, ``model.layers``, a norm and a head comes in pieces.

    Raises:
        CheckpointError: the model has weights elsewhere, or other ones than its folder.
    """
    if network.converted:
        raise CheckpointError(
            f"{network.checkpoint.path}: transformers converts its tensors when it loads them, and --layers-at-a-time "
            "reads them one by one; drop the flag (layers_at_a_time: false)"
        )
    strange = [name for name in network.names if not name.startswith((EMBEDDING, LAYERS, *HEAD))]
    if strange or not any(name.startswith(LAYERS) for name in network.names):
        raise CheckpointError(
            f"{network.checkpoint.path}: has {listed(strange or network.names)}; --layers-at-a-time supports models "
            "that are model.embed_tokens, model.layers, model.norm and lm_head; drop the flag (layers_at_a_time: false)"
        )
