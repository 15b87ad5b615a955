"""What keeps models from being merged: every difference, in both directions, at once."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.checks.ancestry import UNRELATED, relative_distance
from l2s.checkpoints.checks.compatible import Finding, compare
from tests.tiny import random_weights, write_checkpoint


def pair(tmp_path: Path, *, base: dict[str, Any] | None = None, **changes: Any) -> dict[str, Checkpoint]:
    """base, and slow with other weights or config."""
    weights = changes.pop("weights", random_weights(0))
    write_checkpoint(tmp_path / "base", random_weights(0), **(base or {}))
    write_checkpoint(tmp_path / "slow", weights, **changes)
    return {name: Checkpoint(tmp_path / name) for name in ("base", "slow")}


def test_models_that_fit_give_no_findings(tmp_path: Path) -> None:
    assert compare(pair(tmp_path)) == []


def test_names_and_shapes_are_all_listed_in_both_directions(tmp_path: Path) -> None:
    weights = random_weights(0)
    weights["extra.weight"] = weights.pop("model.norm.weight")
    weights["model.layers.0.input_layernorm.weight"] = torch.zeros(9)
    assert [(f.sentence, f.fatal, f.forcible) for f in compare(pair(tmp_path, weights=weights))] == [
        ("slow lacks model.norm.weight, which base has", True, False),
        ("base lacks extra.weight, which slow has", True, False),
        ("model.layers.0.input_layernorm.weight: shape [8] in base, [9] in slow; shapes must agree", True, False),
    ]


def test_of_models_of_different_sizes_the_size_is_said_once(tmp_path: Path) -> None:
    wide = {name: torch.zeros([9 if size == 8 else size for size in t.shape]) for name, t in random_weights(0).items()}
    (finding,) = compare(pair(tmp_path, weights=wide, hidden_size=9))
    assert finding.fatal and finding.sentence == (
        "config.json: hidden_size is 8 in base, 9 in slow; so these are models of different sizes: "
        "model.embed_tokens.weight: shape [16, 8] in base, [16, 9] in slow, "
        "model.layers.0.input_layernorm.weight: shape [8] in base, [9] in slow, "
        "model.layers.0.mlp.down_proj.weight: shape [8, 12] in base, [9, 12] in slow and 17 more; shapes must agree"
    )


def test_what_no_part_of_the_model_takes_is_left_out(tmp_path: Path) -> None:
    weights = random_weights(0) | {"model.layers.99.mlp.up_proj.weight": torch.zeros(12, 8), "odd": torch.zeros(3)}
    (finding,) = compare(pair(tmp_path / "more", weights=weights))
    assert finding == Finding(
        "slow: no part of the model takes model.layers.99.mlp.up_proj.weight, odd, and base has nothing like it; "
        "left out"
    )
    del weights["model.layers.99.mlp.up_proj.weight"], weights["odd"], weights["model.layers.1.mlp.up_proj.weight"]
    (finding,) = compare(pair(tmp_path / "less", weights=weights))
    assert finding == Finding("slow lacks model.layers.1.mlp.up_proj.weight, which base has", fatal=True)


@pytest.mark.parametrize(
    "gone",
    [
        ("model.layers.0.mlp.up_proj.weight",),
        tuple(name for name in random_weights(0) if ".layers.1." in name),
        tuple(name for name in random_weights(0) if ".layers." in name),
        ("model.norm.weight",),
        ("model.embed_tokens.weight",),
    ],
)
def test_what_all_models_lack_is_missed_all_the_same(gone: tuple[str, ...], tmp_path: Path) -> None:
    weights = {name: tensor for name, tensor in random_weights(0).items() if name not in gone}
    folders = {name: write_checkpoint(tmp_path / name, weights, num_hidden_layers=2) for name in ("base", "slow")}
    found = compare({name: Checkpoint(folder) for name, folder in folders.items()})
    assert [finding.fatal for finding in found] == [True, True]
    assert all(
        "which transformers' LlamaForCausalLM has" in f.sentence and sorted(gone)[0] in f.sentence for f in found
    )


def test_rows_of_the_vocabulary_may_differ_their_width_may_not(tmp_path: Path) -> None:
    weights = random_weights(0)
    weights["model.embed_tokens.weight"] = torch.zeros(20, 8)
    assert compare(pair(tmp_path / "rows", weights=weights)) == []
    weights["model.embed_tokens.weight"] = torch.zeros(16, 9)
    (finding,) = compare(pair(tmp_path / "width", weights=weights))
    expected = "model.embed_tokens.weight: shape [16, 8] in base, [16, 9] in slow; shapes must agree"
    assert finding == Finding(expected, fatal=True)


def test_a_vision_model_and_other_prefixes_are_said_so(tmp_path: Path) -> None:
    inside = {name.replace("model.", "model.language_model.", 1): t for name, t in random_weights(0).items()}
    (finding,) = compare(pair(tmp_path / "prefix", weights=inside))
    assert finding.fatal and finding.sentence == (
        "slow keeps under model.language_model. what base keeps under model.; save both from the same model class"
    )
    tower = {**random_weights(0), "visual.blocks.0.attn.qkv.weight": torch.ones(8, 8)}
    (finding,) = compare(pair(tmp_path / "tower", weights=tower))
    assert finding.fatal and finding.sentence == (
        "slow has a part of its own, visual. (1 tensors), that base lacks; merge models of one architecture, or the "
        "language models alone"
    )


@pytest.mark.parametrize("key", ["rope_theta", "rms_norm_eps", "model_type", "num_attention_heads"])
def test_what_gives_the_same_weights_another_meaning_must_be_forced(key: str, tmp_path: Path) -> None:
    (finding,) = compare(pair(tmp_path, **{key: 123.0}))
    assert finding.fatal and finding.forcible
    assert f"config.json: {key} is" in finding.sentence and "123.0 in slow" in finding.sentence


def test_rope_theta_is_found_in_both_generations_of_config_files(tmp_path: Path) -> None:
    new = {"rope_parameters": {"rope_theta": 1e6, "rope_type": "default"}}
    assert compare(pair(tmp_path / "same", base={"rope_theta": 1e6}, **new)) == []
    (finding,) = compare(pair(tmp_path / "other", base={"rope_theta": 1e4}, **new))
    assert "rope_theta is 10000.0 in base, 1000000.0 in slow" in finding.sentence


def test_what_only_the_donor_decides_is_a_note(tmp_path: Path) -> None:
    findings = compare(pair(tmp_path, base={"max_position_embeddings": 4096}, max_position_embeddings=131072))
    sentence = "config.json: max_position_embeddings is 4096 in base, 131072 in slow; the donor's is taken"
    assert findings == [Finding(sentence)]


def test_tokens_with_other_strings_are_listed_by_id(tmp_path: Path) -> None:
    models = pair(tmp_path)
    many = {f"big{n}": n for n in range(200)}
    shared = {"model": {"vocab": many}, "added_tokens": [{"id": 200, "content": "<|box_start|>"}]}
    (tmp_path / "base" / "tokenizer.json").write_text(json.dumps(shared))
    theirs = {"model": {"vocab": many}, "added_tokens": [{"id": 200, "content": "<think>"}]}
    (tmp_path / "slow" / "tokenizer.json").write_text(json.dumps(theirs))
    way_out = "tokenizer_source: base, union or a model's name aligns rows by token"
    what = "tokenizers differ at 1 ids: id 200 is '<|box_start|>' in base, '<think>' in slow"
    assert compare(models) == [Finding(f"{what}; rows are merged by id all the same; {way_out}")]
    assert compare(models, by_token=True) == []
    (tmp_path / "slow" / "tokenizer.json").write_text(json.dumps({"model": {"vocab": [["big1", 0.0], ["big0", 0.0]]}}))
    (finding,) = compare(models)
    assert finding.fatal and finding.forcible and "201 ids: id 0 is 'big0' in base, 'big1' in slow" in finding.sentence
    assert finding.sentence.endswith(f"embeddings of different tokens would be mixed; {way_out}")


def test_tokens_that_only_one_model_has_make_no_foreigners(tmp_path: Path) -> None:
    models = pair(tmp_path)
    more = {"model": {"vocab": {f"t{n}": n for n in range(40)}}}
    (tmp_path / "base" / "tokenizer.json").write_text(json.dumps(more))
    (tmp_path / "slow" / "tokenizer.json").write_text(json.dumps({"model": {"vocab": {f"t{n}": n for n in range(16)}}}))
    (finding,) = compare(models)
    assert not finding.fatal and "24 ids: id 16 is 't16' in base, absent in slow" in finding.sentence


def test_a_model_without_a_tokenizer_is_a_note(tmp_path: Path) -> None:
    models = pair(tmp_path)
    (tmp_path / "slow" / "tokenizer.json").unlink()
    assert [f.sentence for f in compare(models)] == [
        "slow has no vocabulary in a tokenizer.json, so tokens cannot be compared"
    ]


def test_tied_and_untied_is_a_note(tmp_path: Path) -> None:
    (finding,) = compare(pair(tmp_path, weights=random_weights(0, tied=False)))
    assert not finding.fatal and finding.sentence.startswith("base: head tied to the embedding; slow: head of its own")


def test_a_head_that_is_promised_but_absent_is_fatal(tmp_path: Path) -> None:
    findings = compare(pair(tmp_path, tie_word_embeddings=False))
    assert Finding("slow: no lm_head.weight, though config.json says tie_word_embeddings: false", True) in findings


def test_a_head_that_loaders_ignore_is_said(tmp_path: Path) -> None:
    weights = random_weights(0, tied=False)
    same = weights | {"lm_head.weight": weights["model.embed_tokens.weight"].clone()}
    (finding,) = compare(pair(tmp_path / "same", weights=same, tie_word_embeddings=True))
    assert not finding.fatal and "slow: stores lm_head.weight, but config.json ties it" in finding.sentence
    finding, _ = compare(pair(tmp_path / "other", weights=weights, tie_word_embeddings=True))
    assert not finding.fatal and "stores lm_head.weight, which differs from the embedding" in finding.sentence


def test_a_float_against_integers_is_fatal(tmp_path: Path) -> None:
    weights = random_weights(0)
    weights["model.norm.weight"] = torch.arange(8)
    (finding,) = compare(pair(tmp_path, weights=weights))
    assert finding == Finding("model.norm.weight: F32 in base, I64 in slow", True)


def test_distance_tells_fine_tunes_from_strangers(tmp_path: Path) -> None:
    base = random_weights(0)
    folders = {"base": base, "tuned": random_weights(1, base), "stranger": random_weights(2)}
    found = {name: Checkpoint(write_checkpoint(tmp_path / name, weights)) for name, weights in folders.items()}
    assert relative_distance(found["base"], found["base"]) == 0
    assert relative_distance(found["base"], found["tuned"]) == pytest.approx(0.1, rel=0.2)
    distance = relative_distance(found["base"], found["stranger"])
    assert distance == pytest.approx(2**0.5, rel=0.2) and distance > UNRELATED
    bare = Checkpoint(write_checkpoint(tmp_path / "bare", {"model.norm.weight": torch.ones(8)}))
    assert relative_distance(found["base"], bare) is None


@pytest.mark.parametrize("key", ["num_hidden_layers", "hidden_size", "vocab_size", "text_config", "rope_parameters"])
@pytest.mark.parametrize("value", [None, [], {}, "x", -1, 10**30, True])
def test_settings_that_are_none_end_in_sentences(key: str, value: object, tmp_path: Path) -> None:
    assert all("\n" not in finding.sentence for finding in compare(pair(tmp_path, **{key: value})))
