"""Recipes as people write them: every construct runs, and what comes out loads and holds what was asked for."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import Tensor

from l2s.core.errors import CheckpointError
from l2s.merging.plan.preflight import plan_merge
from l2s.merging.recipe import MergeRecipe
from l2s.merging.recipe.slices import layers_of
from l2s.merging.run.merge import merge_checkpoints
from tests.merging.recipe.five_layers import DEEP, LAYERS, RECIPES, weights, written
from tests.merging.run.test_merge import weights_of


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder, base = tmp_path_factory.mktemp("published"), weights(0)
    models = {name: weights(seed, base) for seed, name in enumerate(("quick", "slow", "third"), start=1)}
    found = {name: written(folder / name, model, torch.float32) for name, model in {"base": base, **models}.items()}
    found["deep"] = written(folder / "deep", weights(9, base, layers=DEEP), torch.float32, layers=DEEP)
    return found


def merged(found: dict[str, Any], family: dict[str, Path], out: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The weights and the config that come out."""
    merge_checkpoints(MergeRecipe.parse(found, "recipe"), family, out)
    return weights_of(out), json.loads((out / "config.json").read_text())


@pytest.mark.parametrize("name", RECIPES)
def test_a_published_construct_runs_and_loads(name: str, family: dict[str, Path], tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    recipe = MergeRecipe.parse(RECIPES[name], name)
    again = MergeRecipe.parse(recipe.resolved(), "again")
    assert again.resolved() == recipe.resolved()
    for tensor in ("model.embed_tokens.weight", "model.layers.3.mlp.up_proj.weight", "lm_head.weight"):
        assert again.params_for(tensor, 0.25) == recipe.params_for(tensor, 0.25)
    found, config = merged(RECIPES[name], family, tmp_path / "out")
    layers = layers_of(recipe.slices) if recipe.slices else LAYERS
    assert config["num_hidden_layers"] == layers
    assert {int(tensor.split(".")[2]) for tensor in found if ".layers." in tensor} == set(range(layers))
    assert all(tensor.isfinite().all() for tensor in found.values())
    _, info = AutoModelForCausalLM.from_pretrained(tmp_path / "out", output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"]


def test_there_are_as_many_constructs_as_people_write() -> None:
    assert len(RECIPES) >= 50
    assert {found["merge_method"] for found in RECIPES.values()} >= {
        "linear", "slerp", "nuslerp", "multislerp", "karcher", "task_arithmetic", "ties", "dare_linear", "dare_ties",
        "breadcrumbs", "breadcrumbs_ties", "della", "della_linear", "sce", "model_stock", "nearswap", "arcee_fusion",
        "ram", "ramplus_tl", "passthrough",
    }  # fmt: skip


def test_a_stack_takes_each_layer_from_where_the_recipe_says(family: dict[str, Path], tmp_path: Path) -> None:
    found, _ = merged(RECIPES["passthrough-stack"], family, tmp_path / "out")
    quick, deep = (weights_of(family[name]) for name in ("quick", "deep"))
    for name, tensor in found.items():
        if ".layers." not in name:
            assert torch.equal(tensor, (quick if "embed" in name else deep)[name]), name
            continue
        layer = int(name.split(".")[2])
        source, own = (quick, layer) if layer < 4 else (deep, layer - 2)
        assert torch.equal(tensor, source[name.replace(f"layers.{layer}.", f"layers.{own}.")]), name


def test_a_stack_has_the_same_bytes_whatever_the_threads_and_shards(family: dict[str, Path], tmp_path: Path) -> None:
    recipe = MergeRecipe.parse(RECIPES["stacked-slerp"], "recipe")
    one = merge_checkpoints(recipe, family, tmp_path / "one", threads=1, record_costs=False)
    two = merge_checkpoints(recipe, family, tmp_path / "two", threads=4, record_costs=False, max_shard_size=3000)
    assert one.tensors == two.tensors and len(list((tmp_path / "two").glob("*.safetensors"))) > 1


def test_a_stack_of_dare_masks_each_layer_by_its_own_name(family: dict[str, Path], tmp_path: Path) -> None:
    source = {"model": "slow", "parameters": {"weight": 1, "density": 0.5}}
    slices = [{"sources": [{"model": "base", "layer_range": [0, 1]}, {**source, "layer_range": [0, 1]}]}] * 2
    asked = {"merge_method": "dare_linear", "base_model": "base", "slices": slices, "dtype": "float32"}
    found, _ = merged(asked, family, tmp_path / "out")
    base = weights_of(family["base"])["model.layers.0.mlp.up_proj.weight"]
    masks = [found[f"model.layers.{layer}.mlp.up_proj.weight"] != base for layer in (0, 1)]
    assert not torch.equal(masks[0], masks[1]) and all(0.2 < mask.float().mean() < 0.8 for mask in masks)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"slices": [{"sources": [{"model": "quick", "layer_range": [0, 6]}]}]},
         r"slices\.0: takes layers \[0, 6\] of quick, which has 5"),
        ({"models": [{"model": "slow", "parameters": {"scale": 0}}]}, "scale: 0 for every tensor"),
        ({"merge_method": "linear", "models": [{"model": "quick"}, {"model": "deep"}]}, "deep has"),
        ({"merge_method": "linear", "models": [{"model": "quick"}, {"model": "slow"}], "parameters": {"weight": 0}},
         r"the weights sum to 0 \(in every tensor\), so linear would give no model"),
        ({"merge_method": "linear", "parameters": {"weight": 1},
          "models": [{"model": "quick", "parameters": {"weight": [1, -1]}}, {"model": "slow"}]},
         r"the weights sum to 0 \(in model.layers.4"),
        ({"merge_method": "multislerp", "parameters": {"weight": 0},
          "models": [{"model": "quick"}, {"model": "slow"}]}, "the weights sum to 0"),
        ({"merge_method": "task_arithmetic", "base_model": "base", "parameters": {"normalize": True}, "models": [
            {"model": "quick", "parameters": {"weight": 1}}, {"model": "slow", "parameters": {"weight": -1}}]},
         "the weights sum to 0"),
        ({"merge_method": "nearswap", "base_model": "base", "models": [{"model": "slow"}],
          "parameters": {"t": [{"filter": "mlp", "value": 0.1}]}},
         r"parameters\.t: required, but missing \(in .*embed_tokens"),
    ],
)  # fmt: skip
def test_what_is_refused_is_a_mistake(
    changes: dict[str, Any], sentence: str, family: dict[str, Path], tmp_path: Path
) -> None:
    recipe = MergeRecipe.parse({"merge_method": "passthrough", "dtype": "float32", **changes}, "recipe")
    with pytest.raises(CheckpointError, match=sentence):
        merge_checkpoints(recipe, family, tmp_path / "out", force=True)
    assert not (tmp_path / "out").exists()


def test_weights_that_are_all_zero_in_some_layers_leave_the_base_there(family: dict[str, Path], tmp_path: Path) -> None:
    asked = {"merge_method": "task_arithmetic", "base_model": "base", "dtype": "float32",
             "models": [{"model": "slow", "parameters": {"weight": [0, 1]}}]}  # fmt: skip
    found, _ = merged(asked, family, tmp_path / "out")
    name = "model.layers.0.mlp.up_proj.weight"
    assert torch.equal(found[name], weights_of(family["base"])[name])


NESTED = yaml.safe_load("""
merge_method: task_arithmetic
base_model: {model: {path: BASE, revision: main}}
models:
  - model: {model: BASE/}
  - model: {model: {path: QUICK}}
    parameters: {weight: 0.5}
  - model: SLOW/.
    parameters: {weight: 0.25}
tokenizer_source: model:BASE
dtype: float32
""")


def test_models_are_named_in_every_way_that_mergekit_has(family: dict[str, Path], tmp_path: Path) -> None:
    text = yaml.safe_dump(NESTED)
    for name in ("base", "quick", "slow"):
        text = text.replace(name.upper(), str(family[name]))
    recipe = MergeRecipe.parse(yaml.safe_load(text), "recipe")
    assert recipe.model_names() == [str(family["quick"]), str(family["slow"])]
    merge_checkpoints(recipe, {}, tmp_path / "out")
    base, quick, slow, found = (
        weights_of(f) for f in (*(family[n] for n in ("base", "quick", "slow")), tmp_path / "out")
    )
    for name, tensor in found.items():
        torch.testing.assert_close(
            tensor, base[name] + 0.5 * (quick[name] - base[name]) + 0.25 * (slow[name] - base[name])
        )


def test_two_ways_to_one_folder_are_one_model(family: dict[str, Path], tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(family["base"])
    models = [{"model": f"{family['base']}/"}, {"model": str(link)}, {"model": str(family["slow"])}]
    asked = {"merge_method": "task_arithmetic", "base_model": str(family["base"]), "models": models[1:]}
    recipe = MergeRecipe.parse(asked, "recipe")
    assert recipe.model_names() == [str(family["slow"])] and recipe.input_names()[0] == str(family["base"])
    assert not [f for f in plan_merge(recipe, {}).findings if f.fatal]


def test_a_tokenizer_may_be_that_of_a_model_that_is_not_merged(family: dict[str, Path], tmp_path: Path) -> None:
    asked = {"merge_method": "linear", "models": [{"model": "quick"}, {"model": "slow"}], "parameters": {"weight": 1},
             "tokenizer_source": str(family["deep"]), "dtype": "float32"}  # fmt: skip
    out = tmp_path / "out"
    manifest = merge_checkpoints(MergeRecipe.parse(asked, "recipe"), family, out)
    quick, slow = (weights_of(family[name]) for name in ("quick", "slow"))
    for name, tensor in weights_of(out).items():
        torch.testing.assert_close(tensor, (quick[name] + slow[name]) / 2)
    assert manifest.donor.model == "deep" and set(manifest.inputs) == {"quick", "slow", "deep"}


@pytest.mark.parametrize(("layers", "refused"), [([0, 5], False), ([0, 3], True)])
def test_a_layer_range_beside_a_whole_model_must_be_all_of_it(
    layers: list[int], refused: bool, family: dict[str, Path]
) -> None:
    models = [{"model": "quick", "layer_range": layers}, {"model": "slow"}]
    asked = MergeRecipe.parse({"merge_method": "linear", "models": models, "dtype": "float32"}, "recipe")
    fatal = [finding.sentence for finding in plan_merge(asked, family).findings if finding.fatal]
    sentence = "models.0.layer_range: found [0, 3], but quick has 5 layers, and models are merged whole"
    assert bool(fatal) == refused and (not refused or sentence in fatal[0])


def test_mixtures_of_experts_are_another_tools() -> None:
    from l2s.core.errors import ConfigError

    with pytest.raises(ConfigError, match="a mixture of experts is built by mergekit-moe"):
        MergeRecipe.parse({"base_model": "base", "gate_mode": "hidden", "experts": [{"source_model": "a"}]}, "recipe")


def test_every_method_of_the_docs_is_there() -> None:
    from l2s.merging.methods import METHODS

    text = (Path(__file__).parents[3] / "docs/merging.md").read_text(encoding="utf-8")
    rows = [
        line.split("|")[1] for line in text.partition("## Methods")[2].partition("\n## ")[0].splitlines() if "|" in line
    ]
    named = {name for cell in rows for name in re.findall(r"`(\w+)`", cell)}
    assert "ties" in named and named <= set(METHODS)
