"""Tiny checkpoints: a two-layer Llama's tensors with random values, in one or several shards."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

HIDDEN, INTERMEDIATE, LAYERS, VOCABULARY = 8, 12, 2, 16


def shapes(tied: bool = True) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (VOCABULARY, HIDDEN)}
    for layer in range(LAYERS):
        prefix = f"model.layers.{layer}"
        found |= {f"{prefix}.self_attn.{part}_proj.weight": (HIDDEN, HIDDEN) for part in "qkvo"}
        found |= {f"{prefix}.mlp.{part}_proj.weight": (INTERMEDIATE, HIDDEN) for part in ("gate", "up")}
        found[f"{prefix}.mlp.down_proj.weight"] = (HIDDEN, INTERMEDIATE)
        found |= {f"{prefix}.{part}_layernorm.weight": (HIDDEN,) for part in ("input", "post_attention")}
    found["model.norm.weight"] = (HIDDEN,)
    return found if tied else {**found, "lm_head.weight": (VOCABULARY, HIDDEN)}


def random_weights(seed: int, around: dict[str, Tensor] | None = None, tied: bool = True) -> dict[str, Tensor]:
    """Random weights; near those of ``around`` if it is given, as a fine-tune would be."""
    generator = torch.Generator().manual_seed(seed)
    drawn = {name: torch.randn(shape, generator=generator) for name, shape in shapes(tied).items()}
    if around is None:
        return drawn
    return {name: (around[name].float() + 0.1 * tensor if name in around else tensor) for name, tensor in drawn.items()}


def tokenizer(changes: dict[str, int] | None = None, added: tuple[str, ...] = ()) -> dict[str, Any]:
    """A tokenizer.json as the tokenizers library writes it; ``changes`` give tokens another id."""
    vocabulary = {f"t{number}": number for number in range(VOCABULARY - len(added))}
    for token, number in (changes or {}).items():
        vocabulary = {known: place for known, place in vocabulary.items() if place != number} | {token: number}
    marks = [{"id": VOCABULARY - len(added) + place, "content": token} for place, token in enumerate(added)]
    return {"model": {"type": "BPE", "vocab": vocabulary, "merges": []}, "added_tokens": marks}


def write_checkpoint(
    folder: Path, weights: dict[str, Tensor], shards: int = 1, dtype: torch.dtype = torch.float32, **config: object
) -> Path:
    """Tensors that are no floats keep their dtype; of the rest, tensor number n goes to shard n mod ``shards``."""
    folder.mkdir(parents=True)
    settings = {
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": HIDDEN,
        "intermediate_size": INTERMEDIATE, "num_attention_heads": 2, "num_key_value_heads": 2,
        "num_hidden_layers": LAYERS, "vocab_size": VOCABULARY, "rms_norm_eps": 1e-6, "dtype": str(dtype)[6:],
        "tie_word_embeddings": "lm_head.weight" not in weights,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps({**settings, **config}))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer()))
    stored = {name: (t.to(dtype) if t.is_floating_point() else t).contiguous() for name, t in weights.items()}
    if shards == 1:
        save_file(stored, folder / "model.safetensors", metadata={"format": "pt"})
        return folder
    where = {name: f"model-{number % shards + 1:05d}-of-{shards:05d}.safetensors" for number, name in enumerate(stored)}
    for shard in set(where.values()):
        save_file({n: t for n, t in stored.items() if where[n] == shard}, folder / shard, metadata={"format": "pt"})
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": where}))
    return folder


def write_family(
    folder: Path, shards: int = 1, dtype: torch.dtype = torch.float32, tied: bool = True
) -> dict[str, Path]:
    """base, quick and slow."""
    base = random_weights(0, tied=tied)
    weights = {"base": base, "quick": random_weights(1, base, tied), "slow": random_weights(2, base, tied)}
    return {name: write_checkpoint(folder / name, tensors, shards, dtype) for name, tensors in weights.items()}
