"""Multi-SLERP, NearSwap, Arcee Fusion, RAM and passthrough against their definitions, and their identities."""

from dataclasses import replace

import pytest
import torch

from l2s.merging.method import Weight
from l2s.merging.methods import METHODS
from tests.merging.methods import slowly_fusion as slowly
from tests.merging.run.piecewise import close, entries, merge, random_weight, shaped, without_base

SHAPES = [(), (1,), (7,), (257,), (5, 9), (3, 4, 2)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("weights", [(1.0, 1.0), (0.2, 0.7), (1.0, 2.0, 0.5), (0.3, -0.1, 0.4, 1.0)])
@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("with_base", [True, False])
def test_multislerp(shape: tuple[int, ...], weights: tuple[float, ...], normalize: bool, with_base: bool) -> None:
    weight = random_weight(len(weights), shape)
    weight = weight if with_base else without_base(weight)
    expected = slowly.multislerp(entries(weight.task_vectors), weights, normalize)
    merged = merge("multislerp", weight, [{"weight": w} for w in weights], normalize_weights=normalize).value
    close(merged, weight.base + shaped(expected, weight.base))


def test_multislerp_of_one_is_that_one_bit_for_bit() -> None:
    weight = random_weight(1, (9,))
    assert torch.equal(merge("multislerp", weight, [{"weight": 0.3}]).value, weight.models[0])


def test_multislerp_averages_where_directions_cancel() -> None:
    base, tau = torch.randn(6), torch.randn(6)
    for factors, mean in (((1.0, -1.0), 0.0), ((2.0, -1.0), 0.5)):
        models = torch.stack([base + factor * tau for factor in factors])
        close(merge("multislerp", Weight("w", base, models)).value, base + mean * tau)
    across = torch.stack([torch.tensor(v) for v in ([1.0, 0.0], [-0.5, 3**0.5 / 2], [-0.5, -(3**0.5) / 2])])
    close(merge("multislerp", Weight("w", torch.zeros(2), across)).value, across.mean(0))


def test_models_that_are_the_base_are_the_base() -> None:
    base = torch.randn(5, 4)
    weight = Weight("w", base, base.expand(3, 5, 4).clone())
    for method in ("multislerp", "ram", "ramplus_tl"):
        assert torch.equal(merge(method, weight).value, base), method
    alone = replace(weight, models=weight.models[:1])
    for method, params in (("nearswap", {"t": 0.1}), ("arcee_fusion", {})):
        assert torch.equal(merge(method, alone, **params).value, base), method


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("t", [0.0, 1e-7, 1e-4, 0.1, 0.5, 10.0])
def test_nearswap(shape: tuple[int, ...], t: float) -> None:
    weight = random_weight(1, shape)
    (a,), (b,) = entries(weight.base[None]), entries(weight.models)
    close(merge("nearswap", weight, t=t).value, shaped(slowly.nearswap(a, b, t), weight.base))


def test_nearswap_takes_what_is_near_bit_for_bit_and_steps_no_further_than_t() -> None:
    weight = random_weight(1, (400,))
    merged, tau = merge("nearswap", weight, t=0.25).value, weight.task_vectors[0]
    near = tau.abs() <= 0.25
    assert 0 < int(near.sum()) < 400 and torch.equal(merged[near], weight.models[0][near])
    close((merged - weight.base)[~near], 0.25 * tau.sign()[~near])
    assert torch.equal(merge("nearswap", weight, t=0).value, weight.base)
    assert torch.equal(merge("nearswap", weight, t=100).value, weight.models[0])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(3))
def test_arcee_fusion(shape: tuple[int, ...], seed: int) -> None:
    weight = random_weight(1, shape, seed=seed)
    (a,), (b,) = entries(weight.base[None]), entries(weight.models)
    expected, margin = slowly.arcee_fusion(a, b, shape[-1] if shape else 1)
    assert margin > 1e-6  # else rounding decides
    merged = merge("arcee_fusion", weight).value
    assert torch.equal(merged, shaped(expected, weight.base))


def test_arcee_fusion_takes_few_entries_and_leaves_rows_that_stand_still() -> None:
    weight = random_weight(1, (40, 30))
    weight.models[0][:10] = weight.base[:10]
    merged = merge("arcee_fusion", weight).value
    taken = merged != weight.base
    assert 0 < int(taken.sum()) < 400 and not taken[:10].any()
    assert torch.equal(merged[taken], weight.models[0][taken])


def test_quartiles_of_a_weight_that_is_sampled_are_exact() -> None:
    from l2s.merging.methods.arcee_fusion import importance, quartile_ranks, threshold

    weight = random_weight(1, (1100, 1000))
    found = METHODS["arcee_fusion"]
    assert found.measure is not None
    measured = found.measure(lambda function, label="": [function([weight])], found.params(), [])
    ordered = importance(weight).flatten().sort().values
    assert measured == threshold(*(float(ordered[rank - 1]) for rank in quartile_ranks(ordered.numel())))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("k", [1, 2, 3, 5])
@pytest.mark.parametrize("epsilon", [0.0, 1e-5, 0.3])
@pytest.mark.parametrize("method", ["ram", "ramplus_tl"])
def test_ram(shape: tuple[int, ...], k: int, epsilon: float, method: str) -> None:
    weight = random_weight(k, shape)
    idle = torch.rand(weight.models.shape, generator=torch.Generator().manual_seed(k)) < 0.5
    weight = replace(weight, models=torch.where(idle, weight.base, weight.models))
    plus = {"r": 0.4, "alpha": 0.7} if method == "ramplus_tl" else {}
    expected = slowly.ram(*entries(weight.base[None]), entries(weight.models), epsilon, **plus)
    close(merge(method, weight, epsilon=epsilon, **plus).value, shaped(expected, weight.base))


def test_ram_takes_what_one_model_changed_whole_and_averages_what_several_did() -> None:
    base = torch.zeros(4)
    weight = Weight("w", base, torch.tensor([[1.0, 2.0, 0.0, 1e-6], [0.0, 4.0, 0.0, 0.0]]))
    close(merge("ram", weight).value, torch.tensor([1.0, 3.0, 0.0, 0.0]))
    merged = merge("ramplus_tl", weight, r=0.5, alpha=9.0).value  # the first model: one shared entry, one of its own
    close(merged, torch.tensor([1.5, 3.0, 0.0, 0.0]))


@pytest.mark.parametrize("shape", SHAPES)
def test_passthrough(shape: tuple[int, ...]) -> None:
    weight = random_weight(1, shape)
    weight.models.view(-1)[0] = -0.0
    whole = merge("passthrough", weight).value
    assert torch.equal(whole.view(torch.int32), weight.models[0].view(torch.int32))
    close(merge("passthrough", weight, [{"scale": -0.5}]).value, -0.5 * weight.models[0])
    assert not merge("passthrough", weight, [{"scale": 0.0}]).value.any()
