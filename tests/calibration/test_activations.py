"""Activation statistics against hooks and loops written by hand; blocks; and the same bytes layer by layer."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from l2s.calibration.activations import blocks_of, measured
from l2s.calibration.calibrate import calibrate
from l2s.checkpoints.checkpoint import Checkpoint
from l2s.checkpoints.statistics import Statistics
from tests.calibration.models import KINDS, params, reference_model, write_model, write_texts
from tests.calibration.slowly import activations_slowly, blocks_slowly, ids_of

CHANNELS = [0, 1, 5, 7, 31]


def rows(texts: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in texts.read_text().splitlines()]


def in_file_order(texts: Path, answer: str, seed: int = 0) -> list[list[int]]:
    """Token ids in the order in which the seed puts them."""
    from l2s.calibration.texts import chosen, read_texts

    return [ids_of(rows(texts)[text.line - 1], answer) for text in chosen(read_texts(texts, "short"), 100, seed)]


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_matches_the_formula_channel_by_channel(kind: str, tied: bool, tmp_path: Path) -> None:
    model, texts = write_model(tmp_path / "base", kind, tied=tied), write_texts(tmp_path / "texts.jsonl")
    found = calibrate(model, texts, tmp_path / "out.safetensors", params("activations", answer="long"))
    expected = activations_slowly(model, blocks_slowly(in_file_order(texts, "long"), 24), CHANNELS)
    if tied:
        del expected["lm_head.weight"]
    assert found.kind == "activations" and found.tensors.keys() == expected.keys()
    for name, values in expected.items():
        measured = found.tensors[name]
        assert measured.dtype == torch.float32 and measured.dim() == 1
        close = torch.stack([measured[channel % len(measured)] for channel in CHANNELS])
        torch.testing.assert_close(close, torch.tensor(values), rtol=1e-5, atol=1e-7)


def test_of_the_first_layer_from_nothing_but_the_weights(tmp_path: Path) -> None:
    model, texts = write_model(tmp_path / "base"), write_texts(tmp_path / "texts.jsonl", 1)
    found = calibrate(model, texts, tmp_path / "out.safetensors", params("activations", block=512))
    weights = reference_model(model).state_dict()
    x = weights["model.embed_tokens.weight"][in_file_order(texts, "short")[0]]  # [tokens, hidden]
    normed = x / (x.square().mean(1, keepdim=True) + 1e-6).sqrt() * weights["model.layers.0.input_layernorm.weight"]
    for name, inputs in (("input_layernorm", x), ("self_attn.q_proj", normed), ("self_attn.v_proj", normed)):
        torch.testing.assert_close(found.tensors[f"model.layers.0.{name}.weight"], inputs.abs().mean(0))


def test_names_and_lengths_are_those_that_a_merge_looks_up(tmp_path: Path) -> None:
    model, texts = write_model(tmp_path / "base", "qwen3"), write_texts(tmp_path / "texts.jsonl")
    found = calibrate(model, texts, tmp_path / "out.safetensors", params("activations"))
    entries = Checkpoint(model).index.entries
    assert found.tensors.keys() == entries.keys() - {"model.embed_tokens.weight"}
    assert all(len(activity) == entries[name].shape[-1] for name, activity in found.tensors.items())
    assert found.about["weights"] == Checkpoint(model).weights_digest and found.about["model"] == "base"


def test_sliding_windows_and_scaled_rotary_embeddings_layer_by_layer(tmp_path: Path) -> None:
    """Masks and frequencies that differ from the plain ones, so that a layer called without them would show."""
    sliding: dict[str, Any] = {
        "use_sliding_window": True,
        "sliding_window": 4,
        "layer_types": ["full_attention", "sliding_attention"],
    }
    scaled = {"rope_type": "yarn", "rope_theta": 1e4, "factor": 4.0, "original_max_position_embeddings": 64}
    texts = write_texts(tmp_path / "texts.jsonl")
    models = {
        "plain": write_model(tmp_path / "plain", "qwen2"),
        "sliding": write_model(tmp_path / "sliding", "qwen2", **sliding),
        "scaled": write_model(tmp_path / "scaled", "qwen2", rope_parameters=scaled),
    }
    found: dict[tuple[str, bool], Tensor] = {}
    for name, model in models.items():
        for layers in (False, True):
            out = tmp_path / f"{name}-{layers}.safetensors"
            statistics = calibrate(model, texts, out, params("activations", layers_at_a_time=layers))
            found[name, layers] = statistics.tensors["lm_head.weight"]
        assert torch.equal(found[name, False], found[name, True])
    assert len({tuple(found[name, True].tolist()) for name in models}) == 3


@pytest.mark.parametrize("size", [1, 7, 24, 200, 1000])
def test_blocks(size: int) -> None:
    texts = [list(range(start, start + 31)) for start in range(0, 31 * 7, 31)]
    assert blocks_of(texts, size).tolist() == blocks_slowly(texts, size)


def test_what_is_measured_follows_the_parameters(tmp_path: Path) -> None:
    model, texts = write_model(tmp_path / "base"), write_texts(tmp_path / "texts.jsonl")
    seen: dict[str, Statistics] = {}
    changes: dict[str, dict[str, Any]] = {
        "plain": {}, "long": {"answer": "long"}, "none": {"answer": "none"}, "two": {"samples": 2},
        "cut": {"max_tokens": 9}, "seed": {"seed": 1}, "block": {"block": 12},
    }  # fmt: skip
    for label, of in changes.items():
        seen[label] = calibrate(model, texts, tmp_path / f"{label}.safetensors", params("activations", **of))
    assert len({statistics.digest for statistics in seen.values()}) == len(seen)
    assert len({tuple(s.tensors["lm_head.weight"].tolist()) for s in seen.values()}) == len(seen)
    assert seen["two"].about["samples"] == "2" and seen["plain"].about["samples"] == "6"
    assert seen["cut"].about["tokens"] == str(6 * 9)


def test_modules_with_a_statistic() -> None:
    """As the authors' code has it, what is named "embed" is left out, even a linear layer."""
    modules = {
        "lm_head": nn.Linear(4, 9), "model.norm": nn.RMSNorm(4), "model.embed_projection": nn.Linear(4, 4),
        "model.embed_tokens": nn.Embedding(9, 4), "model.act": nn.SiLU(),
        "model.bare_norm": nn.RMSNorm(4, elementwise_affine=False),
    }  # fmt: skip
    assert measured(modules, tied=False).keys() == {"lm_head.weight", "model.norm.weight"}
    assert measured(modules, tied=True).keys() == {"model.norm.weight"}
