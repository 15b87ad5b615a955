"""Mixtures of experts and Conv1D: loaded by transformers' own conversion, measured, and merged by what was measured."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import (
    AutoModelForCausalLM,
    DeepseekV3Config,
    GPT2Config,
    GptOssConfig,
    MixtralConfig,
    PreTrainedConfig,
    Qwen3MoeConfig,
    Qwen3NextConfig,
)

from l2s.calibration.calibrate import calibrate
from l2s.checkpoints import Checkpoint
from l2s.checkpoints.statistics import Statistics, layer_group
from l2s.core.errors import CheckpointError
from l2s.family.tokenizer import build_tokenizer
from l2s.merging.method import Weight
from l2s.merging.methods import find_method
from l2s.merging.methods.aim import AimOfTaskArithmetic, aim
from l2s.merging.methods.linear import ModelWeight
from l2s.merging.methods.lore import LoreParams, lore
from l2s.merging.methods.twin import TwinModel, TwinParams, twin
from tests.calibration.models import params, reference_model, write_texts
from tests.calibration.slowly import ids_of

SIZES: dict[str, Any] = {
    "vocab_size": 128, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 256, "initializer_range": 0.3, "tie_word_embeddings": False,
}  # fmt: skip
MOE: dict[str, Any] = {**SIZES, "head_dim": 8, "moe_intermediate_size": 24, "num_experts": 4, "num_experts_per_tok": 2}
CONFIGS: dict[str, PreTrainedConfig] = {
    "qwen3_moe": Qwen3MoeConfig(**MOE, norm_topk_prob=True),
    "mixtral": MixtralConfig(**SIZES, num_local_experts=4, num_experts_per_tok=2),
    "deepseek_v3": DeepseekV3Config(
        **SIZES | {"num_key_value_heads": 4}, moe_intermediate_size=24, n_routed_experts=4, num_experts_per_tok=2,
        n_shared_experts=1, n_group=2, topk_group=1, first_k_dense_replace=1, kv_lora_rank=8, q_lora_rank=8,
        qk_nope_head_dim=8, qk_rope_head_dim=4, v_head_dim=8,
    ),
    "qwen3_next": Qwen3NextConfig(
        **MOE, shared_expert_intermediate_size=24, linear_num_value_heads=4, linear_num_key_heads=2,
        linear_key_head_dim=8, linear_value_head_dim=8, layer_types=["linear_attention", "full_attention"],
    ),
    "gpt_oss": GptOssConfig(
        **SIZES, head_dim=8, num_local_experts=4, num_experts_per_tok=2,
        layer_types=["full_attention", "full_attention"],
    ),
    "gpt2": GPT2Config(
        vocab_size=128, n_positions=256, n_embd=32, n_layer=2, n_head=2, initializer_range=0.3,
    ),
}  # fmt: skip


@pytest.fixture(scope="module", params=sorted(CONFIGS))
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(CONFIGS[request.param]).float().save_pretrained(folder / "base")
    build_tokenizer().save_pretrained(folder / "base")
    write_texts(folder / "texts.jsonl")
    return folder


def run(folder: Path, kind: str) -> Statistics:
    return calibrate(folder / "base", folder / "texts.jsonl", folder / f"{kind}.safetensors", params(kind))


def measurable(name: str, shape: tuple[int, ...]) -> bool:
    """Matrices that hidden states are multiplied with; a convolution and the vocabulary's rows are none."""
    return len(shape) in (2, 3) and not any(part in name for part in ("embed", "wte", "wpe", "conv1d", "bias"))


def test_every_matrix_of_the_folder_has_activations_that_fit_it(made: Path) -> None:
    found, entries = run(made, "activations").tensors, Checkpoint(made / "base").index.entries
    assert found.keys() <= entries.keys()
    assert {n for n, entry in entries.items() if measurable(n, entry.shape)} <= found.keys()
    for name, activity in found.items():
        merged = Weight(name, torch.zeros(entries[name].shape), torch.ones(1, *entries[name].shape))
        assert activity.min() >= 0 and activity.any()
        weight = Weight(
            name, merged.base, merged.models, statistics=Statistics("activations", {name: activity}),
        )  # fmt: skip
        relaxed = aim(weight, AimOfTaskArithmetic(omega=0.0), [ModelWeight()]).value
        assert relaxed.shape == merged.base.shape and float(relaxed.min()) == 0  # the busiest channel stays


def test_every_layer_has_a_sensitivity(made: Path) -> None:
    found = run(made, "sensitivities").tensors
    names = Checkpoint(made / "base").names()
    assert {layer_group(name) for name in names} <= found.keys()
    assert all(float(value) > 0 for name, value in found.items() if ".layers." in name or ".h." in name)


def test_of_an_expert_the_tokens_that_are_sent_to_it_are_measured(tmp_path: Path) -> None:
    torch.manual_seed(1)
    AutoModelForCausalLM.from_config(CONFIGS["qwen3_moe"]).float().save_pretrained(tmp_path / "base")
    build_tokenizer().save_pretrained(tmp_path / "base")
    write_texts(tmp_path / "texts.jsonl", 1)
    row = {"prompt": "Tom has 0 coins. Sam has 3 more than Tom. How many coins does Sam have?", "short": "0 + 3 = 3."}
    ids = ids_of(row, "short")
    found = calibrate(
        tmp_path / "base", tmp_path / "texts.jsonl", tmp_path / "out.safetensors", params("activations", block=10**4)
    ).tensors
    model, seen = reference_model(tmp_path / "base"), list[tuple[Tensor, ...]]()
    experts = model.model.layers[1].mlp.experts
    experts.register_forward_pre_hook(lambda module, inputs: seen.append(inputs))
    with torch.no_grad():
        model(torch.tensor([ids]))
    (hidden, chosen, *_), *_ = seen
    hidden = hidden.reshape(-1, hidden.shape[-1])
    for expert in range(4):
        entering = hidden[(chosen == expert).any(-1)]
        gate, up = (entering @ experts.gate_up_proj[expert].T).chunk(2, -1)
        within = nn.functional.silu(gate) * up
        prefix = f"model.layers.1.mlp.experts.{expert}"
        expected = {"gate_proj": entering, "up_proj": entering, "down_proj": within}
        for part, rows in expected.items():
            torch.testing.assert_close(found[f"{prefix}.{part}.weight"], rows.abs().mean(0), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(3, 8, 5), (3, 5, 8)])
def test_lore_and_twin_take_experts_one_by_one(shape: tuple[int, ...]) -> None:
    generator = torch.Generator().manual_seed(0)
    base, models = torch.randn(shape, generator=generator), torch.randn(2, *shape, generator=generator)
    stack = Weight("model.layers.0.mlp.experts.down_proj", base, models, whole=shape)
    cases: list[tuple[Any, ...]] = [
        (lore, "lore", LoreParams(mu=1.0), [ModelWeight(weight=0.0), ModelWeight()]),
        (twin, "twin", TwinParams(), [TwinModel(density=0.3), TwinModel(density=0.3)]),
    ]
    for merge, name, of_merge, each in cases:
        whole = merge(stack, of_merge, each).value
        for number in range(shape[0]):
            one = Weight("model.layers.0.mlp.down_proj", base[number], models[:, number])
            expected = find_method(name).whole(one, of_merge, each).value
            torch.testing.assert_close(whole[number], expected, rtol=1e-5, atol=1e-6)
        convolution = Weight("model.layers.0.conv1d.weight", base, models, whole=shape)
        assert not torch.allclose(merge(convolution, of_merge, each).value, whole)


@pytest.mark.parametrize("gone", ["layers.1.mlp.experts.2.up_proj.weight", "layers.0.self_attn.q_proj.weight"])
def test_a_mixture_that_lacks_a_weight_is_refused(gone: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(CONFIGS["qwen3_moe"]).float().save_pretrained(tmp_path / "base")
    build_tokenizer().save_pretrained(tmp_path / "base")
    write_texts(tmp_path / "texts.jsonl")
    weights = load_file(tmp_path / "base" / "model.safetensors")
    del weights[f"model.{gone}"]
    save_file(weights, tmp_path / "base" / "model.safetensors", {"format": "pt"})
    with pytest.raises(CheckpointError, match=r"base: (lacks|transformers cannot load)"):
        run(tmp_path, "activations")
    assert not (tmp_path / "activations.safetensors").exists()
