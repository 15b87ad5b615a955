"""Methods that drop entries, against their formulas written out, and their identities."""

from dataclasses import replace

import pytest
import torch

from l2s.core.errors import ConfigError
from l2s.merging.method import Weight
from l2s.merging.methods import breadcrumbs, della, della_linear, find_method, sce
from tests.merging.methods import slowly
from tests.merging.methods import slowly_more as slowly_too
from tests.merging.run.piecewise import close, entries, merge, random_weight, shaped

SHAPES = [(), (1,), (7,), (257,), (5, 9), (3, 4, 2)]
DELTA = [0.1, -0.4, 0.05, 0.3, 0.0, -0.2, 0.2, 0.7]
"""delta1 of the conformance vectors."""


def plus(base: torch.Tensor, delta: list[float], scale: float = 1.0) -> torch.Tensor:
    return base + scale * shaped(delta, base)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("densities", "gammas"),
    [(("0.5",), ("0.01",)), (("0.2", "0.7"), ("0.1", "0")), (("0.9", "1", "0.05"), ("0.3", "0.2", "0.5"))],
)
@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize("name", ["breadcrumbs", "breadcrumbs_ties"])
@pytest.mark.parametrize("normalize", [True, False])
def test_breadcrumbs(
    shape: tuple[int, ...],
    densities: tuple[str, ...],
    gammas: tuple[str, ...],
    coarse: bool,
    name: str,
    normalize: bool,
) -> None:
    weights = (1.0, 0.5, 2.0)[: len(densities)]
    weight = random_weight(len(densities), shape, coarse=coarse)
    trimmed = [
        slowly_too.breadcrumbs(tau, density, gamma)
        for tau, density, gamma in zip(entries(weight.task_vectors), densities, gammas, strict=True)
    ]
    add = slowly.elected if name.endswith("ties") else slowly.average
    models = [
        {"weight": w, "density": float(d), "gamma": float(g)}
        for w, d, g in zip(weights, densities, gammas, strict=True)
    ]
    merged = merge(name, weight, models, lambda_=0.7, normalize=normalize)
    assert merged.summands.reshape(len(densities), -1).tolist() == trimmed
    close(merged.value, plus(weight.base, add(trimmed, weights, normalize), 0.7))


@pytest.mark.parametrize(
    ("gamma", "expected"),
    [(0.125, [0, -0.4, 0, 0.3, 0, -0.2, 0.2, 0]), (0.01, [0, -0.4, 0, 0.3, 0, 0, 0.2, 0.7])],
)
def test_conformance_breadcrumbs(gamma: float, expected: list[float]) -> None:
    """The second is where mergekit's slice is empty."""
    weight = Weight("w", torch.zeros(8), torch.tensor([DELTA]))
    merged = merge("breadcrumbs", weight, [{"density": 0.5, "gamma": gamma}])
    assert merged.value.tolist() == merged.summands[0].tolist() == pytest.approx(expected)


@pytest.mark.parametrize("n", [1, 3, 99])
def test_breadcrumbs_never_erase_a_short_weight(n: int) -> None:
    weight = random_weight(1, (n,))
    kept = merge("breadcrumbs", weight, [{"density": 0.01, "gamma": 0.9}]).summands
    assert kept.count_nonzero() == 1
    largest = merge("breadcrumbs", weight, [{"density": 0.01, "gamma": 0.0}]).summands
    assert largest.abs().max() == weight.task_vectors.abs().max()


def test_breadcrumbs_at_full_density_are_task_arithmetic() -> None:
    weight = random_weight(2, (33, 7))
    models = [{"weight": 0.3}, {"weight": 0.9}]
    of_breadcrumbs, of_arithmetic = (merge(name, weight, models) for name in ("breadcrumbs", "task_arithmetic"))
    close(of_breadcrumbs.value, of_arithmetic.value)
    assert torch.equal(of_breadcrumbs.summands, weight.task_vectors)


@pytest.mark.parametrize("rescale", [True, "l1"])
def test_breadcrumbs_stretched_to_the_l1_norm(rescale: bool | str) -> None:
    weight = random_weight(2, (40,))
    trimmed = [slowly_too.breadcrumbs(tau, "0.5", "0.1") for tau in entries(weight.task_vectors)]
    pairs = zip(trimmed, entries(weight.task_vectors), strict=True)
    expected = [slowly_too.stretched(kept, tau) for kept, tau in pairs]
    merged = merge("breadcrumbs", weight, [{"density": 0.5, "gamma": 0.1}] * 2, rescale=rescale)
    close(merged.summands, torch.tensor(expected))
    close(merged.value, plus(weight.base, slowly.average(expected, [1.0, 1.0], False)))


def test_breadcrumbs_read_shares_as_written() -> None:
    """In binary, 100 · 0.29 falls short of 29."""
    model = breadcrumbs.BreadcrumbsModel(density=0.29, gamma=0.29)
    assert breadcrumbs.band(100, model) == (42, 71)


@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_della_chances_grow_with_rank(n: int) -> None:
    row, model = random_weight(1, (n,), coarse=True).task_vectors[0], della.DellaModel(density=0.4, epsilon=0.3)
    assert della.chances(row, model).tolist() == pytest.approx(slowly_too.chances(row.tolist(), 0.4, 0.3))


def test_della_ranks_each_row_on_its_own() -> None:
    model = della.DellaModel(density=0.5, epsilon=0.2)
    rows = torch.tensor([[1.0, -2.0, 0.5], [-30.0, 10.0, 10.0]])
    close(della.chances(rows, model), torch.tensor([[0.5, 0.7, 0.3], [0.7, 0.3, 0.5]]))
    close(della.chances(rows.view(2, 1, 3), model), torch.tensor([[[0.5, 0.7, 0.3]], [[0.7, 0.3, 0.5]]]))


@pytest.mark.parametrize("columns", [1, 5, 1000])
def test_order_within_rows(columns: int) -> None:
    rows = random_weight(1, (6, columns), coarse=True).task_vectors[0]
    assert torch.equal(della.ascending_order(rows), rows.abs().sort(dim=1, stable=True).indices)
    assert torch.equal(della.ascending_order(rows.T), rows.T.abs().sort(dim=1, stable=True).indices)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("rescale", [True, "l1", "probability", False])
@pytest.mark.parametrize(("name", "normalize"), [("della", None), ("della", False), ("della_linear", None)])
def test_della(shape: tuple[int, ...], rescale: bool | str, name: str, normalize: bool | None) -> None:
    weights, settings = (0.4, 0.8, 1.1), ((0.6, 0.3), (0.3, 0.15), (0.5, 0.0))
    weight = random_weight(3, shape)
    columns = shape[-1] if shape else 1
    thinned = []
    for k, (density, epsilon) in enumerate(settings):
        rows = weight.task_vectors[k].reshape(-1, columns).tolist()
        chances = [chance for row in rows for chance in slowly_too.chances(row, density, epsilon)]
        tau, drawn = weight.task_vectors[k].flatten().tolist(), weight.uniform(k).flatten().tolist()
        triples = list(zip(tau, chances, drawn, strict=True))
        if rescale == "probability":
            thinned.append([x / chance if u < chance else 0.0 for x, chance, u in triples])
        else:
            kept = [x if u < chance else 0.0 for x, chance, u in triples]
            thinned.append(slowly_too.stretched(kept, tau) if rescale else kept)
    models = [{"weight": w, "density": d, "epsilon": e} for w, (d, e) in zip(weights, settings, strict=True)]
    words = {} if normalize is None else {"normalize": normalize}
    merged = merge(name, weight, models, lambda_=0.9, rescale=rescale, **words)
    close(merged.summands, torch.tensor(thinned).view(merged.summands.shape))
    add, by_default = (slowly.elected, True) if name == "della" else (slowly.average, False)
    total = add(thinned, weights, by_default if normalize is None else normalize)
    close(merged.value, plus(weight.base, total, 0.9))


def test_della_by_probability_keeps_the_expected_task_vector() -> None:
    weight, draws = random_weight(1, (50,)), 600
    params, model = della.DellaParams(rescale="probability"), della.DellaModel(density=0.3, epsilon=0.2)
    thinned = torch.stack([della.thin(replace(weight, seed=seed), params, [model])[0] for seed in range(draws)])
    tau, chance = weight.task_vectors[0], della.chances(weight.task_vectors[0], model)
    error = tau.abs() * ((1 - chance) / chance / draws).sqrt()
    assert ((thinned.mean(0) - tau).abs() < 4.5 * error).all()
    kept = (thinned != 0).float().mean(0)
    assert ((kept - chance).abs() < 4.5 * (chance * (1 - chance) / draws).sqrt()).all()


@pytest.mark.parametrize("rescale", [True, "probability", False])
def test_della_at_density_zero_is_the_base_and_at_one_the_whole(rescale: bool | str) -> None:
    weight = random_weight(1, (30,))
    assert torch.equal(merge("della_linear", weight, [{"density": 0.0}], rescale=rescale).value, weight.base)
    whole = merge("task_arithmetic", weight).value
    assert torch.equal(merge("della_linear", weight, [{"density": 1.0}], rescale=rescale).value, whole)
    assert torch.equal(merge("della_linear", weight, rescale=rescale).value, whole)


@pytest.mark.parametrize(
    ("density", "epsilon", "below"), [(0.1, 0.15, 0.1), (0.9, 0.2, 0.1), (0.3, 0.3, 0.3), (0.7, 0.3, 0.3)]
)
def test_della_refuses_impossible_chances(density: float, epsilon: float, below: float) -> None:
    sentence = rf"density {density} with epsilon {epsilon} makes chances .*; set epsilon below {below:g}$"
    with pytest.raises(ConfigError, match=sentence):
        della.DellaModel.parse({"density": density, "epsilon": epsilon}, "model")


def test_della_refuses_impossible_chances_of_a_density_said_alone() -> None:
    """Alone it may be checked before the epsilon that goes with it is known."""
    models = [della.DellaModel.parse({"density": density}, "model") for density in (0.1, 0.5, 0.95)]
    method, weight = find_method("della"), random_weight(3, (7,))
    with pytest.raises(ConfigError, match=r"density 0\.1 with epsilon 0\.15 .*; density 0\.95 with epsilon 0\.15"):
        method.whole(weight, method.params(), models)


def test_della_draws_by_seed_and_model() -> None:
    weight, models = random_weight(2, (300,)), [{"density": 0.5}] * 2
    merged = merge("della", weight, models)
    assert torch.equal(merged.value, merge("della", replace(weight), models).value)
    assert not torch.equal(merged.value, merge("della", replace(weight, seed=1), models).value)
    alone = replace(weight, models=weight.models[1:], digests=weight.digests[1:])
    assert torch.equal(merge("della", alone, models[1:]).summands[0], merged.summands[1])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("k", "coarse"), [(2, False), (3, False), (2, True)])
@pytest.mark.parametrize("share", ["1", "0.5", "0.1"])
def test_sce(shape: tuple[int, ...], k: int, share: str, coarse: bool) -> None:
    """Of two coarse models, so that variances are equal in float32 too; a mean of three is rounded."""
    weight = random_weight(k, shape, seed=k, coarse=coarse)
    (base,) = entries(weight.base[None])
    expected = slowly_too.sce(base, entries(weight.task_vectors), share)
    close(merge("sce", weight, select_topk=float(share)).value, shaped(expected, weight.base))


def test_sce_weighs_models_by_their_energy_where_they_differ() -> None:
    """The third entry varies most, the first not at all; energies of all three are 35 and 30."""
    weight = Weight("w", torch.zeros(3), torch.tensor([[5.0, 1.0, 3.0], [5.0, 2.0, -1.0]]))
    close(merge("sce", weight, select_topk=0.5).value, torch.tensor([0.0, 0.0, 3.0]))
    assert merge("sce", weight, select_topk=0.5).summands.tolist() == [[0.0, 0.0, 3.0], [0.0, 0.0, -1.0]]
    close(merge("sce", weight).value, torch.tensor([5.0, (35 + 2 * 30) / 65, 3.0]))


def test_sce_weighs_by_energy_at_any_scale() -> None:
    taus = torch.tensor([[1.0, 2.0], [3.0, 1.0]])
    large, small = (merge("sce", Weight("w", torch.zeros(2), scale * taus)).value for scale in (1.0, 2.0**-12))
    assert torch.equal(large, small * 2**12)
    close(large, torch.tensor([(5 * 1 + 10 * 3) / 15, (5 * 2 + 10 * 1) / 15]))


def test_sce_selects_at_least_one_entry_if_any_differ() -> None:
    weight = random_weight(2, (7,))
    assert (merge("sce", weight, select_topk=0.01).summands != 0).any(0).sum() == 1
    alike = replace(weight, models=weight.models[:1].expand(2, 7))
    assert torch.equal(merge("sce", alike, select_topk=0.5).value, alike.base)
    close(merge("sce", alike).value, alike.models[0])


def test_sce_of_one_model_is_that_model_and_has_no_share_to_select() -> None:
    weight = random_weight(1, (30,))
    close(merge("sce", weight).value, weight.models[0])
    with pytest.raises(ConfigError, match=r"one model alone .* select_topk 0\.5 .* set select_topk: 1"):
        merge("sce", weight, select_topk=0.5)


def test_sce_of_models_equal_to_the_base_is_the_base() -> None:
    weight = random_weight(2, (9,))
    unmoved = replace(weight, models=weight.base.expand(2, 9))
    assert torch.equal(merge("sce", unmoved).value, weight.base)


@pytest.mark.parametrize("name", ["breadcrumbs", "breadcrumbs_ties", "della"])
def test_a_model_equal_to_the_base_adds_nothing(name: str) -> None:
    alone = random_weight(1, (64,))
    models = torch.cat([alone.base[None], alone.models])
    both = replace(alone, models=models, digests=("base", *alone.digests))
    merged = [merge(name, weight, [{"density": 0.3}] * len(weight.models)).value for weight in (alone, both)]
    assert torch.equal(*merged)


def test_defaults_are_mergekits() -> None:
    assert breadcrumbs.BreadcrumbsModel().gamma == 0.01
    assert della.DellaModel().epsilon == 0.15
    assert (della.DellaParams().normalize, della_linear.DellaLinearParams().normalize) == (True, False)
    assert not breadcrumbs.BreadcrumbsParams().normalize and not breadcrumbs.BreadcrumbsParams().rescale
    assert sce.SceParams().select_topk == 1.0
