"""The released families, each a tiny random model of transformers: merged as by hand, loaded, and calibrated.

What is measured here stands in docs/engines.md, in the columns for merging and calibration.
"""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from torch import Tensor
from transformers import AutoModelForCausalLM, PreTrainedModel

from l2s.calibration.calibrate import calibrate
from l2s.checkpoints import Checkpoint
from l2s.checkpoints.statistics import Statistics, layer_group
from l2s.family.tokenizer import build_tokenizer
from l2s.merging.method import Weight
from l2s.merging.methods.aim import AimOfTaskArithmetic, aim
from l2s.merging.methods.linear import ModelWeight
from l2s.merging.recipe import MergeRecipe
from l2s.merging.run.merge import merge_checkpoints
from tests.calibration.models import params, write_texts

SIZES: dict[str, Any] = {
    "vocab_size": 128, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 256, "initializer_range": 0.2,
    "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
OLD: dict[str, Any] = {
    "vocab_size": 128,
    "initializer_range": 0.2,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
HEADS, FULL = {"head_dim": 8}, {"layer_types": ["full_attention", "full_attention"]}
MIXED = {"layer_types": ["sliding_attention", "full_attention"], "sliding_window": 16}
QWEN_MOE = {**HEADS, "moe_intermediate_size": 24, "num_experts": 4, "num_experts_per_tok": 2}
LATENT = {
    "num_key_value_heads": 4, "moe_intermediate_size": 24, "n_routed_experts": 4, "num_experts_per_tok": 2,
    "n_shared_experts": 1, "n_group": 2, "topk_group": 1, "first_k_dense_replace": 1, "kv_lora_rank": 8,
    "q_lora_rank": 8, "qk_nope_head_dim": 8, "qk_rope_head_dim": 4, "v_head_dim": 8,
}  # fmt: skip
LINEAR = {
    **QWEN_MOE, "shared_expert_intermediate_size": 24, "linear_num_value_heads": 4, "linear_num_key_heads": 2,
    "linear_key_head_dim": 8, "linear_value_head_dim": 8, "layer_types": ["linear_attention", "full_attention"],
}  # fmt: skip
FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "llama-2": ("Llama", {}),
    "llama-3": ("Llama", {"tie_word_embeddings": True, "rope_theta": 5e5}),
    "llama-4": ("Llama4Text", {
        **HEADS, "intermediate_size_mlp": 48, "num_local_experts": 4, "num_experts_per_tok": 1,
        "interleave_moe_layer_step": 2,
        "attention_chunk_size": 16,
    }),
    "qwen2": ("Qwen2", {"tie_word_embeddings": True}),
    "qwen3": ("Qwen3", HEADS),
    "qwen3-moe": ("Qwen3Moe", QWEN_MOE),
    "qwen3-next": ("Qwen3Next", LINEAR),
    "mistral": ("Mistral", {"sliding_window": 16}),
    "mixtral": ("Mixtral", {"num_local_experts": 4, "num_experts_per_tok": 2}),
    "gemma-1": ("Gemma", HEADS),
    "gemma-2": ("Gemma2", {**HEADS, **MIXED, "query_pre_attn_scalar": 8}),
    "gemma-3": ("Gemma3Text", {**HEADS, **MIXED, "query_pre_attn_scalar": 8}),
    "phi-3": ("Phi3", {"sliding_window": None}),
    "phi-4": ("Phi3", {"tie_word_embeddings": True, "partial_rotary_factor": 0.5}),
    "granite": ("Granite", {"logits_scaling": 8.0, "attention_multiplier": 0.1, "residual_multiplier": 0.5}),
    "cohere": ("Cohere", {"logit_scale": 0.25}),
    "cohere-2": ("Cohere2", {**MIXED, "logit_scale": 0.25}),
    "olmo-2": ("Olmo2", {}),
    "gpt-oss": ("GptOss", {**HEADS, **FULL, "num_local_experts": 4, "num_experts_per_tok": 2}),
    "deepseek-v2": ("DeepseekV2", {**LATENT, "topk_method": "greedy", "n_group": 1}),
    "deepseek-v3": ("DeepseekV3", LATENT),
    "glm-4": ("Glm4", HEADS),
    "glm-4-moe": ("Glm4Moe", {
        **HEADS, "moe_intermediate_size": 24, "n_routed_experts": 4, "num_experts_per_tok": 2,
        "first_k_dense_replace": 1,
    }),
    "smollm3": ("SmolLM3", {"no_rope_layers": [1, 0]}),
    "falcon": ("Falcon", {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}),
    "mpt": ("Mpt", {"d_model": 32, "n_layers": 2, "n_heads": 4, "max_seq_len": 256}),
    "bloom": ("Bloom", {"hidden_size": 32, "n_layer": 2, "n_head": 4}),
    "pythia": ("GPTNeoX", {
        "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
        "max_position_embeddings": 256, "tie_word_embeddings": False,
    }),
    "gpt-2": ("GPT2", {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256}),
}  # fmt: skip
OF_THEIR_OWN = ("Falcon", "Mpt", "Bloom", "GPTNeoX", "GPT2")
"""Configs with other words for sizes."""


def config_of(family: str) -> Any:
    kind, own = FAMILIES[family]
    build: Callable[..., Any] = getattr(transformers, f"{kind}Config")
    return build(**(OLD if kind in OF_THEIR_OWN else SIZES) | own)


def write_three(folder: Path, family: str) -> dict[str, PreTrainedModel]:
    torch.manual_seed(0)
    first = AutoModelForCausalLM.from_config(config_of(family)).float().eval()
    models = {}
    for seed, name in enumerate(("base", "quick", "slow")):
        generator, model = torch.Generator().manual_seed(seed), copy.deepcopy(first)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(0.01 * torch.randn(parameter.shape, generator=generator))
        model.save_pretrained(folder / name)
        build_tokenizer().save_pretrained(folder / name)
        models[name] = model
    return models


def by_hand(models: dict[str, PreTrainedModel]) -> PreTrainedModel:
    merged = copy.deepcopy(models["base"])
    base, quick, slow = (dict(model.named_parameters()) for model in models.values())
    with torch.no_grad():
        for name, parameter in merged.named_parameters():
            parameter.copy_(base[name] + 0.5 * (quick[name] - base[name]) + 0.5 * (slow[name] - base[name]))
    return merged


def logits(model: PreTrainedModel) -> Tensor:
    with torch.no_grad():
        found: Tensor = model(input_ids=torch.arange(3, 43)[None], use_cache=False).logits
    return found


SHORT = ("qwen2", "qwen3-moe", "gpt-2")
"""One of each way in which weights are measured; the others take as long, and rarely fail where these do not."""


@pytest.mark.parametrize("family", [
    name if name in SHORT else pytest.param(name, marks=pytest.mark.long) for name in sorted(FAMILIES)
])  # fmt: skip
def test_a_family_is_merged_as_by_hand_and_loaded_and_calibrated(family: str, tmp_path: Path) -> None:
    models = write_three(tmp_path, family)
    each = [{"model": str(tmp_path / name), "parameters": {"weight": 0.5}} for name in ("quick", "slow")]
    asked = {"merge_method": "task_arithmetic", "base_model": str(tmp_path / "base"), "models": each}
    merge_checkpoints(MergeRecipe.parse(asked, "recipe"), None, tmp_path / "out")
    loaded, info = AutoModelForCausalLM.from_pretrained(tmp_path / "out", dtype=torch.float32, output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"]
    expected = logits(by_hand(models))
    torch.testing.assert_close(logits(loaded.eval()), expected, rtol=1e-3, atol=1e-4)
    assert (expected - logits(models["base"])).abs().max() > 1e-3

    texts = write_texts(tmp_path / "texts.jsonl", 2)
    entries, names = Checkpoint(tmp_path / "base").index.entries, Checkpoint(tmp_path / "base").names()
    activations = calibrate(tmp_path / "base", texts, tmp_path / "a.safetensors", params("activations")).tensors
    matrices = {n for n in names if len(entries[n].shape) > 1 and not any(part in n for part in NO_INPUTS)}
    assert matrices <= activations.keys() <= set(names)
    for name, activity in activations.items():
        ones = torch.ones(1, *entries[name].shape)
        weight = Weight(name, torch.zeros_like(ones[0]), ones, statistics=Statistics("activations", {name: activity}))
        relaxed = aim(weight, AimOfTaskArithmetic(omega=0.0), [ModelWeight()]).value
        assert relaxed.shape == ones.shape[1:] and activity.min() >= 0
        assert float(relaxed.min()) == (0 if activity.any() else 1), "the busiest channel stays; an expert may be idle"
    sensitivities = calibrate(tmp_path / "base", texts, tmp_path / "s.safetensors", params("sensitivities")).tensors
    assert {layer_group(name) for name in names} <= sensitivities.keys()
    assert all(float(value) > 0 for name, value in sensitivities.items() if ".layers." in name or ".h." in name)


NO_INPUTS = ("embed_tokens", "embed_in", "embeddings", "wte", "wpe", "conv1d", "bias")
"""Parts of names of tensors that hidden states are not multiplied with."""
