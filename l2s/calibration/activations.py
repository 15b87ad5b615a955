"""Activation statistics: how much each input channel of a model's linear layers and norms is used.

Activation-informed merging, arXiv:2502.02421, and its authors' code. Over calibration text in blocks,

    aⱼ = Σ over blocks of the mean over the block's tokens of |Xⱼ|,   j an input channel,

where X is what enters the module, so that what is measured of an RMSNorm is its input and not its weight's
result. A norm over attention heads (Qwen3) takes its mean over tokens and heads. As there, only the base is
measured, texts are joined and cut into blocks, the remainder is dropped, and modules named "embed" are left out.

Weights that are no linear layer's (Conv1D, routers, experts in one tensor) are measured where they are multiplied.
Of an expert, a block's mean is over the tokens that are sent to it; a block that sends it none adds nothing.

Departures: sums are float64; texts that are too long are cut, not skipped; a head that is the embedding is left out
too, for the matrix is used at both ends; and where the texts do not fill one block, all of them are one.
"""

import functools
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from types import MappingProxyType
from typing import Self

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from l2s.calibration.converted import as_in_folder
from l2s.calibration.finite import not_finite
from l2s.calibration.layers import LayeredModel
from l2s.calibration.partial import Partial
from l2s.calibration.products import WatchedProducts
from l2s.checkpoints.checkpoint import Checkpoint
from l2s.checkpoints.model.parts import is_head
from l2s.core.progress import Track

HIDDEN = "hidden"
"""In a partial file, what leaves the last finished piece; no weight is called so."""


def blocks_of(texts: Iterable[list[int]], size: int) -> Tensor:
    """Joined token ids in blocks, ``[blocks, size]``; ``[1, tokens]`` where they do not fill one."""
    joined = torch.tensor([token for ids in texts for token in ids])
    count = len(joined) // size
    return joined[: count * size].view(count, size) if count else joined[None]


def measured(modules: Mapping[str, nn.Module], tied: bool) -> dict[str, nn.Module]:
    """The modules with a statistic, by the names of their weights."""
    found = {
        f"{name}.weight": module
        for name, module in modules.items()
        if _is_measured(name) and (isinstance(module, nn.Linear) or _is_norm(module))
    }
    return {name: module for name, module in found.items() if not (tied and is_head(name))}


def _is_measured(name: str) -> bool:
    """Embeddings are looked up, not multiplied with; a head may be called ``embed_out``."""
    return "embed" not in name or is_head(f"{name}.weight")


def multiplied(model: PreTrainedModel, modules: Mapping[str, nn.Module]) -> dict[str, Tensor]:
    """Weights, by name, of two dimensions and more that belong to no such module and are no embedding."""
    known = {f"{name}.weight" for name, module in modules.items() if isinstance(module, nn.Linear | nn.Embedding)}
    found = {name: weight for name, weight in model.named_parameters() if weight.dim() in (2, 3)}
    return {
        name: weight
        for name, weight in found.items()
        if name not in known and _is_measured(name.removesuffix(".weight")) and not name.endswith("bias")
    }


class InputMeans:
    """While entered, adds up the mean |input| of each channel at every call of the modules, and of every product."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        modules: Mapping[str, nn.Module],
        sums: Mapping[str, Tensor],
        weights: Mapping[str, Tensor] = MappingProxyType({}),
    ) -> None:
        self.checkpoint = checkpoint
        self.sums = dict(sums)
        """By weight name, float64 ``[in]``; ``[in, 1]`` where the weight is ``[in, out]``; of experts
        ``[E, 1, in]`` or ``[E, in, 1]``."""
        self._modules, self._weights = measured(modules, checkpoint.tied), weights
        self._hooks = ExitStack()

    def __enter__(self) -> Self:
        if self._weights:
            self._hooks.enter_context(WatchedProducts(self._weights, self._add_product))
        for name, module in self._modules.items():
            self._hooks.callback(module.register_forward_pre_hook(functools.partial(self._add_input, name)).remove)
        return self

    def __exit__(self, *_: object) -> None:
        self._hooks.close()

    def _add_input(self, name: str, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        mean = inputs[0].detach().flatten(0, -2).abs().mean(0, dtype=torch.float64).cpu()  # [in]
        if not torch.isfinite(mean).all():
            raise not_finite(self.checkpoint, f"activations of {name}")
        self.sums[name] = self.sums[name] + mean if name in self.sums else mean

    def _add_product(self, name: str, entering: Tensor, expert: int | None, place: int) -> None:
        weight = self._weights[name]
        stacked = weight.dim() == 3 and expert is None
        rows = entering.detach().flatten(1, -2) if stacked else entering.detach().flatten(0, -2)  # [(E,) tokens, in]
        if not rows.shape[-2]:
            return
        mean = rows.abs().mean(-2, dtype=torch.float64).cpu()  # [in], or [E, in]
        if not torch.isfinite(mean).all():
            raise not_finite(self.checkpoint, f"activations of {name}")
        if weight.dim() == 2 and place == -1:
            total = self.sums.setdefault(name, torch.zeros_like(mean))
        else:
            shape = [*weight.shape[:-2], *((1, mean.shape[-1]) if place == -1 else (mean.shape[-1], 1))]
            total = self.sums.setdefault(name, torch.zeros(shape, dtype=torch.float64))
        part = total if expert is None else total[expert]
        part.add_(mean.view(part.shape))

    def result(self) -> dict[str, Tensor]:
        """The statistics by weight name, float32."""
        return {name: total.float() for name, total in self.sums.items()}


@torch.no_grad()
def measure_whole(
    checkpoint: Checkpoint, model: PreTrainedModel, blocks: Tensor, partial: Partial, track: Track
) -> dict[str, Tensor]:
    """Measure a model in memory, block by block."""
    done, sums = partial.read()
    modules = dict(model.named_modules())
    with InputMeans(checkpoint, modules, sums, multiplied(model, modules)) as means:
        for number in track(range(done, len(blocks)), "activations"):
            model(input_ids=blocks[number : number + 1].to(model.device), use_cache=False)
            partial.write(number + 1, means.sums)
    return as_in_folder(checkpoint, model, means.result())


@torch.no_grad()
def measure_layers(model: LayeredModel, blocks: Tensor, partial: Partial, track: Track) -> dict[str, Tensor]:
    """Piece by piece: in memory are one piece and what enters it, of all blocks."""
    done, sums = partial.read()
    hidden = sums.pop(HIDDEN, torch.empty(0))  # [blocks, tokens, hidden], on the CPU
    with InputMeans(model.checkpoint, model.modules, sums) as means:
        for piece in track(range(done, model.head + 1), "activations"):
            weights = model.weights(piece)
            for number in range(len(blocks)):
                if piece == 0:
                    found = model.embed(weights, blocks[number : number + 1].to(model.device))
                    hidden = hidden if number else torch.empty(len(blocks), *found.shape[1:])
                elif piece == model.head:
                    model.logits(weights, hidden[number : number + 1].to(model.device))
                    continue
                else:
                    found = model.layer(piece, weights, hidden[number : number + 1].to(model.device))
                hidden[number] = found[0].cpu()
            partial.write(piece + 1, {**means.sums, HIDDEN: hidden})
            del weights  # before the next piece is read
    return means.result()


def _is_norm(module: nn.Module) -> bool:
    weight = getattr(module, "weight", None)
    return "Norm" in type(module).__name__ and isinstance(weight, nn.Parameter) and weight.dim() == 1
