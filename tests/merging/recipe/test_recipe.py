"""Recipes: mergekit's dialect, its precedence, and one clear sentence for everything that is wrong."""

from typing import Any

import pytest
import yaml

from l2s.core.errors import ConfigError
from l2s.merging.recipe import MergeRecipe
from l2s.merging.recipe.parameters import count_layers, evaluate, position

MERGEKIT = """
models:
  - model: psmathur/orca_mini_v3_13b
    parameters:
      density: [1, 0.7, 0.1] # density gradient
      weight: 1.0
  - model: garage-bAInd/Platypus2-13B
    parameters:
      density: 0.5
      weight: [0, 0.3, 0.7, 1] # weight gradient
  - model: WizardLM/WizardMath-13B-V1.0
    parameters:
      density: 0.33
      weight:
        - filter: mlp
          value: 0.5
        - value: 0
merge_method: ties
base_model: TheBloke/Llama-2-13B-fp16
parameters:
  normalize: true
  int8_mask: true
dtype: float16
"""


def recipe(**changes: Any) -> dict[str, Any]:
    found = {
        "merge_method": "ties",
        "base_model": "base",
        "models": [
            {"model": "quick", "parameters": {"weight": 0.5, "density": 0.4}},
            {"model": "slow", "parameters": {"weight": 0.7}},
        ],
        "parameters": {"density": 0.9, "lambda": 0.8},
        "dtype": "bfloat16",
    }
    return {key: value for key, value in {**found, **changes}.items() if value is not None}


def weights(parsed: MergeRecipe, tensor: str, t: float = 0.0) -> list[float]:
    return [model.weight for model in parsed.params_for(tensor, t)[1]]  # type: ignore[attr-defined]


def test_mergekits_own_example_works_unchanged() -> None:
    parsed = MergeRecipe.parse(yaml.safe_load(MERGEKIT), "ties.yml")
    whole, each = parsed.params_for("model.layers.20.mlp.up_proj.weight", 0.5)
    assert whole.model_dump(by_alias=True)["lambda"] == 1.0 and whole.model_dump()["normalize"] is True
    assert [model.model_dump() for model in each] == [
        {"weight": 1.0, "density": pytest.approx(0.7)},
        {"weight": pytest.approx(0.5), "density": 0.5},
        {"weight": 0.5, "density": 0.33},
    ]
    assert weights(parsed, "model.layers.20.self_attn.q_proj.weight", 1.0) == [1.0, 1.0, 0.0]
    assert any("int8_mask" in note for note in parsed.notes())


def test_a_models_own_value_goes_before_the_recipes() -> None:
    whole, each = MergeRecipe.parse(recipe(), "r").params_for("model.norm.weight", 1.0)
    assert [model.model_dump() for model in each] == [{"weight": 0.5, "density": 0.4}, {"weight": 0.7, "density": 0.9}]
    assert whole.model_dump(by_alias=True)["lambda"] == 0.8


@pytest.mark.parametrize(
    ("tensor", "place"),
    [
        ("model.embed_tokens.weight", 0.0),
        ("model.layers.0.mlp.up_proj.weight", 0.0),
        ("model.layers.1.mlp.up_proj.weight", 0.25),
        ("model.layers.4.mlp.up_proj.weight", 1.0),
        ("model.norm.weight", 1.0),
        ("lm_head.weight", 1.0),
    ],
)
def test_where_a_tensor_stands(tensor: str, place: float) -> None:
    assert position(tensor, 5) == place
    assert position("model.layers.0.mlp.up_proj.weight", 1) == 1.0
    assert count_layers(["model.layers.3.a", "model.layers.10.a", "model.norm.weight"]) == 11


@pytest.mark.parametrize(("t", "value"), [(0.0, 0.0), (0.25, 0.25), (0.5, 0.5), (0.75, 2.75), (1.0, 5.0)])
def test_gradients_are_interpolated(t: float, value: float) -> None:
    assert evaluate([0.0, 0.5, 5.0], "x", t) == pytest.approx(value)


def test_the_first_filter_that_matches_wins_and_none_falls_through() -> None:
    found = recipe(
        models=[{"model": "quick", "parameters": {"weight": [{"filter": "mlp", "value": 0.1}]}}, {"model": "slow"}],
        parameters={"weight": [{"filter": "norm", "value": [0.2, 0.3]}, {"filter": "*", "value": 0.4}, {"value": 0.5}]},
    )
    parsed = MergeRecipe.parse(found, "r")
    assert weights(parsed, "model.layers.0.mlp.up_proj.weight") == [0.1, 0.4]
    assert weights(parsed, "model.norm.weight", 1.0) == [0.3, 0.3]
    assert weights(parsed, "model.layers.0.self_attn.q_proj.weight") == [0.4, 0.4]


def test_a_filter_that_matches_nothing_leaves_the_default() -> None:
    found = recipe(models=[{"model": "slow", "parameters": {"weight": [{"filter": "mlp", "value": 0.1}]}}])
    assert weights(MergeRecipe.parse(found, "r"), "model.norm.weight") == [1.0]


def test_words_of_the_long_to_short_code_are_translated_and_echoed() -> None:
    slow = {"model": "slow", "parameters": {"param_value_mask_rate": 0.8}}
    parsed = MergeRecipe.parse(recipe(models=[slow], parameters={"scaling_coefficient": 0.5}), "r")
    assert parsed.models[0].parameters == {"density": 0.2}
    assert parsed.parameters == {"lambda": 0.5}
    assert parsed.notes() == (
        "parameters.scaling_coefficient: 0.5 is read as lambda: 0.5",
        "models.0.parameters.param_value_mask_rate: 0.8 is read as density: 0.2",
    )
    dare = recipe(merge_method="dare_ties", parameters={"weight_mask_rate": [{"filter": "mlp", "value": 0.3}]})
    assert MergeRecipe.parse(dare, "r").parameters == {"density": [{"filter": "mlp", "value": 0.7}]}


def test_a_base_among_the_models_adds_nothing_unless_models_are_averaged() -> None:
    models = [{"model": "base", "parameters": None}, {"model": "slow", "parameters": {"weight": 0.7}}]
    assert MergeRecipe.parse(recipe(models=models), "r").model_names() == ["slow"]
    averaged = MergeRecipe.parse(recipe(merge_method="linear", models=models, parameters={}), "r")
    assert averaged.model_names() == ["base", "slow"]
    outside = recipe(merge_method="linear", models=models[1:], parameters={"weight": 1})
    assert MergeRecipe.parse(outside, "r").model_names() == ["slow", "base"]


@pytest.mark.parametrize(
    ("method", "normalize", "rescale"),
    [("linear", True, None), ("task_arithmetic", False, None), ("ties", True, False), ("dare_linear", False, True),
     ("dare_ties", False, True)],
)  # fmt: skip
def test_defaults_are_mergekits(method: str, normalize: bool, rescale: bool | None) -> None:
    found = recipe(
        merge_method=method, models=[{"model": "a"}], parameters={}, base_model="b" * (method != "linear") or None
    )
    resolved = MergeRecipe.parse(found, "r").resolved()["parameters"]
    assert (resolved["normalize"], resolved.get("rescale"), resolved["weight"]) == (normalize, rescale, 1.0)
    assert resolved.get("lambda", 1.0) == resolved.get("density", 1.0) == 1.0


def test_the_resolved_recipe_means_the_same() -> None:
    parsed = MergeRecipe.parse(recipe(), "r")
    again = MergeRecipe.parse(parsed.resolved(), "r")
    assert again.params_for("model.norm.weight", 1.0) == parsed.params_for("model.norm.weight", 1.0)
    assert again.resolved() == parsed.resolved()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"merge_method": "tise"}, "r.merge_method: unknown merge method 'tise'; did you mean 'ties'?"),
        ({"models": "slow"},
         "r.models: found 'slow', expected a list of models, e.g. [{model: quick}, {model: slow}]"),
        ({"models": [{"model": "a"}, "b"]}, "expected a list of models, e.g. [{model: quick}, {model: slow}]"),
        ({"slices": 5}, "r.slices: found 5, expected a list"),
        ({"mergemethod": "ties"}, "r.mergemethod: unknown key; did you mean 'merge_method'?"),
        ({"parameters": {"densty": 0.5}},
         "r.parameters.densty: unknown; ties takes density, lambda, normalize, rescale, scope, tie_rule, weight; "
         "did you mean 'density'?"),
        ({"merge_method": "task_arithmetic", "models": [{"model": "a"}], "parameters": {"densities": 0.5}},
         "r.parameters.densities: unknown; task_arithmetic takes lambda, normalize, weight"),
        ({"merge_method": "dare_ties", "parameters": {"param_value_mask_rate": 0.8}},
         "r.parameters.param_value_mask_rate: unknown; dare_ties takes"),
        ({"models": [{"model": "a", "parameters": {"lambda": 1}}]},
         "r.models.0.parameters.lambda: holds for the whole merge; move it to r.parameters"),
        ({"models": [{"model": "a", "paramters": {}}]},
         "r.models.0.paramters: unknown key; did you mean 'parameters'?"),
        ({"models": [{"model": "a"}, {"model": "a"}]}, "r.models: 'a' is listed 2 times"),
        ({"models": []}, "r.models: found []"),
        ({"models": None}, "r.models: required, but missing"),
        ({"base_model": None}, "r.base_model: required by ties, whose task vectors start from it, but missing"),
        ({"dtype": "int8"}, "r.dtype: found 'int8'"),
        ({"slices": []}, "r: models and slices are both given; keep one"),
        ({"slices": [], "models": None}, "r.slices: found []"),
        ({"modules": {}}, "r.modules: found {}, expected a mapping such as {default: {models: …}}"),
        ({"modules": {"default": {"models": []}}}, "r.modules.default.models: models are given outside of modules too"),
        ({"modules": {"default": {"model": []}}, "models": None}, "r.modules.default.model: unknown key; a module"),
        ({"modules": {"text": {"models": [{"model": "a"}]}, "vision": {"models": [{"model": "b"}]}}, "models": None},
         "r.modules: text, vision are to be merged apart"),
        ({"models": [{"model": "base"}]}, "r.models: only the base 'base' is listed"),
        ({"chat_template": "llama4"}, "r.chat_template: found 'llama4', expected a Jinja text or one of auto, alpaca, "
         "chatml, exaone, llama3, mistral"),
        ({"tokenizer": {"source": "union"}, "tokenizer_source": "base"},
         "r.tokenizer_source: tokenizer is given too; keep one"),
        ({"tokenizer": {"source": "base", "tokens": {"<a>": {"source": {"kind": "model_token", "model": "quick"}}}}},
         "expected token or token_id, one of the two"),
        ({"tokenizer": {"source": "base", "tokens": {"<a>": {"force": True}}}}, "force takes a source"),
        ({"tokenizer": {"source": "base", "tokens": {"<a>": {"sauce": "quick"}}}},
         "r.tokenizer.tokens.<a>.sauce: unknown key"),
        ({"base_model": {"model": {"path": "base", "revison": "main"}}}, "r.base_model.revison: unknown key; did you"),
        ({"base_model": {"lora": "adapter"}}, "r.base_model: found {'lora': 'adapter'}, expected a model"),
        ({"merge_method": "nearswap", "models": [{"model": "a"}], "parameters": {}},
         "r.parameters.t: required by nearswap, but missing"),
        ({"models": [{"model": "/x/a"}, {"model": "/x/a/"}]}, "r.models: '/x/a' is listed 2 times"),
        ({"tokenizer": {"source": "base", "pad_to_multiple_of": 0}}, "r.tokenizer.pad_to_multiple_of: found 0"),
        ({"tokenizer": {"sauce": "base"}}, "r.tokenizer.sauce: unknown key; did you mean 'source'?"),
        ({"merge_method": "linear", "base_model": None, "parameters": {"weight": 1}, "tokenizer_source": "base",
          "models": [{"model": "a"}]},
         "r.tokenizer_source: base, but there is no base_model; name a model, or union"),
        ({"merge_method": "slerp", "parameters": {"t": 0.5}, "models": [{"model": "a"}, {"model": "b"}]},
         "r.models: slerp merges exactly 1 model beside the base, found 2: 'a', 'b'"),
        ({"merge_method": "model_stock", "parameters": {}, "models": [{"model": "base"}, {"model": "a"}]},
         "r.models: model_stock merges at least 2 models beside the base, found 1: 'a'"),
        ({"merge_method": "nuslerp", "base_model": None, "parameters": {}, "models": [{"model": "a"}]},
         "r.models: nuslerp merges exactly 2 models, found 1: 'a'"),
        ({"merge_method": "aim", "parameters": {"of": "tise"}}, "r.parameters.of: unknown merge method 'tise'"),
        ({"models": [{"model": "a"}], "parameters": {"scope": "global", "density": [0.2, 0.5]}},
         "r.parameters.density: found [0.2, 0.5], but ties over the whole model takes one value"),
        ({"models": [{"model": "a", "parameters": {"density": [{"filter": "mlp", "value": 0.1}]}}],
          "parameters": {"scope": "global"}},
         "r.models.0.parameters.density: found [{'filter': 'mlp', 'value': 0.1}], but ties over the whole model"),
        ({"models": [{"model": "a"}], "parameters": {"scope": [{"filter": "mlp", "value": "global"}]}},
         "r.parameters.scope: found [{'filter': 'mlp', 'value': 'global'}], but ties over the whole model"),
        ({"parameters": {"density": 1.5}}, "r.parameters.density: found 1.5, expected less than or equal to 1"),
        ({"parameters": {"density": 0}}, "r.parameters.density: found 0, expected greater than 0"),
        ({"parameters": {"density": [0.5, 0.0]}}, "r.parameters.density: found 0.0, expected greater than 0"),
        ({"parameters": {"lambda": "big"}}, "r.parameters.lambda: found 'big'"),
        ({"parameters": {"lambda": None}}, "r.parameters.lambda: found None"),
        ({"parameters": {"normalize": [0, 1]}},
         "r.parameters.normalize: found [0, 1], but only numbers can change along"),
        ({"merge_method": "slerp", "models": [{"model": "a"}], "parameters": {"densty": 1}},
         "r.parameters.densty: unknown; slerp takes t; did you mean 'density'?"),
        ({"parameters": {"weight": []}}, "r.parameters.weight: an empty list"),
        ({"parameters": {"weight": {"mlp": 1}}}, "r.parameters.weight: found a mapping"),
        ({"parameters": {"weight": float("nan")}}, "r.parameters.weight: found nan, expected a finite number"),
        ({"parameters": {"weight": [0.5, {"value": 1}]}}, "r.parameters.weight: mixes plain values"),
        ({"parameters": {"weight": [{"filtre": "mlp", "value": 1}]}},
         "r.parameters.weight.0: found keys filtre, value"),
        ({"parameters": {"density": 0.5, "param_value_mask_rate": 0.5}},
         "r.parameters.param_value_mask_rate: means density, which is given too"),
        ({"parameters": {"int8_mask": "yes please"}},
         "r.parameters.int8_mask: found 'yes please', expected true or false"),
        ({"merge_method": "linear", "parameters": {}, "models": [{"model": "a"}, {"model": "b"}]},
         "r.base_model: linear averages 'base' too, but it has no weight"),
    ],
)  # fmt: skip
def test_wrong_recipes_are_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        MergeRecipe.parse(recipe(**changes), "r")
    assert sentence in str(caught.value)


def test_over_the_whole_model_weights_and_lambda_may_still_change_along_the_layers() -> None:
    found = recipe(
        models=[{"model": "a", "parameters": {"weight": [0, 1]}}],
        parameters={"scope": "global", "density": 0.2, "lambda": [{"filter": "mlp", "value": 0.5}, {"value": 1}]},
    )
    assert weights(MergeRecipe.parse(found, "r"), "model.norm.weight", 1.0) == [1.0]


def test_a_base_that_is_optional_is_what_task_vectors_start_from_once_it_is_named() -> None:
    models = [{"model": "base"}, {"model": "a"}, {"model": "b"}]
    found = MergeRecipe.parse(recipe(merge_method="nuslerp", models=models, parameters={}), "r")
    assert found.has_base and found.model_names() == ["a", "b"] and found.input_names() == ["base", "a", "b"]
    without = MergeRecipe.parse(recipe(merge_method="nuslerp", base_model=None, models=models[1:], parameters={}), "r")
    assert not without.has_base and without.model_names() == without.input_names() == ["a", "b"]


@pytest.mark.parametrize(
    ("changes", "source"),
    [
        ({}, None),
        ({"tokenizer_source": "union"}, "union"),
        ({"tokenizer": {"source": "slow"}}, "slow"),
        ({"tokenizer": {"pad_to_multiple_of": 64}}, "union"),
    ],
)
def test_the_tokenizer_is_said_in_both_of_mergekits_ways(changes: dict[str, Any], source: str | None) -> None:
    parsed = MergeRecipe.parse(recipe(**changes), "r")
    assert parsed.token_source == source
    assert MergeRecipe.parse(parsed.resolved(), "r").resolved() == parsed.resolved()


def test_all_problems_at_once() -> None:
    found = recipe(base_model=None, parameters={"densty": 1, "lambda": "x"}, models=[{"model": "a"}, {"model": "a"}])
    with pytest.raises(ConfigError) as caught:
        MergeRecipe.parse(found, "r")
    assert all(part in str(caught.value) for part in ("base_model", "densty", "lambda", "listed 2 times"))


def test_something_else_than_a_mapping_is_said_so() -> None:
    with pytest.raises(ConfigError, match="expected a recipe"):
        MergeRecipe.parse(["ties"], "r")


def test_what_only_other_methods_take_is_ignored_with_a_note() -> None:
    models = [{"model": "base"}, {"model": "slow", "parameters": {"weight": 0.5, "gamma": 0.01}}]
    found = recipe(merge_method="slerp", models=models, parameters={"t": "1e-1", "normalize": True, "int8_mask": True})
    parsed = MergeRecipe.parse({**found, "name": "first"}, "r")
    assert parsed.parameters == {"t": 0.1, "int8_mask": True} and parsed.models[1].parameters == {}
    notes = " ".join(parsed.notes())
    assert "name: 'first' is ignored" in notes
    assert "parameters.normalize: ignored; aim, " in notes and "more take it, slerp does not" in notes
    assert "models.1.parameters.gamma: ignored; breadcrumbs, breadcrumbs_ties take it, slerp does not" in notes
    assert MergeRecipe.parse(parsed.resolved(), "r").resolved() == parsed.resolved()


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("org/name@v0.1+org/lora@main", "org/name@v0.1+org/lora@main"),
        ({"model": {"path": "org/name", "revision": "v0.1"}, "lora": {"path": "org/lora"}}, "org/name@v0.1+org/lora"),
        ({"model": "org/name", "lora": None}, "org/name"),
        ({"path": "org/name", "revision": "v0.1"}, "org/name@v0.1"),
        ("/x//y/./z/", "/x/y/z"),
        ("./base/", "./base"),
        ("../a/b/", "../a/b"),
    ],
)
def test_a_model_has_one_text(asked: Any, text: str) -> None:
    found = MergeRecipe.parse(recipe(models=[{"model": asked}], base_model="org/base"), "r")
    assert found.input_names() == ["org/base", text]


def test_parameters_that_have_no_default_must_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from l2s.core.params import Params
    from l2s.merging.method import REGISTERED, Merged, MergeMethod, Weight

    class Whole(Params):
        share: float

    class Each(Params):
        part: float

    def merge(weight: Weight, params: Whole, models: list[Each]) -> Merged:
        return Merged(weight.models[0], weight.models)

    monkeypatch.setitem(REGISTERED, "demanding", MergeMethod("demanding", merge, Whole, Each, "", needs_base=False))
    asked = {"merge_method": "demanding", "models": [{"model": "a", "parameters": {"part": 1}}, {"model": "b"}]}
    with pytest.raises(ConfigError) as caught:
        MergeRecipe.parse(asked, "r")
    assert "r.parameters.share: required by demanding, but missing" in str(caught.value)
    assert "r.models.1.parameters.part: required by demanding, but missing" in str(caught.value)
    assert "models.0" not in str(caught.value)
    parsed = MergeRecipe.parse({**asked, "parameters": {"share": [0.1, 0.2], "part": 2}}, "r")
    assert parsed.resolved()["parameters"] == {"share": [0.1, 0.2], "part": 2}
    assert [model.model_dump() for model in parsed.params_for("x", 0.5)[1]] == [{"part": 1.0}, {"part": 2.0}]
