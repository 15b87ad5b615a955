"""Our merges against mergekit's, tensor by tensor, from the same recipes; where we differ on purpose, by how much.

mergekit runs in an environment of its own, all its merges in one process; without one these tests are skipped.
Arithmetic is compared in float32: with ``dtype: bfloat16`` mergekit rounds after every step.
"""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from bench.peers import PYTHON, find_mergekit
from l2s.core.errors import CheckpointError
from l2s.merging.plan.preflight import plan_merge
from l2s.merging.recipe import MergeRecipe
from l2s.merging.run.merge import merge_checkpoints
from tests.merging.recipe.five_layers import (
    DEEP,
    DISTANCES,
    EMBEDDING,
    NORM,
    RECIPES,
    Weights,
    located,
    weights,
    written,
)

ROOT = Path(__file__).parents[3]
MERGEKIT = find_mergekit(ROOT / ".l2s" / "bench")
Recipe = dict[str, Any]

pytestmark = pytest.mark.skipif(
    MERGEKIT is None, reason=f"mergekit is not installed: run make bench once, or let {PYTHON} name its python"
)


def entry(model: str, **parameters: Any) -> Recipe:
    return {"model": model, "parameters": parameters} if parameters else {"model": model}


def recipe(
    method: str, *models: Recipe, base: str | None = "base", dtype: str = "float32", **parameters: Any
) -> Recipe:
    named = {"base_model": base} if base else {}
    given = {"parameters": parameters} if parameters else {}
    return {"merge_method": method, **named, "models": list(models), **given, "dtype": dtype}


def pair(**both: Any) -> list[Recipe]:
    return [entry("quick", weight=0.3137, **both), entry("slow", weight=0.6271, **both)]


def trio(**each: Any) -> list[Recipe]:
    return [*pair(**each), entry("third", weight=-0.25, **each)]


T_BY_LAYER = [{"filter": "self_attn", "value": [0, 0.5, 0.3, 0.7, 1]},
              {"filter": "mlp", "value": [1, 0.5, 0.7, 0.3, 0]}, {"value": 0.5}]  # fmt: skip

SAME: dict[str, Recipe] = {
    "linear": recipe("linear", *pair(), base=None),
    "linear of one": recipe("linear", entry("quick", weight=0.3), base=None),
    "linear, not normalised": recipe("linear", *trio(), base=None, normalize=False),
    "linear, gradient": recipe("linear", entry("quick", weight=[0.1, 0.9, 0.4]), entry("slow", weight=1), base=None),
    "task_arithmetic": recipe("task_arithmetic", *pair()),
    "task_arithmetic of one": recipe("task_arithmetic", entry("slow", weight=0.7), **{"lambda": 0.5}),
    "task_arithmetic, normalised": recipe("task_arithmetic", *trio(), normalize=True),
    "task_arithmetic, base listed": recipe("task_arithmetic", entry("base"), *trio()),
    "task_arithmetic, filters": recipe("task_arithmetic", entry("slow", weight=T_BY_LAYER), entry("quick", weight=0.5)),
    "ties": recipe("ties", *pair(density=0.2)),
    "ties of one": recipe("ties", entry("slow", weight=0.7, density=0.5), **{"lambda": 0.7}),
    "ties of three": recipe("ties", *trio(density=0.35), normalize=False, int8_mask=True),
    "ties, all kept": recipe("ties", *trio(density=1.0), **{"lambda": 1.3}),
    "ties, one model says otherwise": recipe(
        "ties", entry("quick", weight=0.3), entry("slow", density=0.2, weight=0.6), density=[0.9, 0.4], normalize=False
    ),
    "ties, rescaled": recipe("ties", *pair(density=0.3), rescale=True),
    "dare_linear, all kept": recipe("dare_linear", *pair(density=1.0)),
    "dare_ties, all kept": recipe("dare_ties", *trio(density=1.0), **{"lambda": 0.5}),
    "breadcrumbs": recipe("breadcrumbs", *pair(density=0.5, gamma=0.1)),
    "breadcrumbs, none of the largest dropped": recipe("breadcrumbs", *trio(density=0.6, gamma=0.0)),
    "breadcrumbs, gamma rounds to nothing": recipe("breadcrumbs", *pair(density=0.9, gamma=0.004)),
    "breadcrumbs, more asked than there is": recipe("breadcrumbs", *pair(density=0.9, gamma=0.4), normalize=True),
    "breadcrumbs_ties": recipe("breadcrumbs_ties", *trio(density=0.5, gamma=0.1), rescale=True),
    "della, all kept": recipe("della", *trio(density=1.0)),
    "della_linear, all kept": recipe("della_linear", *pair(density=1.0), **{"lambda": 0.9}),
    "slerp": recipe("slerp", entry("slow"), t=0.3),
    "slerp, base listed": recipe("slerp", entry("slow"), entry("base"), t=0.3),
    "slerp on the straight line": recipe("slerp", entry("near"), t=0.8),
    "slerp, gradients and filters": recipe("slerp", entry("slow"), t=T_BY_LAYER),
    "nuslerp": recipe("nuslerp", *pair(), base=None),
    "nuslerp of task vectors": recipe("nuslerp", *pair()),
    "nuslerp along rows": recipe("nuslerp", *pair(), base=None, nuslerp_flatten=False, nuslerp_row_wise=True),
    "nuslerp along columns": recipe("nuslerp", *pair(), nuslerp_flatten=False, nuslerp_row_wise=False),
    "nuslerp with a weight of zeros": recipe("nuslerp", entry("zeroed", weight=1), entry("slow", weight=2), base=None),
    "karcher": recipe("karcher", entry("quick"), entry("slow"), base=None),
    "karcher of three": recipe("karcher", entry("quick"), entry("slow"), entry("third"), base=None, max_iter=30),
    "model_stock": recipe("model_stock", entry("quick"), entry("slow")),
    "model_stock by rows": recipe("model_stock", entry("quick"), entry("slow"), entry("third"), filter_wise=True),
    "sce": recipe("sce", entry("quick"), entry("slow")),
    "sce, selected": recipe("sce", entry("quick"), entry("slow"), entry("third"), select_topk=0.4),
}  # fmt: skip
"""Recipes that give the same with both."""

RANDOM = ("dare_ties", "dare_linear", "della", "della_linear")
"""Published forms whose masks are drawn; what they leave in the mean is compared in tests of their own."""
SAME |= {f"file: {name}": found for name, found in RECIPES.items() if name not in RANDOM}


def has_gradient(found: Any) -> bool:
    """Does a parameter change along the layers? Then what comes after them is compared in a test of its own."""
    if isinstance(found, dict):
        return any(has_gradient(value) for key, value in found.items() if key != "layer_range")
    return isinstance(found, list) and (any(map(has_gradient, found)) or all(isinstance(x, int | float) for x in found))


OURS: dict[str, Recipe] = {"ties": {"tie_rule": "exact"}}
"""What our recipe says besides, by method, so that the same is asked of both."""

OTHER: dict[str, Recipe] = {
    "ties, halves": recipe("ties", entry("slow", weight=1, density=0.5)),
    "dare": recipe("dare_linear", entry("slow", weight=1, density=0.5)),
    "dare of two": recipe("dare_linear", entry("slow", weight=1, density=0.5), entry("quick", weight=1, density=0.5)),
    "dare of two, swapped": recipe(
        "dare_linear", entry("quick", weight=1, density=0.5), entry("slow", weight=1, density=0.5)
    ),
    "della": recipe("della_linear", entry("slow", weight=1, density=0.5, epsilon=0.3)),
    "breadcrumbs, few": recipe("breadcrumbs", entry("slow", weight=1, density=0.1)),
    "sce, faint": recipe("sce", entry("faint"), entry("fainter")),
    "slerp with a weight of zeros": recipe("slerp", entry("zeroed"), t=0.5),
    "ties of one, weight 1": recipe("ties", entry("slow", weight=1.0, density=0.5)),
    "ties of one, weight 0.1": recipe("ties", entry("slow", weight=0.1, density=0.5)),
    "tied and untied": recipe("task_arithmetic", entry("headed", weight=0.5)),
}  # fmt: skip
"""Recipes that do not."""

CANCELLING: dict[str, Recipe] = {
    "weights that cancel": recipe("linear", entry("quick", weight=1), entry("slow", weight=-1), base=None),
    "weights that are all zero": recipe("linear", entry("quick", weight=0), entry("slow", weight=0), base=None),
    "weights that cancel in some tensors": recipe(
        "linear", entry("quick", weight=[{"filter": "mlp", "value": -1}, {"value": 1}]), entry("slow"), base=None,
        weight=1,
    ),
}  # fmt: skip
"""Recipes that we refuse."""

HALVES = ("linear", "task_arithmetic", "ties", "ties, all kept", "breadcrumbs", "slerp", "nuslerp", "sce")
"""Recipes that are run on bfloat16 files too; mergekit then computes in float32 and rounds once, as we do."""
IN_BFLOAT16 = {
    **{f"{name}, in halves": {**SAME[name], "out_dtype": "bfloat16"} for name in HALVES},
    "bfloat16 arithmetic": recipe("task_arithmetic", *pair(), dtype="bfloat16"),
}


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Models in three shards each: by name in float32, and under ``bf16/`` in bfloat16."""
    folder = tmp_path_factory.mktemp("family")
    base = weights(0)
    models = {"base": base, "headed": {**weights(7, base), "lm_head.weight": torch.randn(base[EMBEDDING].shape)}}
    for seed, (name, distance) in enumerate(DISTANCES.items(), start=1):
        models[name] = weights(seed, base, distance)
    models["zeroed"] = {name: t if name != NORM else torch.zeros_like(t) for name, t in models["quick"].items()}
    found = {name: written(folder / name, model, torch.float32) for name, model in models.items()}
    found["deep"] = written(folder / "deep", weights(9, base, 0.3, layers=DEEP), torch.float32, layers=DEEP)
    bf16 = {f"bf16/{n}": written(folder / "bf16" / n, models[n], torch.bfloat16) for n in ("base", *DISTANCES)}
    return found | bf16


@pytest.fixture(scope="module")
def theirs(family: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder that mergekit made of the recipe of that name."""
    folder = tmp_path_factory.mktemp("mergekit")
    asked = {name: located(found, family) for name, found in (SAME | OTHER | CANCELLING).items()}
    asked |= {name: located(found, family, "bf16/") for name, found in IN_BFLOAT16.items()}
    outs = {name: folder / str(number) for number, name in enumerate(asked)}
    jobs = [{"recipe": found, "out": str(outs[name]), "seed": 5} for name, found in asked.items()]
    (folder / "jobs.json").write_text(json.dumps(jobs))
    command = [str(MERGEKIT), str(Path(__file__).with_name("mergekit_runner.py")), str(folder / "jobs.json")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

    def made(name: str) -> Path:
        error = outs[name] / "error.txt"
        assert not error.exists(), error.read_text()
        return outs[name]

    return made


@pytest.fixture
def ours(family: dict[str, Path], tmp_path: Path) -> Callable[..., Path]:
    """The folder that we made of the recipe of that name, with further parameters."""
    numbers = iter(range(100))

    def make(name: str, **parameters: Any) -> Path:
        asked = located((SAME | OTHER | IN_BFLOAT16)[name], family, "bf16/" if name in IN_BFLOAT16 else "")
        asked["parameters"] = {**asked.get("parameters", {}), **parameters}
        out = tmp_path / str(next(numbers))
        merge_checkpoints(MergeRecipe.parse(asked, name), {}, out)
        return out

    return make


def read(folder: Path) -> Weights:
    return {name: tensor for file in sorted(folder.glob("*.safetensors")) for name, tensor in load_file(file).items()}


def deltas(out: Path, base: Path) -> Iterator[tuple[str, Tensor]]:
    """What a merge added to the base, in double precision."""
    theta = read(base)
    for name, tensor in read(out).items():
        yield name, tensor.double() - theta[name].double()


@pytest.mark.parametrize("name", SAME)
def test_agrees_with_mergekit(name: str, ours: Callable[..., Path], theirs: Callable[[str], Path]) -> None:
    method = SAME[name]["merge_method"]
    found, expected = read(ours(name, **({} if name.startswith("file") else OURS.get(method, {})))), read(theirs(name))
    assert found.keys() == expected.keys()
    for tensor, value in expected.items():
        assert found[tensor].dtype == value.dtype
        if tensor == NORM and has_gradient(SAME[name]):
            continue
        step = {torch.float32: 1e-6, torch.float16: 1e-3, torch.bfloat16: 8e-3}[value.dtype]
        torch.testing.assert_close(
            found[tensor], value, rtol=step, atol=step, msg=lambda text, at=tensor: f"{at}: {text}"
        )


@pytest.mark.parametrize("name", HALVES)
def test_agrees_within_one_rounding_in_bfloat16(
    name: str, ours: Callable[..., Path], theirs: Callable[[str], Path], family: dict[str, Path]
) -> None:
    """Of entries whose magnitudes are equal at the cut, mergekit keeps any, we the first: only those may differ."""
    method, halves = SAME[name]["merge_method"], f"{name}, in halves"
    found, expected = read(ours(halves, **OURS.get(method, {}))), read(theirs(halves))
    assert found.keys() == expected.keys()
    differing = entries = 0
    for tensor, value in expected.items():
        assert found[tensor].dtype == value.dtype == torch.bfloat16
        close = torch.isclose(found[tensor], value, rtol=2**-7, atol=1e-6)
        taus = [
            read(family[f"bf16/{m}"])[tensor].float() - read(family["bf16/base"])[tensor].float()
            for m in ("quick", "slow")
        ]
        assert (close | (repeated(taus) if method in ("ties", "breadcrumbs") else False)).all(), tensor
        differing += int((found[tensor] != value).sum())
        entries += value.numel()
    assert differing <= (0.05 if method in ("ties", "breadcrumbs") else 0.002) * entries


def repeated(taus: list[Tensor]) -> Tensor:
    """Entries whose magnitude in one of the task vectors another entry has too."""
    found = torch.zeros_like(taus[0], dtype=torch.bool)
    for tau in taus:
        _, place, counts = tau.abs().unique(return_inverse=True, return_counts=True)
        found |= counts[place] > 1
    return found


def test_a_gradient_ends_at_its_last_value_where_this_mergekit_starts_again(
    ours: Callable[..., Path], theirs: Callable[[str], Path], family: dict[str, Path]
) -> None:
    """What comes after the layers takes a gradient's last value, in earlier mergekits too; in 0.1.5 the first."""
    quick, slow = read(family["quick"])[NORM], read(family["slow"])[NORM]
    for make, weight in ((ours, 0.4), (theirs, 0.1)):
        expected = (weight * quick + slow) / (weight + 1)
        torch.testing.assert_close(read(make("linear, gradient"))[NORM], expected, rtol=0, atol=1e-6)


def test_our_rule_keeps_one_entry_more_than_mergekits(
    ours: Callable[..., Path], theirs: Callable[[str], Path], family: dict[str, Path]
) -> None:
    """n − k + 1 with k = ⌊(1 − d) n⌋, the long-to-short paper's code, against ⌊d n⌋; the others are the same."""
    expected = dict(deltas(theirs("ties, halves"), family["base"]))
    for name, delta in deltas(ours("ties, halves"), family["base"]):
        n, kept = delta.numel(), expected[name] != 0
        assert int(kept.sum()) == n // 2 and int((delta != 0).sum()) == n - n // 2 + 1
        torch.testing.assert_close(delta[kept], expected[name][kept], rtol=0, atol=1e-6)


def test_dare_divides_by_the_density_where_mergekit_matches_the_norm(
    ours: Callable[..., Path], theirs: Callable[[str], Path], family: dict[str, Path]
) -> None:
    taus = dict(deltas(family["slow"], family["base"]))
    plain, matched = (dict(deltas(ours("dare", **given), family["base"])) for given in ({}, {"rescale": "l1"}))
    factors = set()
    for name, delta in deltas(theirs("dare"), family["base"]):
        tau = taus[name]
        for found in (delta, matched[name]):
            kept = found != 0
            factor = tau.abs().sum() / tau[kept].abs().sum()
            torch.testing.assert_close(found, torch.where(kept, factor * tau, 0.0), rtol=0, atol=5e-6)
        factors.add(round(float(delta.abs().sum() / tau[delta != 0].abs().sum()), 3))
        torch.testing.assert_close(plain[name], torch.where(plain[name] != 0, 2 * tau, 0.0), rtol=0, atol=5e-6)
    assert len(factors) > 10, "mergekit's factor differs from tensor to tensor"


def test_the_order_of_models_changes_mergekits_dare_and_not_ours(
    ours: Callable[..., Path], theirs: Callable[[str], Path]
) -> None:
    names = ("dare of two", "dare of two, swapped")
    here, there = (read(ours(name)) for name in names)
    assert all(torch.equal(tensor, there[name]) for name, tensor in here.items())
    here, there = (read(theirs(name)) for name in names)
    assert not any(torch.equal(tensor, there[name]) for name, tensor in here.items() if tensor.dim() == 2)


def test_della_drops_as_mergekits_does_in_the_mean_and_keeps_the_norm(
    ours: Callable[..., Path], theirs: Callable[[str], Path], family: dict[str, Path]
) -> None:
    """Masks are drawn, so what can agree is the share kept among a row's smaller and larger half, and the L1 norm."""
    taus = dict(deltas(family["slow"], family["base"]))
    for out in (ours("della"), theirs("della")):
        kept = {False: [0, 0], True: [0, 0]}
        for name, delta in deltas(out, family["base"]):
            torch.testing.assert_close(delta.abs().sum(), taus[name].abs().sum(), rtol=1e-4, atol=0)
            rows = taus[name].abs().reshape(-1, delta.shape[-1])
            larger = (rows.argsort(1).argsort(1) >= rows.shape[1] // 2).view_as(delta)
            for half, (count, survived) in kept.items():
                places = larger == half
                kept[half] = [count + int(places.sum()), survived + int((delta[places] != 0).sum())]
        for half, (count, survived) in kept.items():
            # a row of 8 has chances 0.2 to 0.8 in steps of 0.6/7, a row of 12 in steps of 0.6/11
            expected = 0.67 if half else 0.33
            assert abs(survived / count - expected) < 4 * (0.25 / count) ** 0.5 + 0.01, half


def test_breadcrumbs_leave_one_entry_where_mergekits_leave_none(
    ours: Callable[..., Path], theirs: Callable[[str], Path], family: dict[str, Path]
) -> None:
    expected = dict(deltas(theirs("breadcrumbs, few"), family["base"]))
    for name, delta in deltas(ours("breadcrumbs, few"), family["base"]):
        if delta.numel() < 10:
            assert int((expected[name] != 0).sum()) == 0 and int((delta != 0).sum()) == 1
        else:
            torch.testing.assert_close(delta, expected[name], rtol=0, atol=1e-6)


def test_sce_weighs_by_energy_where_mergekit_gives_up(
    ours: Callable[..., Path], theirs: Callable[[str], Path], family: dict[str, Path]
) -> None:
    """Mean squares of 2.5e-7 and 1e-8 sum to less than mergekit's 1e-6: there the two count alike."""
    taus = [dict(deltas(family[name], family["base"])) for name in ("faint", "fainter")]
    expected = dict(deltas(theirs("sce, faint"), family["base"]))
    for name, delta in deltas(ours("sce, faint"), family["base"]):
        pair = [tau[name] for tau in taus]
        energy = [float(tau.square().sum()) for tau in pair]
        torch.testing.assert_close(expected[name], fused(pair, [0.5, 0.5]), rtol=0, atol=1e-6)
        torch.testing.assert_close(delta, fused(pair, [e / sum(energy) for e in energy]), rtol=0, atol=1e-6)
        assert delta.numel() < 10 or not torch.allclose(delta, expected[name], rtol=0, atol=1e-5)


def fused(taus: list[Tensor], shares: list[float]) -> Tensor:
    """The mean of those with the sign of the plain sum, with these shares."""
    sign = torch.where(taus[0] + taus[1] >= 0, 1.0, -1.0)
    agreeing = [share * (tau.sign() == sign) for tau, share in zip(taus, shares, strict=True)]
    return sum(tau * share for tau, share in zip(taus, agreeing, strict=True)) / sum(agreeing)


def test_slerp_goes_straight_from_a_weight_of_zeros_where_mergekit_takes_it_for_orthogonal(
    ours: Callable[..., Path], theirs: Callable[[str], Path], family: dict[str, Path]
) -> None:
    name, theta = "slerp with a weight of zeros", read(family["base"])[NORM]
    torch.testing.assert_close(read(theirs(name))[NORM], 0.5**0.5 * theta)
    torch.testing.assert_close(read(ours(name))[NORM], 0.5 * theta)


def test_one_models_weight_cancels_in_both_and_only_we_say_so(
    ours: Callable[..., Path], theirs: Callable[[str], Path], family: dict[str, Path]
) -> None:
    whole, tenth = "ties of one, weight 1", "ties of one, weight 0.1"
    for make in (ours, theirs):
        first, second = read(make(whole)), read(make(tenth))
        for name, tensor in first.items():
            torch.testing.assert_close(tensor, second[name], rtol=0, atol=1e-6)
    said = [f.sentence for f in plan_merge(MergeRecipe.parse(located(OTHER[tenth], family), tenth), {}).findings]
    assert any("weight 0.1 cancels" in sentence for sentence in said)


def test_a_tied_and_an_untied_model_give_the_same_weights_and_only_our_config_lets_them_load(
    ours: Callable[..., Path], theirs: Callable[[str], Path]
) -> None:
    """mergekit writes a head and a config that ties it to the embedding: loaders then ignore the head."""
    here, there = ours("tied and untied"), theirs("tied and untied")
    found, expected = read(here), read(there)
    assert found.keys() == expected.keys() and "lm_head.weight" in found
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-6, atol=1e-6)
    assert not torch.equal(found["lm_head.weight"], found[EMBEDDING])
    tied = [json.loads((out / "config.json").read_text())["tie_word_embeddings"] for out in (here, there)]
    assert tied == [False, True]


@pytest.mark.parametrize("name", CANCELLING)
def test_weights_that_sum_to_nothing_make_no_model(
    name: str, theirs: Callable[[str], Path], family: dict[str, Path], tmp_path: Path
) -> None:
    """mergekit divides by zero, without a word."""
    asked = MergeRecipe.parse(located(CANCELLING[name], family), name)
    with pytest.raises(CheckpointError, match="the weights sum to 0"):
        merge_checkpoints(asked, {}, tmp_path / "out")
    assert not all(tensor.isfinite().all() for tensor in read(theirs(name)).values())


def test_mergekit_rounds_on_the_way_in_bfloat16_and_we_only_at_the_end(
    ours: Callable[..., Path], theirs: Callable[[str], Path], family: dict[str, Path]
) -> None:
    models = [{n: t.double() for n, t in read(family[f"bf16/{name}"]).items()} for name in ("base", "quick", "slow")]
    name, wrong, entries = "bfloat16 arithmetic", {"ours": 0, "theirs": 0}, 0
    found = {"ours": read(ours(name)), "theirs": read(theirs(name))}
    for tensor, base in models[0].items():
        exact = base + 0.3137 * (models[1][tensor] - base) + 0.6271 * (models[2][tensor] - base)
        entries += exact.numel()
        for tool, result in found.items():
            wrong[tool] += int((result[tensor] != exact.float().bfloat16()).sum())
    assert wrong["ours"] <= 1e-3 * entries < 1e-2 * entries < wrong["theirs"]
