"""Sens-Merging: more of a model in the layers that its own task depends on.

arXiv:2502.12420. **A reconstruction**: neither the paper's text nor official code could be had, and the
long-to-short study (arXiv:2503.20641) never released its version. It rests on a third party's implementation and
on summaries of the paper. With sᵢˡ, the sensitivity of layer l in model i (mean over calibration texts of
Σ |θ ⊙ ∂L/∂θ|), and gᵢⱼ, the mean distance of the logits of models i and j:

    αᵢˡ = sᵢˡ / ‖sᵢ‖₂,   τᵢ = Σⱼ gᵢⱼ / Σᵢ Σⱼ gᵢⱼ,   σᵢˡ = softmaxᵢ (αᵢˡ τᵢ / T),   θˡ = θ₀ˡ + λ K Σᵢ wᵢ σᵢˡ δᵢˡ

K makes T → ∞ task arithmetic with λ. Uncertain is which way τ goes: summaries speak of alignment, which would
turn gᵢⱼ round (``direction``).

A softmax over one model is 1, so with K = 1 this is task arithmetic. Where the base is itself one of the task
models, as the quick model is in the study, it belongs among the K models: with its sensitivities, and a task
vector of zero.
"""

import math
from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from l2s.checkpoints.model.parts import is_embedding, is_head
from l2s.checkpoints.statistics import DISTANCE, Statistics, layer_group
from l2s.core.errors import CheckpointError, ConfigError
from l2s.core.params import Params
from l2s.merging.method import Merged, Target, Weight, merge_method
from l2s.merging.ops.sums import interpolated


class SensModel(Params):
    """Parameters of each model."""

    weight: float = 1.0
    """A factor of ours on its share; the method has none."""
    statistics: str | None = None
    """The model's sensitivities, made by calibration; required."""


class SensParams(Params):
    """Parameters of the whole merge."""

    scale: float = Field(1.0, alias="lambda")
    """λ, the factor on the merged task vector; the study's α, 0.4 to 0.8."""
    temperature: float = Field(2.0, gt=0)
    """T; the study's 2, 3 and 6. Larger is nearer to task arithmetic."""
    direction: Literal["distance", "alignment"] = "distance"
    """Who has the larger τ: the model whose logits are far from the others', as in the implementation we know;
    or near, τᵢ as 1 / Σⱼ gᵢⱼ."""


def check(target: Target, params: SensParams, models: Sequence[SensModel]) -> None:
    """Has every model sensitivities, and do they know the weight's layer, and each other?"""
    files = sensitivities(target)
    for file in files:
        sensitivity(file, target.name)
    if all("weights" in file.about for file in files):
        taus(files, [file.about["weights"] for file in files], params.direction)


@merge_method(SensParams, SensModel, paper="arXiv:2502.12420", check=check, keeps_base=True)
def sens(weight: Weight, params: SensParams, models: Sequence[SensModel]) -> Merged:
    """θ₀ + λ K Σᵢ wᵢ σᵢ δᵢ."""
    files = sensitivities(weight)
    alphas = [sensitivity(file, weight.name) for file in files]
    sigmas = softmax(alphas, taus(files, weight.digests, params.direction), params.temperature)
    factor = params.scale * len(models)
    shares = [factor * model.weight * sigma for model, sigma in zip(models, sigmas, strict=True)]
    return Merged(interpolated(weight.base, weight.models, shares), weight.task_vectors)


def sensitivities(weight: Weight | Target) -> list[Statistics]:
    """Each model's.

    Raises:
        ConfigError: a model has none, or statistics of the wrong kind.
    """
    found, count = [file for file in weight.model_statistics if file is not None], len(weight.model_statistics)
    if len(found) < count:
        raise ConfigError(
            f"sens: {count - len(found)} of {count} models lack parameters.statistics; "
            "give each its own sensitivities (l2s calibrate --kind sensitivities)"
        )
    wrong = [f"those of {_model(file)} hold {file.kind}" for file in found if file.kind != "sensitivities"]
    if wrong:
        raise ConfigError(f"sens takes sensitivities (l2s calibrate --kind sensitivities), but {', '.join(wrong)}")
    return found


def sensitivity(file: Statistics, name: str) -> float:
    """α of the layer that a weight belongs to: its share of the Euclidean length over all layers.

    A model whose head is its embedding has no layer of its own for the head; it counts with the embedding's.

    Raises:
        CheckpointError: the file does not know the layer, or knows no sensitivity but zero.
    """
    layers = {group: float(value) for group, value in file.tensors.items() if not group.startswith(DISTANCE)}
    group = layer_group(name)
    if group not in layers and is_head(name):
        group = next((layer for layer in layers if is_embedding(f"{layer}.weight")), group)
    if group not in layers:
        raise CheckpointError(
            f"{name}: the sensitivities of {_model(file)} lack {group}; calibrate the model that the recipe names"
        )
    length = math.hypot(*layers.values())
    if length == 0:
        raise CheckpointError(f"the sensitivities of {_model(file)} are all zero; calibrate again")
    return layers[group] / length


def taus(files: Sequence[Statistics], digests: Sequence[str], direction: str) -> list[float]:
    """τ of K models: their shares of all distances, which sum to 1.

    1/K each where no file holds a distance to another of these models; and where all distances are zero.

    Args:
        files: sensitivities of K models.
        digests: of the K models' weights.
        direction: ``distance``, or ``alignment`` for the shares of the reciprocals.

    Raises:
        ConfigError: some of the distances are there, and some are missing.
    """
    count = len(files)
    pairs = [(i, f"{DISTANCE}{digest}") for i in range(count) for j, digest in enumerate(digests) if i != j]
    missing = [(i, key) for i, key in pairs if key not in files[i].tensors]
    if len(missing) == len(pairs):
        return [1 / count] * count
    if missing:
        lacking = [f"{_model(files[i])} to the weights {key.removeprefix(DISTANCE)}" for i, key in missing]
        raise ConfigError(
            f"sens: the sensitivities lack the distance of {', and of '.join(lacking)}, while they hold others; "
            "calibrate all models against each other, or none"
        )
    sizes = [math.fsum(float(files[i].tensors[key]) for own, key in pairs if own == i) for i in range(count)]
    if direction == "alignment":
        least = min(sizes)
        sizes = [least / size if size else 1.0 for size in sizes]
    total = math.fsum(sizes)
    return [size / total for size in sizes] if total else [1 / count] * count


def softmax(alphas: Sequence[float], taus: Sequence[float], temperature: float) -> list[float]:
    """σ of K models in one layer, which sum to 1."""
    exponents = [alpha * tau / temperature for alpha, tau in zip(alphas, taus, strict=True)]
    powers = [math.exp(exponent - max(exponents)) for exponent in exponents]
    return [power / math.fsum(powers) for power in powers]


def _model(file: Statistics) -> str:
    return file.about.get("model", "a model")
