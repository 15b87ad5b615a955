"""Whole merges of models that are not a plain Llama: heads, sections of configs, buffers, integers, packed weights."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoModelForImageTextToText, Qwen3VLConfig

from l2s.checkpoints.checks.soundness import scan_for_nan
from l2s.core.errors import CheckpointError
from l2s.merging.plan.preflight import plan_merge
from l2s.merging.recipe import MergeRecipe
from l2s.merging.run.merge import merge_checkpoints
from tests.tiny import random_weights, write_checkpoint

NAMES = ("base", "quick", "slow")
Weights = dict[str, Tensor]


def recipe(**more: Any) -> MergeRecipe:
    models = [{"model": name, "parameters": {"weight": 0.5}} for name in NAMES[1:]]
    return MergeRecipe.parse(
        {"merge_method": "task_arithmetic", "base_model": "base", "models": models, **more}, "recipe"
    )


def weights_of_three(tied: bool = True) -> dict[str, Weights]:
    base = random_weights(0, tied=tied)
    return {name: random_weights(seed, base, tied) if seed else base for seed, name in enumerate(NAMES)}


def write(folder: Path, found: dict[str, Weights], **config: Any) -> dict[str, Path]:
    return {name: write_checkpoint(folder / name, weights, **config) for name, weights in found.items()}


def mean(found: dict[str, Weights], name: str) -> Tensor:
    return 0.5 * (found["quick"][name] + found["slow"][name])


def config_of(folder: Path) -> dict[str, Any]:
    config: dict[str, Any] = json.loads((folder / "config.json").read_text())
    return config


def test_heads_that_differ_from_a_tied_embedding_are_merged_and_loaded(tmp_path: Path) -> None:
    found = weights_of_three(tied=False)
    folders = write(tmp_path, found, tie_word_embeddings=True)
    manifest = merge_checkpoints(recipe(), folders, tmp_path / "out")
    assert config_of(tmp_path / "out")["tie_word_embeddings"] is False and not manifest.output.tied
    assert any("slow: stores lm_head.weight, which differs from the embedding" in note for note in manifest.notes)
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path / "out", dtype=torch.float32)
    torch.testing.assert_close(loaded.lm_head.weight.data, mean(found, "lm_head.weight"))


def test_one_tied_model_and_one_with_a_head_of_its_own(tmp_path: Path) -> None:
    found = weights_of_three(tied=False)
    head = found["base"].pop("lm_head.weight")
    found["quick"]["lm_head.weight"] = found["quick"]["model.embed_tokens.weight"].clone()
    folders = {
        "base": write_checkpoint(tmp_path / "base", found["base"], tie_word_embeddings=True),
        "quick": write_checkpoint(tmp_path / "quick", found["quick"], tie_word_embeddings=True),
        "slow": write_checkpoint(tmp_path / "slow", found["slow"], tie_word_embeddings=False),
    }
    merge_checkpoints(recipe(), folders, tmp_path / "out")
    merged = load_file(tmp_path / "out" / "model.safetensors")
    expected = 0.5 * (found["quick"]["model.embed_tokens.weight"] + found["slow"]["lm_head.weight"])
    torch.testing.assert_close(merged["lm_head.weight"], expected)
    assert config_of(tmp_path / "out")["tie_word_embeddings"] is False and head.shape == expected.shape


@pytest.mark.parametrize(("flag", "written"), [(True, True), (False, False), (None, None)])
def test_a_head_of_labels_keeps_the_donors_flag(flag: bool | None, written: bool | None, tmp_path: Path) -> None:
    found = weights_of_three()
    for number, weights in enumerate(found.values()):
        weights["score.weight"] = torch.full((2, 8), 1.0 + number)
    folders = write(
        tmp_path, found, tie_word_embeddings=flag, architectures=["LlamaForSequenceClassification"], num_labels=2
    )
    if flag is None:
        for folder in folders.values():
            config = {key: value for key, value in config_of(folder).items() if value is not None}
            (folder / "config.json").write_text(json.dumps(config))
    merge_checkpoints(recipe(), folders, tmp_path / "out")
    assert config_of(tmp_path / "out").get("tie_word_embeddings") is written
    assert load_file(tmp_path / "out" / "model.safetensors")["score.weight"][0, 0] == 2.5


def vision_model(folder: Path, seed: int) -> Path:
    sizes = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = {**sizes, "vocab_size": 16, "num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 64}
    rope = {"rope_type": "default", "mrope_section": [2, 1, 1], "rope_theta": 1e6}
    vision = {"depth": 1, "hidden_size": 16, "out_hidden_size": 16, "num_heads": 2, "intermediate_size": 24}
    config = Qwen3VLConfig(
        text_config={**text, "rope_parameters": rope},
        vision_config={**vision, "patch_size": 4, "deepstack_visual_indexes": [0]},
        image_token_id=12, video_token_id=13, vision_start_token_id=14, vision_end_token_id=15,
    )  # fmt: skip
    torch.manual_seed(0)
    model = AutoModelForImageTextToText.from_config(config).float()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.001 * torch.randn(parameter.shape, generator=generator))
    model.save_pretrained(folder)
    (folder / "tokenizer.json").write_text(
        json.dumps({"model": {"type": "BPE", "vocab": {f"t{n}": n for n in range(16)}, "merges": []}})
    )
    return folder


def test_a_vision_language_model_with_other_rows_and_format_loads(tmp_path: Path) -> None:
    folders = {name: vision_model(tmp_path / name, seed) for seed, name in enumerate(NAMES)}
    before = config_of(folders["slow"])
    padded = recipe(tokenizer={"source": "base", "pad_to_multiple_of": 32}, dtype="bfloat16")
    merge_checkpoints(padded, folders, tmp_path / "out")
    config = config_of(tmp_path / "out")
    assert config["text_config"]["vocab_size"] == 32 and "vocab_size" not in config
    assert config["vision_config"].keys() == before["vision_config"].keys()
    assert {config["dtype"], config["text_config"].get("dtype", "bfloat16")} == {"bfloat16"}
    loaded, info = AutoModelForImageTextToText.from_pretrained(tmp_path / "out", output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"]
    assert loaded.get_input_embeddings().weight.shape == (32, 16) and loaded.dtype == torch.bfloat16


def test_computed_buffers_are_left_out_and_integers_are_the_donors(tmp_path: Path) -> None:
    found = weights_of_three()
    found["base"]["model.layers.0.self_attn.rotary_emb.inv_freq"] = torch.ones(2)
    found["slow"]["model.layers.0.self_attn.masked_bias"] = torch.tensor(-1e9)
    for number, weights in enumerate(found.values()):
        weights["model.layers.0.num_batches_tracked"] = torch.tensor(10 + number)
        weights["model.layers.0.mask"] = torch.tensor([True, number > 1])
    manifest = merge_checkpoints(recipe(), write(tmp_path, found), tmp_path / "out")
    merged = load_file(tmp_path / "out" / "model.safetensors")
    assert merged.keys() == {*random_weights(0), "model.layers.0.num_batches_tracked", "model.layers.0.mask"}
    assert merged["model.layers.0.num_batches_tracked"] == 12 and merged["model.layers.0.mask"].tolist() == [True, True]
    assert {
        "base: model.layers.0.self_attn.rotary_emb.inv_freq are left out: loaders compute them from the config",
        "slow: model.layers.0.self_attn.masked_bias are left out: loaders compute them from the config",
        "model.layers.0.mask, model.layers.0.num_batches_tracked: integers that differ between the models; those of "
        "slow are taken",
    } <= set(manifest.notes)


Q = "model.layers.0.self_attn.q_proj."
E = "model.layers.0.mlp.experts."
LAYOUTS: dict[str, tuple[dict[str, Any], Weights]] = {
    "gptq": ({}, {f"{Q}qweight": torch.ones(2, 8, dtype=torch.int32), f"{Q}scales": torch.ones(2, 8)}),
    "awq": (
        {},
        {f"{Q}qweight": torch.ones(8, 2, dtype=torch.int32), f"{Q}qzeros": torch.ones(1, 2, dtype=torch.int32)},
    ),
    "fp8": ({}, {f"{Q}weight": torch.ones(8, 8).to(torch.float8_e4m3fn), f"{Q}weight_scale_inv": torch.ones(1, 1)}),
    "bare_fp8": ({}, {f"{Q}weight": torch.ones(8, 8).to(torch.float8_e4m3fn)}),
    "e8m0": ({}, {f"{Q}weight_scale": torch.ones(8, 1).to(torch.float8_e8m0fnu)}),
    "mxfp4": (
        {},
        {
            f"{E}down_proj_blocks": torch.ones(4, 8, 1, 16, dtype=torch.uint8),
            f"{E}down_proj_scales": torch.ones(4, 8, 1, dtype=torch.uint8),
        },
    ),
    "bnb4": ({}, {f"{Q}weight": torch.ones(32, 1, dtype=torch.uint8), f"{Q}weight.absmax": torch.ones(4)}),
    "bnb8": ({}, {f"{Q}weight": torch.ones(8, 8, dtype=torch.int8), f"{Q}SCB": torch.ones(8)}),
    "int8": ({}, {f"{Q}weight": torch.ones(8, 8, dtype=torch.int8), f"{Q}weight_scale": torch.ones(8, 1)}),
    "packed": ({}, {f"{Q}weight_packed": torch.ones(8, 1, dtype=torch.int32), f"{Q}weight_scale": torch.ones(8, 1)}),
    "hqq": (
        {},
        {f"{Q}W_q": torch.ones(4, 8, dtype=torch.uint8), f"{Q}zero": torch.ones(8), f"{Q}scale": torch.ones(8)},
    ),
    "marlin": ({}, {f"{Q}B": torch.ones(2, 8, dtype=torch.int32), f"{Q}s": torch.ones(8)}),
    "aqlm": ({}, {f"{Q}codes": torch.ones(8, 2, dtype=torch.int16), f"{Q}codebooks": torch.ones(1, 4, 8)}),
    "by_config": ({"quantization_config": {"quant_method": "fp8"}}, {}),
    "nested": ({"text_config": {"quantization_config": {"quant_method": "gptq"}}}, {}),
    "compressed": ({"compression_config": {"quant_method": "compressed-tensors"}}, {}),
}


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_quantised_weights_are_refused_in_every_layout(layout: str, tmp_path: Path) -> None:
    config, packed = LAYOUTS[layout]
    found = weights_of_three()
    for weights in found.values():
        if packed:
            weights.pop(f"{Q}weight")
        weights.update(packed)
    folders = {}
    for name, weights in found.items():
        folders[name] = write_checkpoint(tmp_path / name, {"model.norm.weight": torch.ones(8)}, **config)
        save(weights, folders[name])
    sentences = [finding.sentence for finding in plan_merge(recipe(), folders).findings if finding.fatal]
    assert sum("merge the unquantised model, then quantise" in sentence for sentence in sentences) == 3
    with pytest.raises(CheckpointError, match="merge the unquantised model"):
        merge_checkpoints(recipe(), folders, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def save(weights: Weights, folder: Path) -> None:
    """Formats of eight bits stay as they are."""
    from safetensors.torch import save_file

    save_file(weights, folder / "model.safetensors", {"format": "pt"})


def test_scales_of_ordinary_models_are_no_sign_of_packing(tmp_path: Path) -> None:
    found = weights_of_three()
    for weights in found.values():
        weights["model.layers.0.layer_scale.gamma"] = torch.ones(8)
        weights["model.layers.0.self_attn.logit_scale"] = torch.tensor(2.0)
        weights["model.layers.0.self_attn.relative_position_index"] = torch.zeros(4, 4, dtype=torch.int64)
        weights["model.layers.0.mlp.router.scale"] = torch.ones(8)
        weights["model.layers.0.mlp.router.weight_scale"] = torch.ones(8)
        weights["model.layers.0.mlp.mask"] = torch.ones(4, 4, dtype=torch.bool)
    folders = write(tmp_path, found, quantization_config=None, scale_emb=12, text_config={})
    assert not [finding for finding in plan_merge(recipe(), folders).findings if finding.fatal]


def test_the_last_tokenizer_is_taken_where_the_donor_has_none(tmp_path: Path) -> None:
    folders = write(tmp_path, weights_of_three())
    (folders["slow"] / "tokenizer.json").unlink()
    (folders["quick"] / "tokenizer_config.json").write_text('{"chat_template": "quick"}')
    (folders["slow"] / "generation_config.json").write_text('{"temperature": 0.6}')
    manifest = merge_checkpoints(recipe(), folders, tmp_path / "out")
    assert manifest.donor.model == "slow"
    assert "slow has no tokenizer; that of quick, the last model with one, is taken" in manifest.notes
    for name, source in {
        "tokenizer.json": "quick",
        "tokenizer_config.json": "quick",
        "generation_config.json": "slow",
    }.items():
        assert (tmp_path / "out" / name).read_bytes() == (folders[source] / name).read_bytes()


@pytest.mark.long
def test_a_preflight_of_fifty_thousand_tensors_takes_seconds(tmp_path: Path) -> None:
    folders = {}
    for seed, name in enumerate(NAMES):
        drawn = torch.randn(100, 501, 2, 2, generator=torch.Generator().manual_seed(seed))
        weights = {"model.embed_tokens.weight": torch.ones(16, 8), "model.norm.weight": torch.ones(8)}
        for layer in range(100):
            prefix = f"model.layers.{layer}.mlp.experts."
            weights |= {f"{prefix}{e}.weight": torch.ones(2, 2) + 0.01 * drawn[layer, e] for e in range(501)}
        folders[name] = write_checkpoint(tmp_path / name, weights, 3, torch.bfloat16, num_hidden_layers=100)
    started = time.process_time()
    plan = plan_merge(recipe(), folders, tmp_path / "out")
    assert not plan.findings and not scan_for_nan(plan.models)
    assert plan.layout is not None and plan.layout.size == 2 * (50_100 * 4 + 16 * 8 + 8)
    assert time.process_time() - started < 10
