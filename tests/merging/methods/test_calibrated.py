"""AIM and Sens against their formulas entry by entry, the conformance values, their identities, and bad statistics."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from l2s.checkpoints.statistics import Statistics
from l2s.core.errors import CheckpointError, ConfigError
from l2s.merging.method import Weight
from l2s.merging.methods import METHODS, find_method
from l2s.merging.methods.sens import softmax, taus
from tests.merging.run.piecewise import merge

SHAPES = [(1,), (7,), (257,), (1, 1), (5, 9), (9, 5)]


def random_weight(k: int, shape: tuple[int, ...], name: str = "model.layers.1.mlp.up_proj.weight") -> Weight:
    generator = torch.Generator().manual_seed(len(shape))
    base, taus = torch.randn(shape, generator=generator), 0.1 * torch.randn((k, *shape), generator=generator)
    return Weight(name, base, base + taus, 0, ("a", "b", "c")[:k])


def close(merged: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(merged, expected, rtol=1e-5, atol=1e-6)


def activations(weight: Weight, *values: float) -> Weight:
    """With such statistics, or with random ones."""
    columns = weight.shape[-1]
    drawn = torch.rand(columns, generator=torch.Generator().manual_seed(5)) * 40
    measured = torch.tensor(values) if values else drawn
    return replace(weight, statistics=Statistics("activations", {weight.name: measured}))


def aim_slowly(base: Tensor, merged: Tensor, activity: Tensor, omega: float) -> Tensor:
    columns, most = len(activity), max(activity.tolist())
    relaxed = []
    for place, (theta, new) in enumerate(zip(base.flatten().tolist(), merged.flatten().tolist(), strict=True)):
        importance = float(activity[place % columns]) / most
        relaxed.append(theta + (new - theta) * (1 - importance * (1 - omega)))
    return torch.tensor(relaxed).view_as(base)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("omega", [0.0, 0.4, 0.9])
@pytest.mark.parametrize(
    ("of", "models", "params"),
    [
        ("task_arithmetic", [{"weight": 0.7}], {"lambda_": 0.9}),
        ("ties", [{"density": 0.5, "weight": 0.3}, {"density": 0.2}], {"lambda_": 0.7}),
        ("ties", [{"density": 0.4}] * 3, {"tie_rule": "exact", "rescale": True}),
        ("dare_ties", [{"density": 0.6}] * 2, {}),
    ],
)
def test_aim(
    shape: tuple[int, ...], omega: float, of: str, models: list[dict[str, Any]], params: dict[str, Any]
) -> None:
    weight = activations(random_weight(len(models), shape))
    inner = merge(of, weight, models, **params)
    found = merge("aim", weight, models, of, omega=omega, **params)
    assert weight.statistics is not None
    close(found.value, aim_slowly(weight.base, inner.value, weight.statistics.tensors[weight.name], omega))
    assert torch.equal(found.summands, inner.summands)


def test_conformance_aim() -> None:
    base = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    merged = torch.tensor([[1.5, 1.0, 3.5], [4.0, 6.0, 5.0]])
    weight = activations(Weight("w", base, merged[None]), 2.0, 8.0, 4.0)
    close(merge("aim", weight).value, torch.tensor([[1.425, 1.6, 3.35], [4.0, 5.4, 5.3]]))


def test_aim_acts_on_task_arithmetic_unless_another_method_is_named() -> None:
    weight = activations(random_weight(2, (5, 9)))
    models = [{"weight": 0.3}, {"weight": 0.4}]
    named = merge("aim", weight, models, "task_arithmetic", omega=0.2, lambda_=0.5)
    assert torch.equal(merge("aim", weight, models, omega=0.2, lambda_=0.5).value, named.value)


@pytest.mark.parametrize("of", ["task_arithmetic", "ties"])
@pytest.mark.parametrize("shape", SHAPES)
def test_omega_one_is_the_merge_itself(of: str, shape: tuple[int, ...]) -> None:
    weight = activations(random_weight(2, shape))
    models = [{"weight": 0.7}, {"weight": -0.1}]
    assert torch.equal(merge("aim", weight, models, of, omega=1.0).value, merge(of, weight, models).value)


def test_the_busiest_channel_keeps_the_share_omega_and_an_idle_one_all() -> None:
    weight = activations(random_weight(1, (6, 3)), 0.0, 5.0, 1.0)
    found = merge("aim", weight, omega=0.3).value
    assert torch.equal(found[:, 0], weight.models[0, :, 0])
    close(found[:, 1] - weight.base[:, 1], 0.3 * weight.task_vectors[0, :, 1])
    assert torch.equal(merge("aim", weight, omega=0.0).value[:, 1], weight.base[:, 1])


def test_what_never_was_active_is_not_relaxed() -> None:
    weight = activations(random_weight(1, (4, 3)), 0.0, 0.0, 0.0)
    assert torch.equal(merge("aim", weight, omega=0.0).value, weight.models[0])


def test_a_weight_that_was_not_measured_keeps_the_merged_value() -> None:
    weight = replace(random_weight(1, (4, 3)), statistics=Statistics("activations", {"other": torch.ones(3)}))
    assert torch.equal(merge("aim", weight, omega=0.0).value, weight.models[0])


def test_aim_takes_both_methods_parameters() -> None:
    assert {"of", "statistics", "omega", "lambda", "tie_rule", "density", "weight"} <= set(
        find_method("aim", "ties").takes()
    )
    assert "tie_rule" not in find_method("aim").takes()
    assert find_method("aim", "ties").params().model_dump()["omega"] == 0.4
    with pytest.raises(ConfigError, match=r"omga: unknown key; did you mean 'omega'"):
        find_method("aim", "ties").params.parse({"omga": 0.2}, "merge")
    with pytest.raises(ConfigError, match="omega"):
        find_method("aim").params.parse({"omega": 1.2}, "merge")


def test_aim_takes_from_the_other_method_what_merging_needs() -> None:
    inner, found = METHODS["ties"], find_method("aim", "ties")
    assert (found.measure, found.spans_model, found.model_params) == (
        inner.measure,
        inner.spans_model,
        inner.model_params,
    )
    assert (found.name, found.needs_base, found.paper) == ("aim", True, "arXiv:2502.02421")
    assert find_method("aim", "ties") is found


@pytest.mark.parametrize(
    ("of", "sentence"),
    [
        ("linear", "linear has none; say of: task_arithmetic"),
        ("lore", "lore has none"),
        ("twin", "merge with twin first"),
        ("sens", "both take statistics"),
        ("aim", "takes no 'of: aim'"),
        ("tie", "did you mean 'ties'"),
    ],
)
def test_methods_that_aim_cannot_act_on(of: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        find_method("aim", of)


def test_activations_that_do_not_fit() -> None:
    weight = random_weight(1, (4, 3))
    with pytest.raises(ConfigError, match=r"aim: parameters\.statistics is required"):
        merge("aim", weight)
    wrong_kind = replace(weight, statistics=Statistics("sensitivities", {}))
    with pytest.raises(ConfigError, match="holds sensitivities; it takes the base's activations"):
        merge("aim", wrong_kind, omega=1.0)
    with pytest.raises(
        CheckpointError, match=r"up_proj\.weight: has 3 input channels, its activation statistics 4; calib"
    ):
        merge("aim", activations(weight, 1.0, 2.0, 3.0, 4.0))


LAYER = "model.layers.1"
SENSITIVITIES = [
    {"model.embed_tokens": 0.3, "model.layers.0": 0.2, LAYER: 0.9, "lm_head": 0.1},
    {"model.embed_tokens": 3.0, "model.layers.0": 5.0, LAYER: 1.0, "lm_head": 2.0},
    {"model.embed_tokens": 0.7, "model.layers.0": 0.7, LAYER: 0.7, "lm_head": 0.7},
]
DISTANCES = [[0.0, 2.0, 5.0], [3.0, 0.0, 1.0], [4.0, 2.0, 0.0]]


def sensitivities(k: int, distances: Sequence[Sequence[float]] | None = None) -> tuple[Statistics, ...]:
    files = []
    for i, layers in enumerate(SENSITIVITIES[:k]):
        tensors = {name: torch.tensor(value) for name, value in layers.items()}
        for j in range(k):
            if distances is not None and i != j:
                tensors[f"distance:{'abc'[j]}"] = torch.tensor(distances[i][j])
        files.append(Statistics("sensitivities", tensors, {"model": f"model-{i}"}))
    return tuple(files)


def sens_slowly(
    k: int, layer: str, distances: Sequence[Sequence[float]] | None, temperature: float, near: bool
) -> list[float]:
    """K σ of each model, from the formulas."""
    tau = [1 / k] * k
    if distances is not None:
        far = [sum(distances[i][j] for j in range(k) if j != i) for i in range(k)]
        sizes = [1 / g for g in far] if near else far
        tau = [size / sum(sizes) for size in sizes]
    powers = []
    for i in range(k):
        alpha = SENSITIVITIES[i][layer] / sum(s**2 for s in SENSITIVITIES[i].values()) ** 0.5
        powers.append(math.exp(alpha * tau[i] / temperature))
    return [k * power / sum(powers) for power in powers]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize(("distances", "near"), [(None, False), (DISTANCES, False), (DISTANCES, True)])
def test_sens(shape: tuple[int, ...], k: int, distances: list[list[float]] | None, near: bool) -> None:
    weight = replace(random_weight(k, shape), model_statistics=sensitivities(k, distances))
    factors = sens_slowly(k, LAYER, distances if k > 1 else None, 0.1, near)
    models = [{"weight": w} for w in (1.0, 0.5, -2.0)[:k]]
    direction = "alignment" if near else "distance"
    found = merge("sens", weight, models, lambda_=0.7, temperature=0.1, direction=direction)
    expected = weight.base.clone()
    for factor, model, tau in zip(factors, models, weight.task_vectors, strict=True):
        expected += 0.7 * factor * model["weight"] * tau
    close(found.value, expected)
    assert torch.equal(found.summands, weight.task_vectors)
    assert k == 1 or max(factors) > 1.3 * min(factors)


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("model.layers.0.input_layernorm.weight", "model.layers.0"),
        ("model.layers.1.self_attn.q_proj.bias", LAYER),
        ("model.embed_tokens.weight", "model.embed_tokens"),
        ("lm_head.weight", "lm_head"),
    ],
)
def test_sens_goes_by_the_layer(name: str, group: str) -> None:
    weight = replace(random_weight(2, (3, 4), name), model_statistics=sensitivities(2))
    first, second = sens_slowly(2, group, None, 0.5, False)
    expected = weight.base + first * weight.task_vectors[0] + second * weight.task_vectors[1]
    close(merge("sens", weight, temperature=0.5).value, expected)


def test_a_tied_head_counts_as_the_embedding() -> None:
    tied = {name: value for name, value in sensitivities(1)[0].tensors.items() if name != "lm_head"}
    files = (Statistics("sensitivities", tied), sensitivities(2)[1])
    as_embedding = (Statistics("sensitivities", tied | {"lm_head": torch.tensor(0.0)}), files[1])
    head = replace(random_weight(2, (3, 4), "lm_head.weight"), model_statistics=files)
    alpha = 0.3 / (0.09 + 0.04 + 0.81) ** 0.5
    sigmas = softmax([alpha, 2 / 39**0.5], [0.5, 0.5], 0.1)
    expected = head.base + 2 * (sigmas[0] * head.task_vectors[0] + sigmas[1] * head.task_vectors[1])
    close(merge("sens", head, temperature=0.1).value, expected)
    assert not torch.equal(merge("sens", replace(head, model_statistics=as_embedding), temperature=0.1).value, expected)


def test_conformance_sens() -> None:
    alphas, tau = [[0.3, 0.5, 0.2], [0.1, 0.6, 0.4]], [0.45, 0.55]
    found = [softmax(column, tau, 2.0) for column in zip(*alphas, strict=True)]
    assert [row[0] for row in found] == pytest.approx([0.5099986668799654, 0.48687801381775675, 0.48375571893792757])
    assert [row[1] for row in found] == pytest.approx([0.4900013331200345, 0.5131219861822434, 0.5162442810620724])


@pytest.mark.parametrize("distances", [None, DISTANCES])
@pytest.mark.parametrize("shape", SHAPES)
def test_sens_at_a_high_temperature_is_task_arithmetic(
    shape: tuple[int, ...], distances: list[list[float]] | None
) -> None:
    weight = replace(random_weight(3, shape), model_statistics=sensitivities(3, distances))
    close(
        merge("sens", weight, lambda_=0.4, temperature=1e9).value, merge("task_arithmetic", weight, lambda_=0.4).value
    )


def test_sens_of_one_model_is_task_arithmetic() -> None:
    weight = replace(random_weight(1, (5, 9)), model_statistics=sensitivities(1))
    assert torch.equal(merge("sens", weight, temperature=0.01).value, weight.models[0])


def test_a_base_among_the_models_takes_part() -> None:
    alone = random_weight(1, (5, 9))
    files = sensitivities(2)
    both = replace(alone, models=torch.stack([alone.base, alone.models[0]]), digests=("a", "b"), model_statistics=files)
    factor = sens_slowly(2, LAYER, None, 0.2, False)[1]
    assert factor < 0.9
    close(merge("sens", both, temperature=0.2).value, alone.base + factor * alone.task_vectors[0])


def test_a_low_temperature_does_not_overflow() -> None:
    weight = replace(random_weight(2, (5,)), model_statistics=sensitivities(2))
    close(merge("sens", weight, temperature=1e-6).value, weight.base + 2 * weight.task_vectors[0])


def test_models_whose_logits_agree() -> None:
    assert taus(sensitivities(2, [[0.0] * 2] * 2), "ab", "distance") == [0.5, 0.5]
    assert taus(sensitivities(2, [[0.0] * 2] * 2), "ab", "alignment") == [0.5, 0.5]
    half = [[0.0, 0.0], [3.0, 0.0]]
    assert taus(sensitivities(2, half), "ab", "distance") == [0.0, 1.0]
    assert taus(sensitivities(2, half), "ab", "alignment") == [1.0, 0.0]


def test_sens_distances_of_other_models_are_left_alone() -> None:
    assert taus(sensitivities(2, DISTANCES), ["x", "y"], "distance") == [0.5, 0.5]


def test_sensitivities_that_do_not_fit() -> None:
    weight = random_weight(2, (4, 3))
    first, second = sensitivities(2, DISTANCES)
    with pytest.raises(ConfigError, match=r"2 of 2 models lack parameters\.statistics"):
        merge("sens", weight)
    with pytest.raises(ConfigError, match="1 of 2 models lack"):
        merge("sens", replace(weight, model_statistics=(first, None)))
    other = Statistics("activations", {}, {"model": "slow"})
    with pytest.raises(ConfigError, match=r"takes sensitivities .*, but those of slow hold activations"):
        merge("sens", replace(weight, model_statistics=(first, other)))
    without = Statistics("sensitivities", {LAYER: torch.tensor(1.0)}, {"model": "quick"})
    with pytest.raises(ConfigError, match="lack the distance of quick to the weights a, while they hold others"):
        merge("sens", replace(weight, model_statistics=(first, without)))
    with pytest.raises(CheckpointError, match=r"model\.norm\.weight: the sensitivities of model-0 lack model\.norm"):
        merge("sens", replace(weight, name="model.norm.weight", model_statistics=(first, second)))
    idle = Statistics("sensitivities", {LAYER: torch.tensor(0.0)}, {"model": "idle"})
    with pytest.raises(CheckpointError, match="idle are all zero"):
        merge("sens", replace(weight, model_statistics=(idle, idle)))
