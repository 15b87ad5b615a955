"""LoRE and Twin against full decompositions of whole matrices, their identities, and pieces against the whole."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from l2s.core.errors import ConfigError
from l2s.merging.method import Weight
from l2s.merging.methods import METHODS
from l2s.merging.methods import lore as lore_module
from l2s.merging.methods import twin as twin_module
from l2s.merging.methods.lore import threshold
from l2s.merging.ops.low_rank import gram, leading, shrinkage
from tests.merging.methods import slowly_low_rank as slowly
from tests.merging.run import piecewise
from tests.merging.run.piecewise import merge

MATRICES = [(1, 1), (7, 1), (1, 7), (5, 9), (9, 5), (16, 16), (257, 7), (7, 257)]
VECTORS = [(), (1,), (7,), (257,)]
random_weight = partial(piecewise.random_weight, spread=0.1)


def doubles(weight: Weight) -> list[Tensor]:
    return [theta.double() for theta in weight.models]


def close(merged: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(merged, expected.float(), rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("prox", ["const", "half", "squared"])
@pytest.mark.parametrize("shape", MATRICES)
@pytest.mark.parametrize(("k", "iterations"), [(2, 1), (2, 5), (3, 1), (3, 4)])
def test_lore(shape: tuple[int, int], prox: str, k: int, iterations: int) -> None:
    weights = [0.3, 1.0, 0.5][:k]
    weight, mu = random_weight(k, shape), 0.2
    base, deltas = slowly.lore(doubles(weight), mu, prox, iterations)
    found = merge(
        "lore", weight, [{"weight": w} for w in weights], mu=mu, prox=prox, iterations=iterations, lambda_=0.7
    )
    close(found.value, base + 0.7 * slowly.combined(deltas, weights, normalize=True, vote=False))
    close(found.summands, torch.stack(deltas))


@pytest.mark.parametrize("normalize", [True, False])
def test_lore_with_a_vote_on_signs(normalize: bool) -> None:
    weights, weight = [0.3, 1.0, 0.5], random_weight(3, (8, 6))
    base, deltas = slowly.lore(doubles(weight), 0.1, "const", 3)
    params = {"mu": 0.1, "iterations": 3, "combine": "ties", "normalize": normalize}
    found = merge("lore", weight, [{"weight": w} for w in weights], **params)
    close(found.value, base + slowly.combined(deltas, weights, normalize, vote=True))


def test_lore_of_few_directions_has_few() -> None:
    generator = torch.Generator().manual_seed(3)
    apart = torch.randn(40, 2, generator=generator) @ torch.randn(2, 12, generator=generator)
    noise = 0.001 * torch.randn(40, 12, generator=generator)
    weight = Weight("w", torch.zeros(40, 12), torch.stack([torch.zeros(40, 12), 2 * (apart + noise)]))
    slow = merge("lore", weight, [{"weight": 0}, {"weight": 1}], mu=0.05)
    assert torch.linalg.matrix_rank(slow.summands[1].double(), rtol=1e-5) == 2
    assert torch.linalg.matrix_rank(weight.models[1], rtol=1e-5) == 12
    close(slow.value, weight.models.mean(0) + slow.summands[1])


@pytest.mark.parametrize("shape", [*VECTORS, *MATRICES])
@pytest.mark.parametrize(("mu", "scale"), [(0.0, 1.0), (0.3, 2.0), (5.0, 0.1)])
def test_lore_of_two_models_of_equal_weight_is_their_average(shape: tuple[int, ...], mu: float, scale: float) -> None:
    weight = random_weight(2, shape)
    assert torch.equal(merge("lore", weight, mu=mu, lambda_=scale).value, weight.models.sum(0) / 2)


def test_lore_of_two_models_of_unequal_weight_is_not_their_average() -> None:
    weight = random_weight(2, (9, 5))
    found = merge("lore", weight, [{"weight": 0}, {"weight": 1}], mu=0.05)
    assert (found.value - weight.models.mean(0)).norm() > 0.1
    close(found.value, weight.models.mean(0) + found.summands[1])


@pytest.mark.parametrize("shape", [*VECTORS, *MATRICES])
def test_lore_without_shrinking_is_the_weighted_average(shape: tuple[int, ...]) -> None:
    weight = random_weight(3, shape)
    average = (0.2 * weight.models[0] + 0.3 * weight.models[1] + 1.5 * weight.models[2]) / 2
    close(merge("lore", weight, [{"weight": w} for w in (0.2, 0.3, 1.5)], mu=0).value, average)


def test_lore_that_shrinks_all_is_the_average() -> None:
    weight = random_weight(3, (6, 9))
    found = merge("lore", weight, [{"weight": w} for w in (0, 0, 1)], mu=1000)
    close(found.value, weight.models.mean(0))
    assert not found.summands.any()


def test_lore_of_vectors_is_not_shrunk() -> None:
    weight = random_weight(2, (7,))
    found = merge("lore", weight, [{"weight": 0}, {"weight": 1}], mu=1000, lambda_=0.5).value
    close(found, 0.25 * weight.models[0] + 0.75 * weight.models[1])


@pytest.mark.parametrize("name", ["lore", "twin"])
@pytest.mark.parametrize("shape", [(7,), (5, 9)])
def test_one_model_alone_comes_out_as_it_is(name: str, shape: tuple[int, ...]) -> None:
    weight = random_weight(1, shape)
    close(merge(name, weight, [{"density": 1.0} if name == "twin" else {}]).value, weight.models[0])


def test_two_models_are_done_after_the_first_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = list[Tensor]()

    def counted(gram: Tensor, threshold: Callable[[Tensor], float]) -> Tensor:
        calls.append(gram)
        return shrinkage(gram, threshold)

    monkeypatch.setattr(lore_module, "shrinkage", counted)
    merge("lore", random_weight(2, (30, 8)), iterations=20, mu=0.1)
    assert len(calls) == 1
    merge("lore", random_weight(3, (30, 8)), iterations=4, mu=0.1)
    assert len(calls) == 1 + 4 * 3


@pytest.mark.parametrize(
    ("prox", "expected"), [("const", [2.5, 0.5, 0.0]), ("half", [2.75, 0.75, 0.0]), ("squared", [2.0, 0.0, 0.0])]
)
def test_conformance_prox(prox: Any, expected: list[float]) -> None:
    sigma = torch.tensor([3.0, 1.0, 0.2], dtype=torch.float64)
    assert (sigma - threshold(sigma, 0.5, prox)).clamp(min=0).tolist() == pytest.approx(expected)
    assert slowly.prox(sigma.tolist(), 0.5, prox) == pytest.approx(expected)


@pytest.mark.parametrize("mu", [0.0, 0.01, 0.3, 4.0])
def test_squared_prox(mu: float) -> None:
    sigma = torch.rand(40, generator=torch.Generator().manual_seed(1), dtype=torch.float64).sort(descending=True).values
    shrunk = (sigma - threshold(sigma, mu, "squared")).clamp(min=0)
    assert shrunk.tolist() == pytest.approx(slowly.prox(sigma.tolist(), mu, "squared"), abs=1e-12)
    assert threshold(torch.zeros(3), mu, "squared") == 0


@pytest.mark.parametrize("shape", MATRICES)
@pytest.mark.parametrize(
    ("given", "rank"), [({"rank": 2}, 2), ({"rank": 99}, 99), ({"density": 0.5}, None), ({}, None)]
)
def test_twin(shape: tuple[int, int], given: dict[str, Any], rank: int | None) -> None:
    weights, weight = (0.6, 0.3), random_weight(2, shape)
    kept = rank or max(1, int(given.get("density", 0.1) * min(shape)))
    base, thetas = weight.base.double(), doubles(weight)
    parts = [slowly.truncate(theta - base, kept) for theta in thetas]
    found = merge("twin", weight, [{"weight": w, **given} for w in weights], lambda_=0.8)
    close(found.value, base + 0.8 * slowly.combined(parts, weights, normalize=False, vote=False))
    close(found.summands, torch.stack(parts))


@pytest.mark.parametrize("shared", ["average", "task_arithmetic"])
@pytest.mark.parametrize("k", [2, 3])
def test_twin_about_a_shared_model(shared: str, k: int) -> None:
    weights, weight = [0.2, 0.9, 0.4][:k], random_weight(k, (9, 14))
    base, thetas = weight.base.double(), doubles(weight)
    common = sum(thetas) / k if shared == "average" else base + 0.4 * sum(theta - base for theta in thetas)
    parts = [slowly.truncate(theta - common, 3) for theta in thetas]
    models = [{"weight": w, "rank": 3} for w in weights]
    found = merge("twin", weight, models, shared=shared, shared_scale=0.4, normalize=True)
    close(found.value, common + slowly.combined(parts, weights, normalize=True, vote=False))


def test_twin_keeps_each_models_own_rank() -> None:
    weight = random_weight(3, (12, 10))
    found = merge("twin", weight, [{"rank": 1}, {"rank": 4, "density": 0.9}, {"density": 0.75}])
    assert [int(torch.linalg.matrix_rank(part.double(), rtol=1e-5)) for part in found.summands] == [1, 4, 7]


def test_density_is_read_as_written() -> None:
    assert twin_module.rank(twin_module.TwinModel(density=0.29), 100) == 29
    assert twin_module.rank(twin_module.TwinModel(density=0.01), 7) == 1


@pytest.mark.parametrize("shape", [*VECTORS, *MATRICES])
def test_twin_of_full_rank_is_task_arithmetic(shape: tuple[int, ...]) -> None:
    weight = random_weight(2, shape)
    models = [{"weight": w, "density": 1.0} for w in (0.7, -0.2)]
    close(
        merge("twin", weight, models, lambda_=0.5).value,
        weight.base + 0.35 * weight.task_vectors[0] - 0.1 * weight.task_vectors[1],
    )


@pytest.mark.parametrize("shape", VECTORS)
def test_twin_keeps_all_of_a_vector(shape: tuple[int, ...]) -> None:
    weight = random_weight(1, shape)
    close(merge("twin", weight, [{"rank": 1}]).value, weight.models[0])


def test_a_stack_of_matrices_is_not_taken_apart() -> None:
    weight = random_weight(2, (3, 4, 5))
    close(merge("twin", weight, [{"weight": 0}, {"rank": 1}]).value, weight.models[1])
    close(merge("lore", weight, [{"weight": 0}, {}], mu=1000).value, weight.models[1])


def test_equal_twins_about_their_average_cancel() -> None:
    weight = random_weight(2, (9, 6))
    close(merge("twin", weight, [{"rank": 2}] * 2, shared="average").value, weight.models.mean(0))


def test_one_twin_has_no_average() -> None:
    with pytest.raises(ConfigError, match="average of one model is that model"):
        merge("twin", random_weight(1, (9, 6)), shared="average")


def test_gram_matrices_keep_what_float32_would_lose() -> None:
    """Singular values 1 and 1e-6: their squares differ by more than float32 resolves."""
    generator = torch.Generator().manual_seed(0)
    u, v = (torch.linalg.qr(torch.randn(n, 2, generator=generator, dtype=torch.float64)).Q for n in (30, 2))
    matrix = u @ torch.diag(torch.tensor([1.0, 1e-6], dtype=torch.float64)) @ v.T
    weight = Weight("w", torch.zeros(30, 2), matrix.float()[None])
    found = gram(iter([weight]), lambda piece: piece.models)
    assert found is not None and found.dtype == torch.float64
    shrunk = matrix @ shrinkage(matrix.T @ matrix, lambda sigma: 5e-7)
    assert torch.linalg.svdvals(shrunk).tolist() == pytest.approx([1 - 5e-7, 5e-7], rel=1e-3)
    assert torch.linalg.svdvals(weight.models[0].double() @ leading(found[0], 1))[0] == pytest.approx(1)


def test_memory_grows_with_the_short_side_of_a_matrix_alone() -> None:
    for method in (METHODS["lore"], METHODS["twin"]):
        assert method.memory is not None
        assert method.memory((4096,), 2) == 0
        assert method.memory((64, 9), 2) == method.memory((9, 640), 2) >= 8 * 2 * 81
        assert method.memory((64, 9), 3) > method.memory((64, 9), 2)
