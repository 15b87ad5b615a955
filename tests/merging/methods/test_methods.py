"""Every method against its formula written out entry by entry, the conformance vectors, and its identities."""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from l2s.core.errors import ConfigError
from l2s.merging import method as method_module
from l2s.merging.method import Weight, keys
from l2s.merging.methods import METHODS, find_method
from l2s.merging.methods import ties as ties_module
from tests.merging.methods import slowly
from tests.merging.run import piecewise
from tests.merging.run.piecewise import entries

SHAPES = [(), (1,), (7,), (257,), (5, 9)]
VECTORS = json.loads((Path(__file__).parent / "conformance.json").read_text())
THETA = torch.tensor(VECTORS["inputs"]["theta0"])
DELTAS = [torch.tensor(VECTORS["inputs"][name]) for name in ("delta1", "delta2")]
random_weight = partial(piecewise.random_weight, spread=0.1)


def of_task_vectors(*taus: Tensor) -> Weight:
    return Weight("w", torch.zeros_like(taus[0]), torch.stack(taus), 0, ("a", "b", "c")[: len(taus)])


def trim(tau: Tensor, density: float, tie_rule: str) -> Tensor:
    """As TIES trims one task vector."""
    params, model = ties_module.TiesParams(tie_rule=tie_rule), ties_module.TiesModel(density=density)
    weight = of_task_vectors(tau)
    cuts = ties_module.measure(lambda function, label="": [function([weight])], params, [model])
    return ties_module.trim(weight, cuts)[0]


def trim_at_threshold(tau: Tensor, density: float) -> Tensor:
    return trim(tau, density, "threshold")


def trim_exactly(tau: Tensor, density: float) -> Tensor:
    return trim(tau, density, "exact")


def merge(name: str, weight: Weight, models: list[dict[str, Any]], **params: Any) -> Tensor:
    return piecewise.merge(name, weight, models, **params).value


def plus(base: Tensor, delta: list[float], scale: float = 1.0) -> Tensor:
    return (base.double().flatten() + scale * torch.tensor(delta, dtype=torch.float64)).view(base.shape).float()


def close(merged: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(merged, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("weights", [(0.3, 0.7), (1.0, 1.0), (0.5, -0.5), (2.0,), (0.2, 0.3, 0.9)])
@pytest.mark.parametrize("normalize", [True, False])
def test_linear(shape: tuple[int, ...], weights: tuple[float, ...], normalize: bool) -> None:
    weight = random_weight(len(weights), shape)
    expected = slowly.average(entries(weight.models), weights, normalize)
    merged = merge("linear", weight, [{"weight": w} for w in weights], normalize=normalize)
    close(merged, torch.tensor(expected).view(shape))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("weights", "scale", "normalize"), [((0.3, 0.7), 1.0, False), ((2.0, 1.0), 0.6, True), ((0.7,), -1.5, False)]
)
def test_task_arithmetic(shape: tuple[int, ...], weights: tuple[float, ...], scale: float, normalize: bool) -> None:
    weight = random_weight(len(weights), shape)
    expected = plus(weight.base, slowly.average(entries(weight.task_vectors), weights, normalize), scale)
    close(
        merge("task_arithmetic", weight, [{"weight": w} for w in weights], lambda_=scale, normalize=normalize), expected
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "densities", [("0.05", "0.2"), ("0.5", "0.9"), ("1.0", "0.3"), ("0.4",), ("0.5", "0.2", "0.7")]
)
@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("tie_rule", ["threshold", "exact"])
def test_ties(shape: tuple[int, ...], densities: tuple[str, ...], normalize: bool, tie_rule: str) -> None:
    weights = (1.0, 0.6, 2.0)[: len(densities)]
    weight = random_weight(len(densities), shape)
    trim = slowly.trim_exactly if tie_rule == "exact" else slowly.trim
    trimmed = [trim(tau, density) for tau, density in zip(entries(weight.task_vectors), densities, strict=True)]
    models = [{"weight": w, "density": float(d)} for w, d in zip(weights, densities, strict=True)]
    merged = merge("ties", weight, models, lambda_=0.7, normalize=normalize, tie_rule=tie_rule)
    close(merged, plus(weight.base, slowly.elected(trimmed, weights, normalize), 0.7))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("rescale", [True, False, "l1"])
@pytest.mark.parametrize("name", ["dare_linear", "dare_ties"])
@pytest.mark.parametrize("normalize", [True, False])
def test_dare(shape: tuple[int, ...], rescale: bool | str, name: str, normalize: bool) -> None:
    weights, densities = (0.4, 0.8), (0.6, 0.3)
    weight = random_weight(2, shape)
    kept = [weight.bernoulli_mask(k, density).flatten().tolist() for k, density in enumerate(densities)]
    thinned = [
        slowly.drop(tau, mask, density, rescale)
        for tau, mask, density in zip(entries(weight.task_vectors), kept, densities, strict=True)
    ]
    add = slowly.average if name == "dare_linear" else slowly.elected
    models = [{"weight": w, "density": d} for w, d in zip(weights, densities, strict=True)]
    merged = merge(name, weight, models, lambda_=0.9, rescale=rescale, normalize=normalize)
    close(merged, plus(weight.base, add(thinned, weights, normalize), 0.9))


def test_conformance_task_arithmetic() -> None:
    close(
        THETA + merge("task_arithmetic", of_task_vectors(*DELTAS[:1]), [{"weight": 0.7}]),
        vector("task_arithmetic_alpha0.7_K1"),
    )


@pytest.mark.parametrize(
    ("name", "trim", "scale", "k"),
    [
        ("ties_l2s_trim0.5_alpha1_K2", 0.5, 1.0, 2),
        ("ties_l2s_trim0.8_alpha1_K1", 0.8, 1.0, 1),
        ("ties_l2s_trim0.1_alpha.5_K1", 0.1, 0.5, 1),
    ],
)
def test_conformance_ties_of_the_long_to_short_code(name: str, trim: float, scale: float, k: int) -> None:
    density = round(1 - trim, 1)
    merged = merge("ties", of_task_vectors(*DELTAS[:k]), [{"density": density}] * k, lambda_=scale)
    close(THETA + merged, vector(name, "result"))
    for tau, expected in zip(DELTAS, VECTORS[name]["trimmed"], strict=False):
        assert trim_at_threshold(tau, density).tolist() == pytest.approx(expected)


def test_conformance_ties_of_mergekit() -> None:
    name = "ties_mergekit_density0.5_w1_lambda1_K2"
    merged = merge("ties", of_task_vectors(*DELTAS), [{"density": 0.5}] * 2, tie_rule="exact")
    close(THETA + merged, vector(name, "result"))
    for tau, expected in zip(DELTAS, VECTORS[name]["trimmed"], strict=True):
        assert trim_exactly(tau, 0.5).tolist() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("key", "weight", "scale"), [("w0p3_lambda1", 0.3, 1.0), ("w1_lambda1", 1.0, 1.0), ("w1_lambda0p3", 1.0, 0.3)]
)
def test_conformance_one_models_weight_cancels_and_lambda_does_not(key: str, weight: float, scale: float) -> None:
    models = [{"weight": weight, "density": 0.5}]
    merged = merge("ties", of_task_vectors(*DELTAS[:1]), models, lambda_=scale, tie_rule="exact")
    close(THETA + merged, vector("ties_mergekit_K1_weight_cancels", key))


def test_conformance_scope_is_the_tensor() -> None:
    found = VECTORS["ties_scope_example"]
    for tensor in "AB":
        trimmed = trim_at_threshold(torch.tensor(found[f"tensor{tensor}"]), 1 - found["trim"])
        assert trimmed.tolist() == pytest.approx(found["per_tensor_kept"][tensor])


@pytest.mark.parametrize(("key", "rescale"), [("ours", True), ("mergekit_L1", "l1")])
def test_conformance_dare(key: str, rescale: bool | str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = VECTORS["dare"]
    mask = torch.tensor(found["mask_keep"])
    monkeypatch.setattr(Weight, "bernoulli_mask", lambda weight, k, chance: mask > 0)
    models = [find_method("dare_linear").model_params.parse({"density": 1 - found["p"]}, "model")]
    params = find_method("dare_linear").params.parse({"rescale": rescale}, "merge")
    weight = of_task_vectors(DELTAS[0])
    close(find_method("dare_linear").whole(weight, params, models).value, torch.tensor(found[key]))


def vector(name: str, key: str | None = None) -> Tensor:
    return torch.tensor(VECTORS[name][key] if key else VECTORS[name])


def test_no_task_vector_is_the_base_and_a_whole_one_the_model_after_rounding() -> None:
    generator = torch.Generator().manual_seed(0)
    base = torch.randn(500, generator=generator).bfloat16().float()
    model = (base * (1 + 0.1 * torch.randn(500, generator=generator))).bfloat16()
    model[:3] = torch.tensor([1e-9, -3e-12, 0.0]).bfloat16()  # too small beside the base for a float32 difference
    weight = Weight("w", base, model.float()[None], 0, ("d",))
    assert torch.equal(merge("task_arithmetic", weight, [{"weight": 0.0}]), base)
    assert torch.equal(merge("task_arithmetic", weight, [{"weight": 1.0}]).bfloat16(), model)
    half, average = merge("task_arithmetic", weight, [{"weight": 0.5}]), (base + model.float()) / 2
    torch.testing.assert_close(half.bfloat16(), average.bfloat16(), rtol=2**-7, atol=0)


def test_ties_of_one_model_at_full_density_is_task_arithmetic() -> None:
    weight = random_weight(1, (33, 7))
    close(merge("ties", weight, [{}], lambda_=0.6), merge("task_arithmetic", weight, [{}], lambda_=0.6))


@pytest.mark.parametrize("name", ["task_arithmetic", "ties", "dare_ties"])
def test_a_model_equal_to_the_base_adds_nothing(name: str) -> None:
    alone = random_weight(1, (64,))
    both = Weight("w", alone.base, torch.cat([alone.base[None], alone.models]), 0, ("base", *alone.digests))
    models = [{"density": 0.3} if name != "task_arithmetic" else {}]
    assert torch.equal(merge(name, both, models * 2), merge(name, alone, models))


def test_opposite_task_vectors_keep_the_positive_entries() -> None:
    tau = torch.tensor([0.5, -0.25, 1.0, -2.0])
    assert merge("ties", of_task_vectors(tau, -tau), [{}, {}]).tolist() == [
        0.5,
        0.25,
        1.0,
        2.0,
    ]


def test_realised_density() -> None:
    taus = torch.randn((40, 1000), generator=torch.Generator().manual_seed(0)).bfloat16().float()  # many equal ones
    for place, tau in enumerate(taus):
        n, percent = 1 + 25 * place, 1 + 2 * place
        assert trim_at_threshold(tau[:n], percent / 100).count_nonzero() >= n * percent / 100
        assert trim_exactly(tau[:n], percent / 100).count_nonzero() == max(1, n * percent // 100)  # no tau is 0


def test_a_short_weight_is_never_erased() -> None:
    one, three = torch.tensor([0.3]), torch.tensor([0.3, -0.5, 0.2])
    assert trim_exactly(one, 0.01).tolist() == trim_at_threshold(one, 0.01).tolist() == one.tolist()
    assert trim_exactly(three, 0.01).tolist() == [0.0, -0.5, 0.0]
    assert trim_at_threshold(three, 0.01).tolist() == pytest.approx([0.3, -0.5, 0.0])  # k = 2: n - k + 1 survive


def test_of_equal_magnitudes_the_exact_rule_keeps_the_earlier() -> None:
    tau = torch.ones(5000)
    tau[::2] = -1
    assert trim_exactly(tau, 0.3).nonzero().flatten().tolist() == list(range(1500))
    assert trim_at_threshold(tau, 0.3).count_nonzero() == 5000


def test_density_is_read_as_written() -> None:
    """In binary, 10 · (1 − 0.9) falls short of 1, and 100 · 0.29 of 29."""
    tau = torch.arange(1.0, 11.0)
    assert trim_at_threshold(tau, 0.8).count_nonzero() == 9
    assert trim_exactly(torch.arange(1.0, 101.0), 0.29).count_nonzero() == 29


def test_dare_keeps_the_expected_task_vector() -> None:
    tau = random_weight(1, (50,)).task_vectors[0]
    drawn = [Weight("w", torch.zeros(50), tau[None], seed, ("d",)) for seed in range(600)]
    thinned = torch.stack([merge("dare_linear", one, [{"density": 0.25}]) for one in drawn])
    error = tau.abs() * (0.75 / 0.25 / 600) ** 0.5  # of the mean: δ² p / (1 − p) for one draw
    assert ((thinned.mean(0) - tau).abs() < 4.5 * error).all()
    assert (thinned.mean(0) - tau).abs().max() > 0


@pytest.mark.parametrize("rescale", [True, False, "l1"])
@pytest.mark.parametrize("name", ["dare_linear", "dare_ties"])
def test_dare_at_density_zero_is_the_base_and_at_one_the_whole(name: str, rescale: bool | str) -> None:
    weight = random_weight(1, (30,))
    assert torch.equal(merge(name, weight, [{"density": 0.0}], rescale=rescale), weight.base)
    close(merge(name, weight, [{"density": 1.0}], rescale=rescale), weight.base + weight.task_vectors[0])


def test_a_name_is_registered_once() -> None:
    found = METHODS["ties"]
    with pytest.raises(AssertionError, match="registered twice"):
        method_module.merge_method(found.params, found.model_params)(found.merge)
    assert METHODS["ties"] is found


def test_a_recipe_imports_its_own_method_alone(tmp_path: Path) -> None:
    """A change in another method's file then changes nothing that this merge runs."""
    asked = {"merge_method": "ties", "base_model": "a", "models": [{"model": "b", "parameters": {"density": 0.5}}]}
    program = f"""
import sys
from l2s.merging.plan.preflight import plan_merge
from l2s.merging.recipe import MergeRecipe
recipe = MergeRecipe.parse({asked!r}, "r")
plan_merge(recipe)
recipe.resolved()
print(*sorted(name for name in sys.modules if name.startswith("l2s.merging.methods.")))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["l2s.merging.methods.ties"]


def test_the_names_of_methods_are_those_of_their_files() -> None:
    assert [name for name, method in METHODS.items() if method.name != name] == []
    with pytest.raises(KeyError):
        METHODS["tiez"]
    with pytest.raises(ConfigError, match="unknown merge method 'tiez'; did you mean 'ties'"):
        find_method("tiez")


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("slerp", "t", -0.1), ("slerp", "t", 1.1), ("slerp", "t", "half"), ("nearswap", "t", -0.1),
        ("nearswap", "t", None), ("sens", "temperature", 0), ("sens", "direction", "up"), ("lore", "mu", -1),
        ("lore", "iterations", 0), ("lore", "prox", "exact"), ("twin", "shared", "mean"), ("twin", "rank", 0),
        ("twin", "density", 0), ("twin", "density", 1.1), ("aim", "omega", 1.2),
    ],
)  # fmt: skip
def test_parameters_that_cannot_be(name: str, key: str, value: Any) -> None:
    method = METHODS[name]
    block = method.params if key in keys(method.params) else method.model_params
    with pytest.raises(ConfigError, match=rf"r\.{key}: found"):
        block.parse({key: value}, "r")
