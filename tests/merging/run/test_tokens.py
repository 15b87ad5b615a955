"""``tokenizer.tokens``, named chat templates, and configs of layers that were put together anew."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from l2s.core.errors import CheckpointError, ConfigError
from l2s.merging.plan.layer_config import config_of_layers
from l2s.merging.recipe import MergeRecipe
from l2s.merging.recipe.templates import NAMED
from l2s.merging.run.merge import merge_checkpoints
from tests.merging.run.test_merge import weights_of
from tests.tiny import VOCABULARY, tokenizer, write_family

EMBEDDING = "model.embed_tokens.weight"


@pytest.fixture
def family(tmp_path: Path) -> dict[str, Path]:
    """base, quick and slow; ``slow`` knows two tokens that the others lack."""
    found = write_family(tmp_path)
    (found["slow"] / "tokenizer.json").write_text(json.dumps(tokenizer(added=("<a>", "<b>"))))
    return found


def recipe(tokens: dict[str, Any], source: str = "base", **changes: Any) -> MergeRecipe:
    asked = {
        "merge_method": "linear", "models": [{"model": "quick"}, {"model": "slow"}], "parameters": {"weight": 0.5},
        "base_model": "base", "tokenizer": {"source": source, "tokens": tokens}, "dtype": "float32", **changes,
    }  # fmt: skip
    return MergeRecipe.parse(asked, "r")


def rows(asked: MergeRecipe, family: dict[str, Path], out: Path) -> tuple[torch.Tensor, dict[str, int]]:
    """The merged embedding, and where each token stands."""
    merge_checkpoints(asked, family, out)
    found = json.loads((out / "tokenizer.json").read_text())
    ids = found["model"]["vocab"] | {token["content"]: token["id"] for token in found["added_tokens"]}
    return weights_of(out)[EMBEDDING], ids


def test_a_token_takes_the_row_that_it_is_given(family: dict[str, Path], tmp_path: Path) -> None:
    tokens = {
        "t3": {"source": "slow", "force": True},
        "t4": {"source": {"kind": "model_token", "model": "quick", "token_id": 9}, "force": True},
        "t5": {"source": {"kind": "model_token", "model": "slow", "token": "<a>"}, "force": True},
        "t6": {"source": {"kind": "zero"}, "force": True},
        "t7": {"source": "slow"},
        "t8": None,
    }
    merged, ids = rows(recipe(tokens), family, tmp_path / "out")
    base, quick, slow = (weights_of(family[name])[EMBEDDING] for name in ("base", "quick", "slow"))
    assert merged.shape == base.shape
    expected = {"t3": slow[3], "t4": quick[9], "t5": slow[VOCABULARY - 2], "t6": torch.zeros_like(base[0])}
    expected |= {f"t{n}": (base[n] + quick[n] + slow[n]) / 3 for n in (7, 8, 9)}
    for token, row in expected.items():
        torch.testing.assert_close(merged[ids[token]], row, msg=token)


def test_a_token_that_is_nowhere_is_added_with_the_row_it_is_given(family: dict[str, Path], tmp_path: Path) -> None:
    tokens = {
        "<a>": {"source": "slow"},
        "<new>": {"source": {"kind": "model_token", "model": "slow", "token": "t1"}},
        "<void>": {"source": {"kind": "zero"}},
        "<mean>": {},
    }
    merged, ids = rows(recipe(tokens), family, tmp_path / "out")
    slow = weights_of(family["slow"])[EMBEDDING]
    assert [ids[token] for token in tokens] == [VOCABULARY + n for n in range(4)] and len(merged) == VOCABULARY + 4
    torch.testing.assert_close(merged[ids["<a>"]], slow[VOCABULARY - 2])
    torch.testing.assert_close(merged[ids["<new>"]], slow[1])
    assert not merged[ids["<void>"]].any() and merged[ids["<mean>"]].any()
    assert json.loads((tmp_path / "out" / "config.json").read_text())["vocab_size"] == VOCABULARY + 4


def test_union_gives_what_only_one_model_has_unless_a_token_says_otherwise(
    family: dict[str, Path], tmp_path: Path
) -> None:
    merged, ids = rows(recipe({"<b>": {"source": {"kind": "zero"}}}, source="union"), family, tmp_path / "out")
    slow = weights_of(family["slow"])[EMBEDDING]
    torch.testing.assert_close(merged[ids["<a>"]], slow[VOCABULARY - 2])
    torch.testing.assert_close(merged[ids["<b>"]], slow[VOCABULARY - 1] / 3)  # the two others have zeros


@pytest.mark.parametrize(
    ("tokens", "sentence"),
    [
        ({"t1": {"source": "slwo"}}, "tokenizer.tokens.t1: 'slwo' is not among the models; did you mean 'slow'?"),
        ({"t1": {"source": {"kind": "model_token", "model": "quick", "token": "<a>"}}},
         "tokenizer.tokens.t1: quick has no token '<a>' in its embedding"),
        ({"t1": {"source": {"kind": "model_token", "model": "quick", "token_id": VOCABULARY}}},
         f"tokenizer.tokens.t1: quick has no row {VOCABULARY} in its embedding"),
        ({"<zz>": {"source": "quick"}}, "tokenizer.tokens.<zz>: quick has no token '<zz>' in its embedding"),
    ],
)  # fmt: skip
def test_a_row_that_is_not_there_is_one_sentence(
    tokens: dict[str, Any], sentence: str, family: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(CheckpointError) as caught:
        merge_checkpoints(recipe(tokens), family, tmp_path / "out")
    assert sentence in str(caught.value)


CHAT = [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}, {"role": "assistant", "content": "A"},
        {"role": "user", "content": "V"}]  # fmt: skip
RENDERED = {
    "chatml": "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\nA<|im_end|>\n"
              "<|im_start|>user\nV<|im_end|>\n<|im_start|>assistant\n",
    "llama3": "<s><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|><|start_header_id|>user<|end_header_id|>"
              "\n\nU<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nA<|eot_id|>"
              "<|start_header_id|>user<|end_header_id|>\n\nV<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    "mistral": "<s> [INST] S\n\nU [/INST] A</s> [INST] V [/INST]",
    "alpaca": "S\n\n### Instruction:\nU\n\n### Response:\nA\n\n### Instruction:\nV\n\n### Response:\n",
    "exaone": "[|system|]S[|endofturn|]\n[|user|]U\n[|assistant|]A[|endofturn|]\n[|user|]V\n[|assistant|]",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMED)
def test_a_named_template_writes_its_format(name: str, family: dict[str, Path], tmp_path: Path) -> None:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    merge_checkpoints(recipe({}, chat_template=name), family, tmp_path / "out")
    template = (tmp_path / "out" / "chat_template.jinja").read_text()
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    render = environment.from_string(template).render
    assert render(messages=CHAT, bos_token="<s>", eos_token="</s>", add_generation_prompt=True) == RENDERED[name]


def test_auto_is_the_template_that_most_models_have(family: dict[str, Path], tmp_path: Path) -> None:
    (family["base"] / "chat_template.jinja").write_text("{{ 'base' }}")
    (family["quick"] / "tokenizer_config.json").write_text(json.dumps({"chat_template": "{{ 'base' }}\n"}))
    (family["slow"] / "chat_template.jinja").write_text("{{ 'slow' }}")
    asked = recipe({}, tokenizer=None, tokenizer_source="slow", chat_template="auto")
    merge_checkpoints(asked, family, tmp_path / "auto")
    assert (tmp_path / "auto" / "chat_template.jinja").read_text().strip() == "{{ 'base' }}"
    merge_checkpoints(recipe({}, tokenizer=None, tokenizer_source="slow"), family, tmp_path / "donor")
    assert (tmp_path / "donor" / "chat_template.jinja").read_text() == "{{ 'slow' }}"


ALTERNATING = {
    "num_hidden_layers": 4,
    "layer_types": ["full", "window", "full", "window"],
    "eos_token_id": [1, 2, 3, 4],
    "mlp_only_layers": [0, 3],
}


def test_what_a_config_says_layer_by_layer_follows_the_layers() -> None:
    other = {**ALTERNATING, "num_hidden_layers": 6, "layer_types": ["window"] * 5 + ["full"], "mlp_only_layers": [5]}
    sources = [(ALTERNATING, 0), (ALTERNATING, 1), (ALTERNATING, 1), (other, 4), (other, 5)]
    found = config_of_layers(ALTERNATING, sources)
    assert found["num_hidden_layers"] == 5 and found["eos_token_id"] == [1, 2, 3, 4]
    assert found["layer_types"] == ["full", "window", "window", "window", "full"]
    assert found["mlp_only_layers"] == [0, 4]


def test_so_does_that_of_a_language_model_inside_of_a_larger_one() -> None:
    whole = {"text_config": ALTERNATING, "vision_config": {"num_hidden_layers": 4}}
    found = config_of_layers(whole, [(whole, 3), (whole, 0)])
    assert found["text_config"]["num_hidden_layers"] == 2 and found["text_config"]["layer_types"] == ["window", "full"]
    assert found["vision_config"] == {"num_hidden_layers": 4}


def test_what_transformers_makes_of_a_rule_is_written_out() -> None:
    from transformers import AutoConfig

    made = AutoConfig.for_model("gemma2", num_hidden_layers=4, hidden_size=8, num_attention_heads=2).to_dict()
    bare = {key: value for key, value in made.items() if key != "layer_types"}
    found = config_of_layers(bare, [(bare, layer) for layer in (0, 1, 1, 2, 3)])
    kinds = made["layer_types"]
    assert kinds[0] != kinds[1] and found["layer_types"] == [kinds[layer] for layer in (0, 1, 1, 2, 3)]


def test_layers_whose_kind_cannot_be_said_are_refused() -> None:
    dense = {"num_hidden_layers": 4, "first_k_dense_replace": 1}
    assert config_of_layers(dense, [(dense, 0), (dense, 0), (dense, 2)])["first_k_dense_replace"] == 2
    with pytest.raises(ConfigError, match="first_k_dense_replace puts layers without experts first"):
        config_of_layers(dense, [(dense, 1), (dense, 0)])
    stepped = {"num_hidden_layers": 4, "attn_layer_period": 2}
    assert config_of_layers(stepped, [(stepped, 2), (stepped, 1)])["num_hidden_layers"] == 2
    with pytest.raises(ConfigError, match="attn_layer_period makes every layer number 2 another kind"):
        config_of_layers(stepped, [(stepped, 1), (stepped, 2)])
