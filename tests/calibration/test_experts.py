"""A mixture of experts: loaded by transformers' own conversion, measured, and merged expert by expert.

What holds of every architecture, tests/merging/run/test_families.py looks at.
"""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, Qwen3MoeConfig

from l2s.calibration.calibrate import calibrate
from l2s.core.errors import CheckpointError
from l2s.family.tokenizer import build_tokenizer
from l2s.merging.method import Weight
from l2s.merging.methods import find_method
from l2s.merging.methods.linear import ModelWeight
from l2s.merging.methods.lore import LoreParams, lore
from l2s.merging.methods.twin import TwinModel, TwinParams, twin
from tests.calibration.models import params, reference_model, write_texts
from tests.calibration.slowly import ids_of

CONFIG = Qwen3MoeConfig(
    vocab_size=128, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, max_position_embeddings=256, initializer_range=0.3, tie_word_embeddings=False, head_dim=8,
    moe_intermediate_size=24, num_experts=4, num_experts_per_tok=2, norm_topk_prob=True,
)  # fmt: skip


def write(folder: Path, texts: int) -> Path:
    """A model ``base``, and texts."""
    torch.manual_seed(1)
    AutoModelForCausalLM.from_config(CONFIG).float().save_pretrained(folder / "base")
    build_tokenizer().save_pretrained(folder / "base")
    write_texts(folder / "texts.jsonl", texts)
    return folder / "base"


def test_of_an_expert_the_tokens_that_are_sent_to_it_are_measured(tmp_path: Path) -> None:
    base = write(tmp_path, 1)
    row = {"prompt": "Tom has 0 coins. Sam has 3 more than Tom. How many coins does Sam have?", "short": "0 + 3 = 3."}
    ids = ids_of(row, "short")
    found = calibrate(
        base, tmp_path / "texts.jsonl", tmp_path / "out.safetensors", params("activations", block=10**4)
    ).tensors
    model, seen = reference_model(base), list[tuple[Tensor, ...]]()
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
    base, out = write(tmp_path, 6), tmp_path / "out.safetensors"
    weights = load_file(base / "model.safetensors")
    del weights[f"model.{gone}"]
    save_file(weights, base / "model.safetensors", {"format": "pt"})
    with pytest.raises(CheckpointError, match=r"base: (lacks|transformers cannot load)"):
        calibrate(base, tmp_path / "texts.jsonl", out, params("activations"))
    assert not out.exists()
