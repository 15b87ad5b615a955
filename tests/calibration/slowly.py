"""The statistics written from their formulas, with transformers' own model and loss, and loops."""

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from l2s.family.tokenizer import build_tokenizer
from tests.calibration.models import reference_model


def ids_of(row: dict[str, str], answer: str, max_tokens: int = 512) -> list[int]:
    """The chat of the family's tokenizer, written out."""
    turns = [("user", row["prompt"]), ("assistant", row[answer])]
    text = "".join(f"<|im_start|>{role}\n {content}<|im_end|>" for role, content in turns)
    ids: list[int] = build_tokenizer()(text)["input_ids"]
    return ids[:max_tokens]


def blocks_slowly(texts: Sequence[list[int]], size: int) -> list[list[int]]:
    joined: list[int] = []
    for ids in texts:
        joined += ids
    full = [joined[start : start + size] for start in range(0, len(joined), size)]
    return [block for block in full if len(block) == size] or [joined]


def activations_slowly(folder: Path, blocks: Sequence[list[int]], channels: Sequence[int]) -> dict[str, list[float]]:
    """Of a few channels of every module that is a linear layer or a norm, by the names of their weights."""
    model = reference_model(folder)
    seen: dict[str, Tensor] = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) or type(module).__name__.endswith("RMSNorm"):

            def note(_: nn.Module, inputs: tuple[Tensor, ...], name: str = name) -> None:
                assert name not in seen
                seen[name] = inputs[0]

            module.register_forward_pre_hook(note)
    sums: dict[str, list[float]] = {}
    for block in blocks:
        seen.clear()
        with torch.no_grad():
            model(torch.tensor([block]))
        for name, x in seen.items():
            columns = x.reshape(-1, x.shape[-1]).T.tolist()
            totals = sums.setdefault(f"{name}.weight", [0.0] * len(channels))
            for place, channel in enumerate(channels):
                column = columns[channel % len(columns)]
                totals[place] += sum(abs(value) for value in column) / len(column)
    return sums


def group_slowly(name: str) -> str:
    parts = name.split(".")
    return ".".join(parts[:3]) if parts[1] == "layers" else ".".join(parts[:-1])


def sensitivities_slowly(folder: Path, texts: Sequence[list[int]]) -> dict[str, float]:
    model = reference_model(folder)
    parameters = dict(model.named_parameters())  # a tied head is not listed twice
    scores: dict[str, float] = {}
    for ids in texts:
        loss = model(torch.tensor([ids]), labels=torch.tensor([ids])).loss
        gradients = torch.autograd.grad(loss, list(parameters.values()))
        for (name, theta), gradient in zip(parameters.items(), gradients, strict=True):
            pairs = zip(theta.flatten().tolist(), gradient.flatten().tolist(), strict=True)
            group = group_slowly(name)
            scores[group] = scores.get(group, 0.0) + sum(abs(t * g) for t, g in pairs) / len(texts)
    return scores


def distance_slowly(ours: Path, theirs: Path, texts: Sequence[list[int]]) -> float:
    left, right = reference_model(ours), reference_model(theirs)
    total = 0.0
    for ids in texts:
        with torch.no_grad():
            both = [model(torch.tensor([ids])).logits[0].tolist() for model in (left, right)]
        lengths = [
            math.sqrt(sum((a - b) ** 2 for a, b in zip(one, other, strict=True)))
            for one, other in zip(*both, strict=True)
        ]
        total += sum(lengths) / len(lengths)
    return total / len(texts)
