"""Folders, devices and texts that an engine must refuse, each in a sentence; nothing is answered with other numbers."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from l2s.causal_lm import load_causal_lm, unexpected_weights
from l2s.core.errors import CheckpointError, ConfigError, L2SError
from l2s.generation.controls.kinds.none import NoControl
from l2s.generation.engines.load import load_engine
from l2s.generation.engines.transformers.engine import TransformersEngine
from l2s.generation.engines.transformers.sampling import choose_tokens, stream_for
from l2s.generation.prompts.prompt import Prompt
from l2s.generation.prompts.tokenizer import ModelTokenizer
from l2s.generation.settings import DecodingParams, PromptParams, SamplingParams

UP = "model.layers.0.mlp.up_proj.weight"
Weights = dict[str, torch.Tensor]


@pytest.fixture
def model(model: Path, tmp_path: Path) -> Path:
    """One that may be changed."""
    return shutil.copytree(model, tmp_path / "tiny")


def change_weights(folder: Path, change: Callable[[Weights], Weights]) -> None:
    file = folder / "model.safetensors"
    save_file(change(load_file(file)), file, metadata={"format": "pt"})


def change_json(file: Path, **keys: Any) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **keys}))


def test_missing_tensors_are_named(model: Path) -> None:
    change_weights(model, lambda weights: {name: weight for name, weight in weights.items() if name != UP})
    with pytest.raises(CheckpointError, match=f"lacks {UP}, which transformers' LlamaForCausalLM has"):
        TransformersEngine(model)
    with pytest.raises(CheckpointError, match=f"lacks {UP}"):
        unexpected_weights(model)


def test_a_head_that_is_not_tied_must_be_there(model: Path) -> None:
    assert "lm_head.weight" not in load_file(model / "model.safetensors")
    assert not load_causal_lm(model, torch.float32).notes, "a tied head is no missing one"
    change_json(model / "config.json", tie_word_embeddings=False)
    with pytest.raises(CheckpointError, match=r"lacks lm_head\.weight"):
        TransformersEngine(model)


def test_tensors_of_another_shape_are_named(model: Path) -> None:
    change_json(model / "config.json", intermediate_size=48)
    with pytest.raises(CheckpointError, match=r"of another shape than the model's: .*mlp.down_proj.weight \[64, \d+\]"):
        TransformersEngine(model)


def test_tensors_without_a_place_are_a_note(model: Path) -> None:
    change_weights(model, lambda weights: {**weights, "model.layers.9.mlp.up_proj.weight": weights[UP].clone()})
    assert any("model.layers.9.mlp.up_proj.weight" in note for note in TransformersEngine(model).notes)
    assert unexpected_weights(model) == ["model.layers.9.mlp.up_proj.weight"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_weight_that_is_no_number_is_named(model: Path, value: float) -> None:
    def broken(weights: Weights) -> Weights:
        weights[UP][0, 0] = value
        return weights

    change_weights(model, broken)
    with pytest.raises(CheckpointError, match=f"not numbers .NaN., NaN or infinite entries in {UP}"):
        TransformersEngine(model)


def test_nan_that_one_token_brings_up_stops_generation(model: Path) -> None:
    """No short text holds every token: the embedding of one that was not among them."""
    change_json(model / "config.json", tie_word_embeddings=False)
    change_weights(
        model, lambda found: {**found, "lm_head.weight": found["model.embed_tokens.weight"].clone()}
    )  # fmt: skip
    engine = TransformersEngine(model)
    with torch.no_grad():
        engine.model.get_input_embeddings().weight[9] = torch.nan
    prompts = [Prompt("b", "0", 0, [5, 9, 7], False)]
    with pytest.raises(CheckpointError, match=r"NaN or infinite entries in model\.embed_tokens\.weight"):
        list(engine.generate(prompts, SamplingParams(max_tokens=4), NoControl(), PromptParams()))


@pytest.mark.parametrize(
    ("device", "said"),
    [("cuda:97", "sees no cuda:97 here"), ("gpu", "expected cpu, cuda, or cuda:N"), ("cpu:0", "expected cpu, cuda"),
     ("cuda:x", "expected cpu, cuda")],
)  # fmt: skip
def test_devices(model: Path, device: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_engine(model, DecodingParams(device=device))


@pytest.mark.parametrize(
    "keys",
    [{"quantization_config": {"quant_method": "gptq", "bits": 4}}, {"num_attention_heads": 3, "head_dim": None},
     {"num_attention_heads": 4, "num_key_value_heads": 3}, {"model_type": "no-such"}, {"hidden_act": "no-such"}],
)  # fmt: skip
def test_configs_that_cannot_be(model: Path, keys: dict[str, Any]) -> None:
    change_json(model / "config.json", **keys)
    with pytest.raises(L2SError) as error:
        TransformersEngine(model)
    assert str(model) in str(error.value) and "\n" not in str(error.value)


def test_an_index_without_metadata(model: Path) -> None:
    names = list(load_file(model / "model.safetensors"))
    shutil.move(model / "model.safetensors", model / "a.safetensors")
    (model / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": dict.fromkeys(names, "a.safetensors")})
    )
    with pytest.raises(CheckpointError, match=r"""index\.json: lacks "metadata".*add "metadata": {}"""):
        TransformersEngine(model)


def test_a_pattern_that_blows_up(model: Path) -> None:
    pattern = {
        "type": "Split",
        "pattern": {"Regex": "(x+)+y|(([x ])+.)+[A-Z]$"},
        "behavior": "Isolated",
        "invert": False,
    }
    change_json(model / "tokenizer.json", pre_tokenizer=pattern)
    with pytest.raises(
        CheckpointError, match=r"its tokenizer fails on a text .*take the model.s original tokenizer\.json"
    ):
        ModelTokenizer(model).prompt("x" * 60 + "!", PromptParams(style="plain"))


@pytest.mark.parametrize("temperature", [1e-300, 1e-45, 1e-39, 1e-20, 9e-6])
def test_tiny_temperatures_are_greedy(temperature: float) -> None:
    logits = torch.tensor([[1.0, 30.0, 29.0, -5.0]])
    for seed in range(20):
        stream = stream_for(seed, "b", "0", 0)
        assert choose_tokens(logits, SamplingParams(temperature=temperature), [stream]) == [1]


def test_memory_is_reckoned_up_to_the_context(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit above the context does not make rows longer."""
    engine = TransformersEngine(model, max_batch_size=8)
    context = engine.model.config.max_position_embeddings
    row = engine.forward.bytes_a_token * context  # type: ignore[union-attr]
    monkeypatch.setattr("l2s.generation.engines.transformers.engine.free_memory", lambda _: 4 * 8 * row)
    prompts = [Prompt("b", "0", 0, [5] * (context - 3), False)]
    sampling = SamplingParams(max_tokens=1000 * context)
    assert len(next(iter(engine.generate(prompts, sampling, NoControl(), PromptParams()))).ids) <= 3


def test_more_samples_than_anybody_draws_are_refused_before_they_are_listed() -> None:
    with pytest.raises(ConfigError, match=r"sampling\.samples: .*less than or equal to 10000"):
        DecodingParams.parse({"sampling": {"samples": 10**16}}, "decoding")
