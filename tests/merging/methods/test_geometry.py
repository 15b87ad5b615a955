"""Methods that go by lengths and angles, against their formulas written out, and their identities."""

import math
from dataclasses import replace

import pytest
import torch

from l2s.merging.method import Weight
from l2s.merging.ops.gram import cosines, gram
from tests.merging.methods import slowly_more as slowly
from tests.merging.run.piecewise import close, entries, merge, random_weight, shaped, without_base

SHAPES = [(), (1,), (7,), (257,), (5, 9), (3, 4, 2)]


def between(base: list[float], *models: list[float]) -> Weight:
    return Weight("w", torch.tensor(base), torch.tensor(models))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("t", [0.1, 0.5, 0.8])
def test_slerp(shape: tuple[int, ...], t: float) -> None:
    weight = random_weight(1, shape)
    (a,), (b,) = entries(weight.base[None]), entries(weight.models)
    close(merge("slerp", weight, t=t).value, shaped(slowly.slerp(a, b, t), weight.base))


def test_conformance_slerp() -> None:
    merged = merge("slerp", between([1.0, 0.0, 1.0], [0.0, 2.0, 1.0]), t=0.3).value
    close(merged, torch.tensor([0.8086103895690512, 0.7716086917877369, 1.1944147354629195]))


@pytest.mark.parametrize("model", [[-0.0, 2.0, 0.3, -0.0], [-0.0, -0.0, 0.1, 1.001]])
def test_slerp_at_its_ends_is_a_model_bit_for_bit(model: list[float]) -> None:
    weight = between([-0.0, -0.0, 0.1, 1.0], model)
    for t, expected in ((0.0, weight.base), (1.0, weight.models[0])):
        assert torch.equal(merge("slerp", weight, t=t).value.view(torch.int32), expected.view(torch.int32))


@pytest.mark.parametrize(("cosine", "straight"), [(0.99951, True), (0.99949, False), (-0.99951, True)])
def test_slerp_is_straight_where_directions_all_but_coincide(cosine: float, straight: bool) -> None:
    weight = between([1.0, 0.0], [2 * cosine, 2 * math.sqrt(1 - cosine**2)])
    line = 0.7 * weight.base + 0.3 * weight.models[0]
    assert torch.allclose(merge("slerp", weight, t=0.3).value, line, rtol=1e-5, atol=0) == straight


def test_slerp_keeps_the_length_of_equally_long_models() -> None:
    weight = random_weight(1, (64,))
    weight = replace(weight, models=weight.models / weight.models.norm() * weight.base.norm())
    for t in (0.2, 0.5, 0.9):
        assert merge("slerp", weight, t=t).value.norm().item() == pytest.approx(weight.base.norm().item(), rel=1e-5)


def test_slerp_goes_straight_from_and_to_zeros() -> None:
    close(merge("slerp", between([0.0, 0.0], [3.0, 4.0]), t=0.25).value, torch.tensor([0.75, 1.0]))
    close(merge("slerp", between([3.0, 4.0], [0.0, 0.0]), t=0.25).value, torch.tensor([2.25, 3.0]))


WEIGHTS = [(1.0, 1.0), (0.2, 0.6), (1.0, -1.0), (3.0, 0.0)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("with_base", [True, False])
def test_nuslerp_flattened(shape: tuple[int, ...], weights: tuple[float, float], with_base: bool) -> None:
    weight = random_weight(2, shape) if with_base else without_base(random_weight(2, shape))
    expected = weight.base + shaped(slowly.nuslerp(*entries(weight.task_vectors), weights), weight.base)
    close(merge("nuslerp", weight, [{"weight": w} for w in weights]).value, expected)


@pytest.mark.parametrize("shape", [(1,), (7,), (5, 9), (9, 5)])
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("row_wise", [True, False])
def test_nuslerp_along_one_dimension(shape: tuple[int, ...], weights: tuple[float, float], row_wise: bool) -> None:
    weight = random_weight(2, shape)
    turned = weight.task_vectors.mT if row_wise and len(shape) > 1 else weight.task_vectors
    taus = turned.reshape(2, -1, turned.shape[-1]).double()
    rows = torch.tensor([slowly.nuslerp(a, b, weights) for a, b in zip(*taus.tolist(), strict=True)]).view(
        turned[0].shape
    )
    expected = weight.base + (rows.T if row_wise and len(shape) > 1 else rows)
    models = [{"weight": w} for w in weights]
    close(merge("nuslerp", weight, models, nuslerp_flatten=False, nuslerp_row_wise=row_wise).value, expected)


def test_nuslerp_is_straight_only_where_vectors_are_parallel() -> None:
    """Rows: parallel, opposite, orthogonal, with a zero vector, and at a small angle."""
    first = [[1.0, 2.0], [1.0, 2.0], [1.0, 0.0], [0.0, 0.0], [1.0, 0.0]]
    second = [[3.0, 6.0], [-3.0, -6.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.04]]
    weight = Weight("w", torch.zeros(5, 2), torch.tensor([first, second]))
    merged = merge("nuslerp", weight, [{"weight": 3.0}, {"weight": 1.0}], nuslerp_flatten=False).value
    sine, cosine = math.sin(math.pi / 8), math.cos(math.pi / 8)
    close(merged[:4], torch.tensor([[1.5, 3.0], [0.0, 0.0], [cosine, sine], [0.0, sine]]))
    close(merged[4], torch.tensor(slowly.nuslerp(first[4], second[4], (3.0, 1.0))))
    assert (merged[4, 0] - 1).abs() > 1e-5


def test_nuslerp_halfway_is_slerp_halfway() -> None:
    weight = random_weight(2, (30,))
    onward = Weight("w", weight.models[0], weight.models[1:])
    close(merge("nuslerp", without_base(weight)).value, merge("slerp", onward).value)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("k", [1, 2, 3, 5])
@pytest.mark.parametrize("max_iter", [1, 10])
def test_karcher(shape: tuple[int, ...], k: int, max_iter: int) -> None:
    weight = without_base(random_weight(k, shape, seed=k))
    expected = slowly.karcher(entries(weight.models), max_iter, 1e-5)
    close(merge("karcher", weight, max_iter=max_iter).value, shaped(expected, weight.base))


def test_karcher_takes_the_steps_it_is_given() -> None:
    """Models far apart and unevenly spread: the mean of the arcs is not the mean of the chords."""
    thetas = torch.tensor([[1.0, 0.0, 0.0], [0.9, 0.1, 0.0], [-0.95, 0.3, 0.1]])
    weight = Weight("w", torch.zeros(3), thetas)
    first, last = (merge("karcher", weight, max_iter=steps, tol=1e-9).value for steps in (1, 100))
    close(first, torch.tensor(slowly.karcher(thetas.tolist(), 1, 1e-5)))
    close(last, torch.tensor(slowly.karcher(thetas.tolist(), 1000, 1e-9)))
    assert (first - last).abs().max() > 1e-4
    assert torch.equal(merge("karcher", weight, max_iter=1).value, merge("karcher", weight, tol=0.2).value)


def test_karcher_mean_pulls_evenly() -> None:
    """At the mean the arcs to the models cancel."""
    weight = without_base(random_weight(4, (50,), seed=3))
    units = [theta / theta.norm() for theta in weight.models.double()]
    mean = merge("karcher", weight, max_iter=100, tol=1e-9).value.double()
    mean = mean / mean.norm()
    arcs = [(unit - (unit @ mean) * mean) * (angle := (unit @ mean).acos()) / angle.sin() for unit in units]
    assert torch.stack(arcs).sum(0).norm() < 1e-6


def test_karcher_of_one_model_is_that_model() -> None:
    weight = without_base(random_weight(1, (40,)))
    assert torch.equal(merge("karcher", weight).value, weight.models[0])


def test_karcher_of_two_equally_long_models_is_slerp_halfway() -> None:
    weight = random_weight(1, (40,))
    model = weight.models[0] / weight.models.norm() * weight.base.norm()
    both = Weight("w", torch.zeros(40), torch.stack([weight.base, model]))
    close(merge("karcher", both).value, merge("slerp", replace(weight, models=model[None])).value)


def test_karcher_scales_a_direction_by_the_mean_length() -> None:
    theta = torch.tensor([3.0, -4.0])
    weight = Weight("w", torch.zeros(2), torch.stack([theta, 2 * theta, 0 * theta]))
    close(merge("karcher", weight).value, theta)
    assert not merge("karcher", Weight("w", torch.zeros(2), torch.zeros(2, 2))).value.any()


def test_karcher_of_opposite_models_is_one_of_them() -> None:
    weight = Weight("w", torch.zeros(2), torch.tensor([[1.0, 2.0], [-1.0, -2.0]]))
    close(merge("karcher", weight).value, weight.models[0])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("k", [2, 3, 4])
def test_model_stock(shape: tuple[int, ...], k: int) -> None:
    weight = related(k, shape)
    (base,) = entries(weight.base[None])
    expected = slowly.model_stock(base, entries(weight.task_vectors))
    close(merge("model_stock", weight).value, shaped(expected, weight.base))


@pytest.mark.parametrize("shape", [(), (1,), (7,), (5, 9)])
@pytest.mark.parametrize("k", [2, 3])
def test_model_stock_by_rows(shape: tuple[int, ...], k: int) -> None:
    weight = related(k, shape)
    columns = shape[-1] if shape else 1
    bases, taus = weight.base.reshape(-1, columns).tolist(), weight.task_vectors.reshape(k, -1, columns)
    rows = [slowly.model_stock(base, taus[:, row].tolist()) for row, base in enumerate(bases)]
    close(merge("model_stock", weight, filter_wise=True).value, torch.tensor(rows).view(shape))


def related(k: int, shape: tuple[int, ...]) -> Weight:
    """Task vectors that have a part in common, as those of real models have."""
    weight, common = random_weight(k, shape), random_weight(1, shape, seed=9).task_vectors
    return replace(weight, models=weight.models + 2 * common)


def test_model_stock_of_orthogonal_task_vectors_is_the_base_and_of_equal_ones_the_model() -> None:
    close(merge("model_stock", between([1.0, 1.0], [2.0, 1.0], [1.0, 3.0])).value, torch.tensor([1.0, 1.0]))
    close(merge("model_stock", between([1.0, 1.0], [2.0, 4.0], [2.0, 4.0])).value, torch.tensor([2.0, 4.0]))
    close(merge("model_stock", between([1.0, 1.0], [2.0, 4.0], [1.0, 1.0])).value, torch.tensor([1.0, 1.0]))


def test_model_stock_of_task_vectors_that_cancel_is_the_base() -> None:
    assert merge("model_stock", between([1.0, 1.0], [2.0, 4.0], [-1.0, -5.0])).value.tolist() == [1.0, 1.0]


def test_model_stock_sees_angles_at_any_scale() -> None:
    small = between([0.0, 0.0], [1e-5, 0.0], [1e-5, 1e-5])  # t = 2c / (1 + c), c = √½
    t = 2 * math.sqrt(0.5) / (1 + math.sqrt(0.5))
    torch.testing.assert_close(merge("model_stock", small).value, t * torch.tensor([1e-5, 0.5e-5]), rtol=1e-5, atol=0)


def test_gram_matrix_and_cosines() -> None:
    vectors = [torch.tensor([[3.0, 4.0], [0.0, 0.0]]), torch.tensor([[4.0, 3.0], [1.0, 0.0]])]
    assert gram(vectors).tolist() == [[25.0, 24.0], [24.0, 26.0]]
    assert gram(vectors, dim=-1)[0, 1].tolist() == [[24.0], [0.0]]
    assert gram(vectors, dim=0)[1, 1].tolist() == [[17.0, 9.0]]
    assert cosines(gram(vectors, dim=-1))[0, 1].tolist() == [[pytest.approx(0.96)], [0.0]]
    assert gram(vectors).dtype == torch.float64


def test_inner_products_are_double_precision() -> None:
    vector = torch.full((1 << 18,), 0.1)
    assert float(gram([vector])[0, 0]) == pytest.approx((1 << 18) * float(vector[0]) ** 2, rel=1e-12)
    assert float(gram([vector[:300].view(30, 10)], dim=0)[0, 0, 0, 0]) == pytest.approx(
        30 * float(vector[0]) ** 2, rel=1e-12
    )
