"""What holds of every registered merge method, whatever it computes: one that is added is held to it, too."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
import torch
from annotated_types import Ge, Gt, Le, Lt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from l2s.checkpoints.statistics import Statistics, layer_group
from l2s.core.errors import ConfigError, L2SError
from l2s.core.params import Params
from l2s.merging.method import REGISTERED, Merged, MergeMethod, Weight, required
from l2s.merging.methods import METHODS
from l2s.merging.plan import pieces
from l2s.merging.plan.preflight import plan_merge
from l2s.merging.recipe import MergeRecipe
from l2s.merging.run import tensors
from l2s.merging.run.merge import merge_checkpoints
from tests.merging.run.piecewise import NOT_OF_PIECES, middles
from tests.merging.run.test_merge import weights_of
from tests.tiny import random_weights, shapes, write_checkpoint

MODELS = ("quick", "slow", "third")
FAMILY = {"whole": 1, "cut": 3}
"""Layouts of the same models, with so many shards."""


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four bfloat16 models in both layouts, and the statistics that methods may want of them."""
    place, base = tmp_path_factory.mktemp("family"), random_weights(0)
    for layout, shards in FAMILY.items():
        write_checkpoint(place / layout / "base", base, shards, torch.bfloat16)
        for seed, name in enumerate(MODELS, 1):
            write_checkpoint(place / layout / name, random_weights(seed, base), shards, torch.bfloat16)
    Statistics("activations", {name: torch.rand(shape[-1:]) for name, shape in shapes().items()}, {}).write(
        place / "activations.safetensors"
    )
    for seed, name in enumerate(MODELS, 1):
        groups = sorted({layer_group(weight) for weight in shapes()})
        found = {group: torch.tensor(float(seed + number)) for number, group in enumerate(groups)}
        Statistics("sensitivities", found, {}).write(place / f"{name}.safetensors")
    return place


def fields(params: type[Params]) -> dict[str, FieldInfo]:
    return {
        field.alias or name: field for name, field in params.model_fields.items() if name not in ("statistics", "of")
    }


def values(field: FieldInfo) -> st.SearchStrategy[Any]:
    """Values that a parameter takes, by its type and bounds."""
    bounds = {type(found): found for found in field.metadata}
    low = next((getattr(bounds[kind], word) for kind, word in ((Gt, "gt"), (Ge, "ge")) if kind in bounds), -1.5)
    high = next((getattr(bounds[kind], word) for kind, word in ((Lt, "lt"), (Le, "le")) if kind in bounds), low + 3)
    choices = list[st.SearchStrategy[Any]]()
    for kind in get_args(field.annotation) or (field.annotation,):
        if get_origin(kind) is Literal:
            choices.append(st.sampled_from(get_args(kind)))
        elif kind is bool:
            choices.append(st.booleans())
        elif kind is int:
            choices.append(st.integers(int(low) + (Gt in bounds), int(low) + 4))
        elif kind is float:
            choices.append(st.sampled_from([round(low + n * (high - low) / 8, 4) for n in range(1, 8)]))
        elif isinstance(kind, str | bool):
            choices.append(st.just(kind))
    return st.one_of(choices)


@st.composite
def recipes(draw: st.DrawFn, method: MergeMethod) -> dict[str, Any]:
    """A recipe of the method; a parameter that has a default may be left out."""

    def block(params: type[Params]) -> dict[str, Any]:
        chosen = fields(params).items()
        return {key: draw(values(field)) for key, field in chosen if field.is_required() or draw(st.booleans())}

    fewest, most = method.counts
    count = draw(st.integers(max(1, fewest), min(most or 3, 3)))
    models = [{"model": name, "parameters": block(method.model_params)} for name in MODELS[:count]]
    found = {"merge_method": method.name, "models": models, "parameters": block(method.params), "dtype": "bfloat16"}
    return with_statistics(found | ({"base_model": "base"} if method.needs_base else {}), method)


def with_statistics(recipe: dict[str, Any], method: MergeMethod) -> dict[str, Any]:
    if "statistics" in method.params.model_fields:
        recipe["parameters"]["statistics"] = "activations"
    for model in recipe["models"] if "statistics" in method.model_params.model_fields else ():
        model["parameters"]["statistics"] = model["model"]
    return recipe


def merged(recipe: dict[str, Any], family: Path, layout: str, **options: Any) -> dict[str, torch.Tensor]:
    files = {name: family / f"{name}.safetensors" for name in ("activations", *MODELS)}
    models = {name: family / layout / name for name in ("base", *MODELS)}
    out = family / "out"
    merge_checkpoints(MergeRecipe.parse(recipe, "r"), models, out, statistics=files, seed=3, force=True, **options)
    return weights_of(out)


def example_of(method: MergeMethod, **models: Any) -> dict[str, Any]:
    """The least recipe: what is required, each the middle of what it may be."""
    middle = {block: middles(block) for block in (method.params, method.model_params)}
    count = method.counts[1] or max(2, method.counts[0])
    each = [{"model": name, "parameters": middle[method.model_params] | models} for name in MODELS[:count]]
    found = {
        "merge_method": method.name,
        "models": each,
        "parameters": dict(middle[method.params]),
        "dtype": "bfloat16",
    }
    return with_statistics(found | ({"base_model": "base"} if method.needs_base else {}), method)


@pytest.mark.parametrize("name", METHODS)
def test_a_required_parameter_that_is_missing_is_refused(name: str) -> None:
    method = METHODS[name]
    for block, place in ((method.params, "parameters"), (method.model_params, "models.0.parameters")):
        for key in required(block):
            asked = example_of(method)
            (asked["parameters"] if place == "parameters" else asked["models"][0]["parameters"]).pop(key)
            with pytest.raises(ConfigError, match=rf"r\.{place}\.{key}: required by {name}, but missing"):
                MergeRecipe.parse(asked, "r")


@pytest.mark.parametrize("name", METHODS)
def test_an_unknown_key_suggests_the_nearest(name: str) -> None:
    method = METHODS[name]
    for key in [key for key in method.takes() if len(key) > 4]:
        asked = example_of(method)
        asked["parameters"][f"{key[:2]}{key[3:]}"] = 1
        with pytest.raises(ConfigError, match=rf"unknown; {name} takes .*did you mean '{key}'"):
            MergeRecipe.parse(asked, "r")


@pytest.mark.parametrize("examples", [2, pytest.param(40, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", METHODS)
def test_neither_order_nor_cut_nor_threads_change_a_byte(name: str, examples: int, family: Path) -> None:
    """Of random recipes: those that are refused are refused by the plan; the others merge to the same bytes."""
    method = METHODS[name]

    @settings(
        max_examples=examples, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(recipe=recipes(method), order=st.permutations(range(3)))
    def check(recipe: dict[str, Any], order: list[int]) -> None:
        try:
            first = merged(recipe, family, "whole", threads=1)
        except L2SError as error:
            assert refused(recipe, family, str(error))
            return
        assert all(bool(tensor.isfinite().all()) for tensor in first.values())
        models = recipe["models"]
        asked = recipe | {"models": [models[k] for k in order if k < len(models)]}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tensors, "TILE" if hasattr(tensors, "TILE") else "STRETCH", 40)
            second = merged(asked, family, "cut", threads=3, max_shard_size=900)
        assert first.keys() == second.keys()
        assert [key for key in first if not torch.equal(first[key], second[key])] == []

    check()


def refused(recipe: dict[str, Any], family: Path, sentence: str) -> bool:
    """Does the plan, or the recipe's own check, say the same?"""
    files = {name: family / f"{name}.safetensors" for name in ("activations", *MODELS)}
    try:
        plan = plan_merge(
            MergeRecipe.parse(recipe, "r"), {name: family / "whole" / name for name in ("base", *MODELS)},
            statistics=files,
        )  # fmt: skip
    except ConfigError as error:
        return str(error) == sentence
    return plan.refused and all(f.sentence in sentence for f in plan.findings if f.fatal and not f.forcible)


@pytest.mark.parametrize("name", METHODS)
def test_pieces_change_no_more_than_a_rounding(name: str, family: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = merged(example_of(METHODS[name]), family, "whole")
    monkeypatch.setattr(pieces, "PIECE", 40)
    second = merged(example_of(METHODS[name]), family, "whole")
    for key, tensor in first.items():
        same = torch.allclose(second[key].float(), tensor.float(), rtol=2**-7, atol=1e-6)
        assert same, f"{key}: {NOT_OF_PIECES.format(name)}"


@pytest.mark.parametrize(
    ("of_slip", "said"),
    [
        (
            lambda weight: Merged(weight.base, weight.task_vectors[:1]),
            r"summands of its Merged is float32 \[1, .*\], expected float32 \[2, .*\]: the 2 models' task vectors",
        ),
        (
            lambda weight: Merged(weight.models, weight.task_vectors),
            r"value of its Merged is float32 \[2, .*the merged piece",
        ),
        (lambda weight: Merged(weight.base.double(), weight.task_vectors), r"value of its Merged is float64"),
        (lambda weight: weight.base, "value of its Merged is None"),
    ],
)
def test_a_slip_of_a_methods_author_is_a_sentence(
    of_slip: Callable[[Weight], Any], said: str, family: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slip = replace(METHODS["task_arithmetic"], merge=lambda weight, *_: of_slip(weight), fused=None)
    monkeypatch.setitem(REGISTERED, "task_arithmetic", slip)
    with pytest.raises(L2SError, match=f"merge method task_arithmetic, .*: {said}.*see docs/extending.md"):
        merged(example_of(slip), family, "whole")


@pytest.mark.parametrize("name", [name for name in METHODS if "density" in METHODS[name].takes()])
def test_density_one_of_one_model_is_that_model(name: str, family: Path) -> None:
    method = METHODS[name]
    recipe = example_of(method, density=1.0, **({"gamma": 0.0} if "gamma" in method.takes() else {}))
    recipe["models"] = recipe["models"][:1]
    found, model = merged(recipe, family, "whole"), weights_of(family / "whole" / "quick")
    for key, tensor in found.items():
        torch.testing.assert_close(tensor.float(), model[key].float(), rtol=2**-7, atol=1e-5)


@pytest.mark.parametrize("name", [name for name in METHODS if "weight" in METHODS[name].takes()])
def test_weight_zero_of_all_is_the_base_or_refused(name: str, family: Path) -> None:
    method = METHODS[name]
    recipe = example_of(method, weight=0.0)
    if not method.needs_base and method.optional_base:
        recipe["base_model"] = "base"
    try:
        found = merged(recipe, family, "whole")
    except L2SError as error:
        assert refused(recipe, family, str(error))
        return
    base = weights_of(family / "whole" / "base")
    plan = plan_merge(MergeRecipe.parse(recipe, "r"), {n: family / "whole" / n for n in ("base", *MODELS)},
                      statistics={n: family / f"{n}.safetensors" for n in ("activations", *MODELS)})  # fmt: skip
    same = all(torch.equal(tensor, base[key]) for key, tensor in found.items())
    assert same == any("so the result is the base" in finding.sentence for finding in plan.findings)
    assert all(bool(tensor.isfinite().all()) for tensor in found.values())
