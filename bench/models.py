"""Three checkpoints with the shapes of a real model and random weights, made once in the memory of a few blocks."""

import json
import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from l2s.core.files import replacing_folder, write_json
from l2s.core.progress import Track
from l2s.core.seeds import seed_for

NAMES = ("base", "quick", "slow")
FORMAT = 1
"""Raised when the bytes change, so that no cache holds old ones."""
BLOCK = 1 << 22
"""Entries drawn at a time."""
SHARD = 5_000_000_000
"""Bytes of tensors in one file."""
SPREAD, DISTANCE = 0.02, 0.02
"""Standard deviation of the base's weights, and how far a fine-tune lies from it relative to that."""


@dataclass(frozen=True)
class Shape:
    """The sizes of a Qwen2 model."""

    name: str
    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    vocabulary: int
    tied: bool

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Shape by name, in the order of the file."""
        keys = self.kv_heads * self.hidden // self.heads
        found: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (self.vocabulary, self.hidden)}
        for layer in range(self.layers):
            at = f"model.layers.{layer}"
            for part, rows in (("q", self.hidden), ("k", keys), ("v", keys)):
                found[f"{at}.self_attn.{part}_proj.weight"] = (rows, self.hidden)
                found[f"{at}.self_attn.{part}_proj.bias"] = (rows,)
            found[f"{at}.self_attn.o_proj.weight"] = (self.hidden, self.hidden)
            found[f"{at}.mlp.gate_proj.weight"] = (self.intermediate, self.hidden)
            found[f"{at}.mlp.up_proj.weight"] = (self.intermediate, self.hidden)
            found[f"{at}.mlp.down_proj.weight"] = (self.hidden, self.intermediate)
            found[f"{at}.input_layernorm.weight"] = (self.hidden,)
            found[f"{at}.post_attention_layernorm.weight"] = (self.hidden,)
        found["model.norm.weight"] = (self.hidden,)
        return found if self.tied else {**found, "lm_head.weight": (self.vocabulary, self.hidden)}

    def size(self) -> int:
        """Bytes of all tensors in bfloat16."""
        return sum(2 * math.prod(shape) for shape in self.tensors().values())


SHAPES = {
    "0.5b": Shape("qwen2.5-0.5b", 896, 4864, 24, 14, 2, 151936, tied=True),
    "7b": Shape("qwen2.5-7b", 3584, 18944, 28, 28, 4, 152064, tied=False),
    "tiny": Shape("tiny", 64, 128, 2, 2, 1, 512, tied=True),
}


def shape_of(name: str, layers: int | None = None) -> Shape:
    """The shape of that name, perhaps with fewer layers."""
    found = SHAPES[name]
    return found if layers is None else replace(found, name=f"{found.name}-{layers}layers", layers=layers)


def family_folder(cache: Path, shape: Shape, seed: int = 0) -> Path:
    """Where the three models lie, or will."""
    return cache / f"{shape.name}-seed{seed}-v{FORMAT}"


def write_family(cache: Path, shape: Shape, track: Track, seed: int = 0) -> dict[str, Path]:
    """``base``, ``quick`` and ``slow`` in ``cache``, bfloat16; those that are there already are reused.

    Weights are drawn from a normal distribution (norms around 1); quick and slow lie 2 % from the base,
    each in a direction of its own. A run that is stopped leaves nothing that looks whole.
    """
    place = family_folder(cache, shape, seed)
    if not place.is_dir():
        with replacing_folder(place) as folder:
            for name in NAMES:
                (folder / name).mkdir()
                _write_side_files(folder / name, shape)
            _write_weights([folder / name for name in NAMES], shape, seed, track)
    return {name: place / name for name in NAMES}


def _write_weights(folders: list[Path], shape: Shape, seed: int, track: Track) -> None:
    """All models side by side, so that the base's weights are drawn once."""
    shards = _shards(shape)
    tensors = [(shard, name, size) for shard, sizes in shards.items() for name, size in sizes.items()]
    label = f"writing {len(folders)} models of {shape.size() / 1e9:.1f} GB"
    with ExitStack() as stack:
        files: dict[str, list[IO[bytes]]] = {}
        for shard, name, size in track(tensors, label):
            if shard not in files:
                files[shard] = [stack.enter_context(open(folder / shard, "wb")) for folder in folders]
                for file in files[shard]:
                    file.write(_header(shards[shard]))
            for contents in _blocks(name, size, seed, len(folders)):
                for file, content in zip(files[shard], contents, strict=True):
                    file.write(content)
    if len(shards) > 1:
        where = {name: shard for shard, sizes in shards.items() for name in sizes}
        for folder in folders:
            index = {"metadata": {"total_size": shape.size()}, "weight_map": where}
            write_json(folder / "model.safetensors.index.json", index)


def _shards(shape: Shape) -> dict[str, dict[str, tuple[int, ...]]]:
    """Tensor shapes by name, by file."""
    filled: list[dict[str, tuple[int, ...]]] = [{}]
    size = 0
    for name, sizes in shape.tensors().items():
        size += 2 * math.prod(sizes)
        if size > SHARD and filled[-1]:
            filled.append({})
            size = 2 * math.prod(sizes)
        filled[-1][name] = sizes
    if len(filled) == 1:
        return {"model.safetensors": filled[0]}
    return {f"model-{n:05d}-of-{len(filled):05d}.safetensors": sizes for n, sizes in enumerate(filled, start=1)}


def _header(tensors: dict[str, tuple[int, ...]]) -> bytes:
    """What a safetensors file starts with."""
    entries: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in tensors.items():
        start, end = end, end + 2 * math.prod(shape)
        entries[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [start, end]}
    text = json.dumps(entries).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _blocks(name: str, shape: tuple[int, ...], seed: int, models: int) -> Iterator[list[bytes]]:
    """The bytes of one tensor, block after block, of each model."""
    import torch

    entries = math.prod(shape)
    middle = 1.0 if name.endswith("norm.weight") else 0.0
    for start in range(0, entries, BLOCK):
        count = min(BLOCK, entries - start)
        drawn = [
            torch.randn(count, generator=torch.Generator().manual_seed(seed_for(seed, name, start, k)))
            for k in range(models)
        ]
        base = drawn[0].mul_(SPREAD).add_(middle)
        step = DISTANCE * (middle or SPREAD)
        weights = [base, *(base + noise.mul_(step) for noise in drawn[1:])]
        yield [theta.bfloat16().view(torch.uint8).numpy().tobytes() for theta in weights]


def _write_side_files(folder: Path, shape: Shape) -> None:
    """A config and a tokenizer that loaders accept."""
    config = {
        "model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"], "hidden_size": shape.hidden,
        "intermediate_size": shape.intermediate, "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads, "num_key_value_heads": shape.kv_heads, "vocab_size": shape.vocabulary,
        "tie_word_embeddings": shape.tied, "rms_norm_eps": 1e-6, "rope_theta": 1_000_000.0,
        "max_position_embeddings": 32768, "hidden_act": "silu", "torch_dtype": "bfloat16",
    }  # fmt: skip
    vocabulary = {token: number for number, token in enumerate(("<pad>", "<s>", "</s>", "0", "1"))}
    tokenizer: dict[str, object] = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
        "pre_tokenizer": None, "post_processor": None, "decoder": None,
        "model": {"type": "BPE", "vocab": vocabulary, "merges": []},
    }  # fmt: skip
    write_json(folder / "config.json", config)
    write_json(folder / "tokenizer.json", tokenizer)
    write_json(folder / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast"})
