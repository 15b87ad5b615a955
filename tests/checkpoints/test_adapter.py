"""LoRA adapters on a base, against the sum written out entry by entry; and every adapter that is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.open import open_checkpoint, open_reader
from l2s.checkpoints.views.adapted import AdaptedReader
from l2s.checkpoints.views.adapter import Adapter
from l2s.core.errors import CheckpointError
from tests.tiny import HIDDEN, INTERMEDIATE, VOCABULARY, random_weights, write_checkpoint

QUERY, GATE = "model.layers.0.self_attn.q_proj", "model.layers.1.mlp.gate_proj"
EMBEDDING, HEAD = "model.embed_tokens.weight", "lm_head.weight"


def factors(module: str, out: int, width: int, rank: int = 2, seed: int = 0) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        f"base_model.model.{module}.lora_A.weight": torch.randn(rank, width, generator=generator),
        f"base_model.model.{module}.lora_B.weight": torch.randn(out, rank, generator=generator),
    }


def embedding_factors(rank: int = 2) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(5)
    return {
        "base_model.model.model.embed_tokens.lora_embedding_A": torch.randn(rank, VOCABULARY, generator=generator),
        "base_model.model.model.embed_tokens.lora_embedding_B": torch.randn(HIDDEN, rank, generator=generator),
    }


def write_adapter(folder: Path, tensors: dict[str, Tensor], **config: Any) -> Path:
    folder.mkdir(parents=True)
    settings = {"peft_type": "LORA", "r": 2, "lora_alpha": 6, "bias": "none", "init_lora_weights": True, **config}
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / "adapter_model.safetensors")
    return folder


def adapted(tmp_path: Path, tensors: dict[str, Tensor], tied: bool = True, **config: Any) -> Checkpoint:
    base = write_checkpoint(tmp_path / "base", random_weights(0, tied=tied), shards=2)
    return open_checkpoint(f"{base}+{write_adapter(tmp_path / 'adapter', tensors, **config)}")


def sum_slowly(weight: Tensor, a: Tensor, b: Tensor, scale: float, transposed: bool = False) -> Tensor:
    """W + scale · B A, or its transpose, one entry at a time."""
    found = weight.double().tolist()
    left, right = b.double().tolist(), a.double().tolist()
    for row, line in enumerate(found):
        for column in range(len(line)):
            out, width = (column, row) if transposed else (row, column)
            line[column] += scale * sum(left[out][k] * right[k][width] for k in range(len(right)))
    return torch.tensor(found)


@pytest.mark.parametrize(
    ("config", "scale"),
    [
        ({}, 3.0),
        ({"use_rslora": True}, 6 / 2**0.5),
        ({"alpha_pattern": {"q_proj": 1}}, 0.5),
        ({"alpha_pattern": {"k_proj": 1, "layers.0.self_attn.q_proj": 4}}, 2.0),
        ({"alpha_pattern": {"proj": 1}}, 3.0),
        ({"r": 7, "rank_pattern": {r".*\.q_proj": 2}}, 3.0),
    ],
)
def test_a_layer_is_w_plus_scale_b_a_as_peft_scales_it(config: dict[str, Any], scale: float, tmp_path: Path) -> None:
    tensors = factors(QUERY, HIDDEN, HIDDEN)
    model = adapted(tmp_path, tensors, **config)
    with open_reader(model) as reader:
        a, b = tensors.values()
        expected = sum_slowly(random_weights(0)[f"{QUERY}.weight"], a, b, scale)
        torch.testing.assert_close(reader.read(f"{QUERY}.weight"), expected, rtol=1e-5, atol=1e-5)
        untouched = f"{GATE}.weight"
        assert torch.equal(reader.read(untouched), random_weights(0)[untouched])


def test_rows_are_computed_alone(tmp_path: Path) -> None:
    tensors = factors(GATE, INTERMEDIATE, HIDDEN)
    model = adapted(tmp_path, tensors)
    with open_reader(model) as reader:
        assert isinstance(reader, AdaptedReader)
        whole = reader.read(f"{GATE}.weight")
        for start, stop in ((0, 5), (5, 6), (6, INTERMEDIATE)):
            found = reader.rows(f"{GATE}.weight", start, stop)
            assert found.shape == (stop - start, HIDDEN)
            torch.testing.assert_close(found, whole[start:stop], rtol=1e-6, atol=1e-6)
        assert torch.equal(reader.rows("model.norm.weight", 2, 5), random_weights(0)["model.norm.weight"][2:5])


def test_a_weight_that_is_stored_the_other_way_round_gets_the_transpose(tmp_path: Path) -> None:
    down = "model.layers.0.mlp.down_proj"  # [8, 12]: taken for [in, out]
    tensors = factors(down, out=INTERMEDIATE, width=HIDDEN)
    model = adapted(tmp_path, tensors, fan_in_fan_out=True)
    a, b = tensors.values()
    expected = sum_slowly(random_weights(0)[f"{down}.weight"], a, b, 3.0, transposed=True)
    with open_reader(model) as reader:
        torch.testing.assert_close(reader.read(f"{down}.weight"), expected, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(reader.rows(f"{down}.weight", 3, 5), expected[3:5], rtol=1e-5, atol=1e-5)


def test_an_adapted_tied_embedding_leaves_the_head_as_it_was_trained(tmp_path: Path) -> None:
    tensors = embedding_factors()
    model = adapted(tmp_path, tensors)
    a, b = tensors.values()
    base = random_weights(0)[EMBEDDING]
    assert not model.tied and HEAD in model.names() and model.config["tie_word_embeddings"] is False
    with open_reader(model) as reader:
        expected = sum_slowly(base, a, b, 3.0, transposed=True)
        torch.testing.assert_close(reader.read(EMBEDDING), expected, rtol=1e-5, atol=1e-5)
        assert torch.equal(reader.read(HEAD), base)


def test_a_tied_head_that_the_adapter_leaves_alone_stays_tied(tmp_path: Path) -> None:
    model = adapted(tmp_path, factors(QUERY, HIDDEN, HIDDEN))
    assert model.tied and HEAD not in model.names()
    with open_reader(model) as reader:
        assert torch.equal(reader.read(HEAD), random_weights(0)[EMBEDDING])


def test_tying_that_the_adapter_ensures_is_kept(tmp_path: Path) -> None:
    model = adapted(tmp_path, embedding_factors(), ensure_weight_tying=True)
    assert model.tied
    with open_reader(model) as reader:
        assert torch.equal(reader.read(HEAD), reader.read(EMBEDDING))
        assert not torch.equal(reader.read(HEAD), random_weights(0)[EMBEDDING])


def test_saved_modules_take_the_bases_place_with_rows_of_their_own(tmp_path: Path) -> None:
    longer = torch.randn(VOCABULARY + 3, HIDDEN)
    tensors = {f"base_model.model.{name}": longer + place for place, name in enumerate((EMBEDDING, HEAD))}
    model = adapted(
        tmp_path, {**factors(QUERY, HIDDEN, HIDDEN), **tensors}, modules_to_save=["embed_tokens", "lm_head"]
    )
    assert model.entry(EMBEDDING).shape == (VOCABULARY + 3, HIDDEN) and model.config["vocab_size"] == VOCABULARY + 3
    with open_reader(model) as reader:
        assert torch.equal(reader.read(EMBEDDING), longer) and torch.equal(reader.read(HEAD), longer + 1)
        assert torch.equal(reader.rows(HEAD, 17, 19), longer[17:19] + 1)


def test_an_embedding_that_was_made_longer_and_adapted_is_both(tmp_path: Path) -> None:
    stored = torch.randn(VOCABULARY, HIDDEN)
    tensors = {**embedding_factors(), "base_model.model.model.embed_tokens.base_layer.weight": stored}
    model = adapted(tmp_path, tensors, tied=False)
    a, b = embedding_factors().values()
    with open_reader(model) as reader:
        expected = sum_slowly(stored, a, b, 3.0, transposed=True)
        torch.testing.assert_close(reader.read(EMBEDDING), expected, rtol=1e-5, atol=1e-5)


def test_bf16_weights_are_added_to_in_float32(tmp_path: Path) -> None:
    tensors = {name: tensor.bfloat16() for name, tensor in factors(QUERY, HIDDEN, HIDDEN).items()}
    base = write_checkpoint(tmp_path / "base", random_weights(0), dtype=torch.bfloat16)
    model = open_checkpoint(f"{base}+{write_adapter(tmp_path / 'adapter', tensors)}")
    a, b = (tensor.float() for tensor in tensors.values())
    with open_reader(model) as reader:
        found = reader.read(f"{QUERY}.weight")
        expected = sum_slowly(random_weights(0)[f"{QUERY}.weight"].bfloat16().float(), a, b, 3.0)
        assert found.dtype == torch.float32 and model.entry(f"{QUERY}.weight").dtype == "BF16"
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_digests_depend_on_base_adapter_and_scale(tmp_path: Path) -> None:
    tensors, other = factors(QUERY, HIDDEN, HIDDEN), factors(QUERY, HIDDEN, HIDDEN, seed=1)
    bases = [write_checkpoint(tmp_path / f"base{seed}", random_weights(seed)) for seed in (0, 1)]
    adapters = [
        write_adapter(tmp_path / "a", tensors),
        write_adapter(tmp_path / "b", other),
        write_adapter(tmp_path / "c", tensors, lora_alpha=7),
    ]
    copy = write_adapter(tmp_path / "elsewhere", tensors, lora_dropout=0.1)
    names = [f"{bases[0]}+{adapter}" for adapter in adapters] + [f"{bases[1]}+{adapters[0]}", str(bases[0])]
    found = [open_checkpoint(name) for name in names]
    assert len({model.weights_digest for model in found}) == len({model.digest for model in found}) == 5
    assert open_checkpoint(f"{bases[0]}+{copy}").digest == found[0].digest
    assert found[0].folders == (bases[0], adapters[0])


def test_the_adapters_tokenizer_goes_before_the_bases(tmp_path: Path) -> None:
    model = adapted(tmp_path, factors(QUERY, HIDDEN, HIDDEN))
    assert model.tokenizer_folder == tmp_path / "base"
    before = model.digest
    (tmp_path / "adapter" / "tokenizer.json").write_text("{}")
    (tmp_path / "base" / "generation_config.json").write_text("{}")
    again = open_checkpoint(f"{tmp_path / 'base'}+{tmp_path / 'adapter'}")
    assert again.tokenizer_folder == tmp_path / "adapter" and again.digest != before
    assert [file.parent.name for file in again.side_files] == ["adapter", "base"]


@pytest.mark.parametrize(
    ("tensors", "config", "sentence"),
    [
        (dict, {"use_dora": True}, "adapter_config.json: use_dora is set, which is not supported; merge it into"),
        (dict, {"peft_type": "IA3"}, "peft_type is IA3, and only LORA is supported; merge it into its base with peft"),
        (dict, {"bias": "all"}, "bias is all, and only none is supported"),
        (dict, {"init_lora_weights": "pissa"}, "init_lora_weights is pissa, which changes the base too"),
        (dict, {"trainable_token_indices": [3]}, "trainable_token_indices is set"),
        (dict, {"r": 0}, "r is 0, expected a positive number"),
        (lambda: factors(QUERY, HIDDEN, HIDDEN, rank=3), {}, "A has shape [3, 8], B [8, 3], but its rank is 2"),
        (lambda: factors(QUERY, HIDDEN, 9), {}, f"fits {QUERY}.weight of shape [8, 9], "),
        (lambda: factors("model.layers.7.mlp", 8, 8), {}, "changes model.layers.7.mlp.weight, which "),
        (lambda: dict(list(factors(QUERY, 8, 8).items())[:1]), {}, f"{QUERY} has no lora_B; save the adapter again"),
        (lambda: {f"base_model.model.{QUERY}.lora_A.weight": torch.ones(2, 8, 1, 1),
                  f"base_model.model.{QUERY}.lora_B.weight": torch.ones(8, 2, 1, 1)}, {},
         "only linear layers and embeddings are supported"),
        (lambda: {f"base_model.model.{EMBEDDING}": torch.ones(20, 8)}, {},
         "leaves vocabularies of different sizes (model.embed_tokens.weight 20, lm_head.weight 16 rows)"),
        (lambda: {f"base_model.model.{QUERY}.lora_magnitude_vector": torch.ones(8)}, {},
         "lora_magnitude_vector, which"),
    ],
)  # fmt: skip
def test_what_is_no_plain_lora_is_one_sentence(
    tensors: Callable[[], dict[str, Tensor]], config: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    found = tensors() or factors(QUERY, HIDDEN, HIDDEN)
    with pytest.raises(CheckpointError) as caught:
        _ = adapted(tmp_path, found, **config).index
    assert sentence in str(caught.value)


def test_a_pickled_adapter_is_refused_with_the_way_out(tmp_path: Path) -> None:
    model = adapted(tmp_path, factors(QUERY, HIDDEN, HIDDEN))
    weights = tmp_path / "adapter" / "adapter_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(CheckpointError, match=r"holds adapter_model.bin, a pickle.*safe_serialization=True"):
        _ = model.index
    weights.with_suffix(".bin").unlink()
    with pytest.raises(CheckpointError, match=r"no adapter_model.safetensors, so .*; found adapter_config.json"):
        _ = open_checkpoint(f"{tmp_path / 'base'}+{tmp_path / 'adapter'}").index


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"rank_pattern": ["up_proj"]}, "rank_pattern is .*, expected an object of numbers"),
        ({"rank_pattern": {"up_proj": 0}}, "rank_pattern.up_proj is 0, expected a positive number"),
        ({"alpha_pattern": {"up_proj": "4"}}, "alpha_pattern.up_proj is '4', expected a positive number"),
        ({"alpha_pattern": {"(": 4}}, "alpha_pattern: '\\(' is no pattern"),
        ({"alpha_pattern": {"(.+)+x": 4}}, "repeats a group, which may take for ever"),
        ({"r": True}, "r is True, expected a positive number"),
        ({"lora_alpha": 10**30}, "lora_alpha is 1000.*, expected a positive number"),
    ],
)
def test_numbers_that_are_none_are_one_sentence(changes: dict[str, object], sentence: str, tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 2, "lora_alpha": 4, **changes}))
    factors = {f"base_model.model.up_proj.lora_{side}.weight": torch.ones(2, 2) for side in "AB"}
    save_file(factors, tmp_path / "adapter_model.safetensors")
    with pytest.raises(CheckpointError, match=sentence):
        _ = Adapter(tmp_path).low_rank


def test_factors_of_integers_are_refused(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 2, "lora_alpha": 4}))
    factors = {f"base_model.model.up_proj.lora_{side}.weight": torch.ones(2, 2, dtype=torch.int8) for side in "AB"}
    save_file(factors, tmp_path / "adapter_model.safetensors")
    with pytest.raises(CheckpointError, match=r"lora_A\.weight is I8, expected floating-point entries"):
        _ = Adapter(tmp_path).low_rank
