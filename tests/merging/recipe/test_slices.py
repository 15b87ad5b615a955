"""Slices that leave every layer in its place: whose parameters hold where, and every other form in one sentence."""

from pathlib import Path
from typing import Any

import pytest
import torch

from l2s.core.errors import ConfigError
from l2s.merging.recipe import MergeRecipe
from l2s.merging.run.merge import merge_checkpoints
from tests.merging.run.test_merge import weights_of
from tests.tiny import write_family


def source(model: str, layers: Any, **parameters: Any) -> dict[str, Any]:
    return {"model": model, "layer_range": layers, "parameters": parameters}


def recipe(*slices: Any, method: str = "slerp", **changes: Any) -> dict[str, Any]:
    return {"merge_method": method, "base_model": "base", "slices": list(slices), **changes}


def both(layers: Any, **parameters: Any) -> dict[str, Any]:
    return {"sources": [source("base", layers), source("slow", layers)], "parameters": parameters}


def t_of(parsed: MergeRecipe, tensor: str) -> float:
    return float(parsed.params_for(tensor, 0.123)[0].t)  # type: ignore[attr-defined]


def layer(number: int, part: str = "mlp.up_proj") -> str:
    return f"model.layers.{number}.{part}.weight"


def test_one_slice_says_what_whole_models_say() -> None:
    gradient = [{"filter": "self_attn", "value": [0, 0.5, 1]}, {"filter": "mlp", "value": [1, 0]}, {"value": 0.5}]
    sliced = MergeRecipe.parse(recipe(both([0, 5]), parameters={"t": gradient}), "r")
    models = [{"model": "base"}, {"model": "slow"}]
    found = {"merge_method": "slerp", "base_model": "base", "models": models, "parameters": {"t": gradient}}
    whole = MergeRecipe.parse(found, "r")
    for number in range(5):
        for part in ("self_attn.q_proj", "mlp.up_proj", "input_layernorm"):
            expected = whole.params_for(layer(number, part), number / 4)
            assert sliced.params_for(layer(number, part), 0.9) == expected
    assert sliced.model_names() == ["slow"] and sliced.input_names() == ["base", "slow"]


def test_gradients_run_within_a_slice_and_what_has_no_layer_goes_to_the_ends() -> None:
    parsed = MergeRecipe.parse(recipe(both([0, 3], t=[0, 1]), both([3, 4], t=[0.2, 0.4]), both([4, 6], t=[1, 0])), "r")
    found = [t_of(parsed, layer(number)) for number in range(6)]
    assert found == pytest.approx([0, 0.5, 1, 0.4, 1, 0])
    assert t_of(parsed, "model.embed_tokens.weight") == 0.0
    assert t_of(parsed, "model.norm.weight") == t_of(parsed, "lm_head.weight") == 0.0


def test_a_source_goes_before_its_slice_and_that_before_the_recipe() -> None:
    mlp = [{"filter": "mlp", "value": 0.3}]
    first = {"sources": [source("quick", [0, 1], weight=mlp), source("slow", [0, 1])], "parameters": {"weight": 0.6}}
    second = {"sources": [source("quick", [1, 2], weight=0.9), source("slow", [1, 2])]}
    parsed = MergeRecipe.parse(recipe(first, second, method="ties", parameters={"weight": 0.1, "lambda": 0.5}), "r")

    def weights(tensor: str) -> list[float]:
        return [model.weight for model in parsed.params_for(tensor, 0.5)[1]]  # type: ignore[attr-defined]

    assert weights(layer(0)) == [0.3, 0.6] and weights(layer(0, "self_attn.q_proj")) == [0.6, 0.6]
    assert weights(layer(1)) == [0.9, 0.1]
    assert parsed.params_for(layer(0), 0)[0].model_dump(by_alias=True)["lambda"] == 0.5


def test_old_words_are_translated_in_slices_too() -> None:
    found = recipe({"sources": [source("slow", [0, 2], param_value_mask_rate=0.8)]}, method="ties")
    parsed = MergeRecipe.parse(found, "r")
    assert parsed.params_for(layer(1), 0)[1][0].model_dump()["density"] == 0.2
    assert parsed.notes() == ("slices.0.sources.0.parameters.param_value_mask_rate: 0.8 is read as density: 0.2",)


def test_the_resolved_recipe_means_the_same() -> None:
    parsed = MergeRecipe.parse(recipe(both([0, 3], t=[0, 1]), both([3, 4])), "r")
    again = MergeRecipe.parse(parsed.resolved(), "r")
    assert "models" not in parsed.resolved() and again.resolved() == parsed.resolved()
    assert [t_of(again, layer(n)) for n in range(4)] == [t_of(parsed, layer(n)) for n in range(4)]


@pytest.mark.parametrize(
    ("slices", "changes", "sentence"),
    [
        ([{"sources": [source("base", [0, 4]), source("slow", [4, 7])]}], {},
         "r.slices.0.sources: take different numbers of layers ([0, 4] of base, [4, 7] of slow)"),
        ([both([0, 4]), {"sources": [source("base", [4, 8])]}], {},
         "r.slices.1.sources: 0 to be merged, but 1 in the first slice; every slice must merge as many models"),
        ([{"sources": [source("a", [0, 4])]}, {"sources": [source("a", [0, 4]), source("b", [0, 4])]}],
         {"merge_method": "passthrough"}, "r.slices.1.sources: 2 to be merged, but 1 in the first slice"),
        ([{"sources": [source("a", [0, 4]), source("b", [0, 4])]}], {"merge_method": "passthrough"},
         "r.models: passthrough merges exactly 1 model, found 2: 'a', 'b'"),
        ([{"sources": [source("a", [0, 4]), source("a", [4, 8])]}], {"merge_method": "linear", "base_model": None},
         "r.slices.0.sources: 'a' is listed 2 times; a slice lists each model once"),
        ([both([4, 4])], {}, "layer_range: found [4, 4], expected [first, end] with 0 <= first < end"),
        ([{"sources": [{"model": "slow"}]}], {}, "r.slices.0.sources.0.layer_range: required, but missing"),
        ([{"sources": []}], {}, "r.slices.0.sources: found []"),
        ([{**both([0, 4]), "residual": 1}], {}, "r.slices.0.residual: unknown key"),
        ([{**both([0, 4]), "base_model": "third"}], {}, "r.models: slerp merges exactly 1 model beside the base"),
        ([both([0, 4], densities=0.5)], {}, "r.slices.0.parameters.densities: unknown; slerp takes t"),
        ([{"sources": [source("slow", [0, 4], t=0.5)]}], {},
         "r.slices.0.sources.0.parameters.t: holds for the whole merge; move it to r.slices.0.parameters"),
        ([both([0, 4], scope="global")], {"merge_method": "ties"},
         "r.slices.0.parameters.scope: holds for all layers; move it to r.parameters"),
        ([both([0, 2], density=0.5), both([2, 4])], {"merge_method": "ties", "parameters": {"scope": "global"}},
         "r.slices.0: sets density, but ties over the whole model takes one value"),
        ([both([0, 4])], {"models": [{"model": "slow"}]}, "r: models and slices are both given; keep one"),
        (["all"], {}, "r.slices.0: found 'all'"),
    ],
)  # fmt: skip
def test_any_other_form_is_one_sentence(slices: list[Any], changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        MergeRecipe.parse({**recipe(*slices), **changes}, "r")
    assert sentence in str(caught.value)


def test_a_merge_takes_each_layer_from_its_slice(tmp_path: Path) -> None:
    family = write_family(tmp_path)
    parsed = MergeRecipe.parse(recipe(both([0, 1], t=0), both([1, 2], t=1), dtype="float32"), "r")
    merge_checkpoints(parsed, family, tmp_path / "out")
    found, base, slow = (weights_of(folder) for folder in (tmp_path / "out", family["base"], family["slow"]))
    for name, tensor in found.items():
        early = name.startswith(("model.layers.0.", "model.embed_tokens."))
        assert torch.equal(tensor, (base if early else slow)[name]), name
