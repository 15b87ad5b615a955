"""Tiny models of three architectures, with random weights and a tokenizer, and texts for them."""

import json
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from l2s.calibration.settings import CalibrationParams
from l2s.family.tokenizer import build_tokenizer

KINDS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "llama": (LlamaConfig, LlamaForCausalLM, {"rope_theta": 500.0, "attention_dropout": 0.5}),
    "qwen2": (Qwen2Config, Qwen2ForCausalLM, {}),
    "qwen3": (Qwen3Config, Qwen3ForCausalLM, {"head_dim": 8}),
}
SIZES = {
    "vocab_size": 128, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 256, "initializer_range": 0.3,
}  # fmt: skip


def write_model(
    folder: Path, kind: str = "llama", seed: int = 0, tied: bool = False, dtype: torch.dtype = torch.bfloat16, **of: Any
) -> Path:
    config, model, more = KINDS[kind]
    torch.manual_seed(seed)
    network = model(config(**{**SIZES, **more, **of}, tie_word_embeddings=tied))
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if parameter.dim() == 1:  # norms and biases that do something
                parameter.copy_((0.0 if name.endswith("bias") else 1.0) + 0.2 * torch.randn_like(parameter))
    network.to(dtype).save_pretrained(folder)
    build_tokenizer().save_pretrained(folder)
    return folder


def write_texts(path: Path, count: int = 6) -> Path:
    rows = [
        {
            "prompt": f"Tom has {n} coins. Sam has 3 more than Tom. How many coins does Sam have?",
            "short": f"{n} + 3 = {n + 3}." * (1 + n % 3),
            "long": f"<think>Wait, let me check {n} again.</think> {n + 3}",
            "source": "made up",
        }
        for n in range(count)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def params(kind: str, **of: Any) -> CalibrationParams:
    return CalibrationParams(**{"model": "base", "texts": "texts", "kind": kind, "block": 24, **of})


def reference_model(folder: Path) -> PreTrainedModel:
    """As transformers loads it by itself."""
    model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    return model.eval()
