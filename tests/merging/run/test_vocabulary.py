"""Merges of models with other vocabularies: rows, tokenizer and config, also as other people's libraries read them."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import AddedToken, Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import Whitespace

from l2s.core.errors import CheckpointError
from l2s.merging.plan.preflight import plan_merge
from l2s.merging.recipe import MergeRecipe
from l2s.merging.run.manifest import MergeManifest
from l2s.merging.run.merge import merge_checkpoints
from tests.merging.run.test_merge import weights_of
from tests.tiny import HIDDEN, random_weights, write_checkpoint

EMBEDDING = "model.embed_tokens.weight"
LETTERS = {letter: place for place, letter in enumerate("abcdefgh")}


def write_model(folder: Path, marks: list[str], rows: int, seed: int, **config: Any) -> Path:
    """A model with eight letters and added marks, and padding up to ``rows``."""
    weights = random_weights(seed, random_weights(0))
    weights[EMBEDDING] = torch.randn(rows, HIDDEN, generator=torch.Generator().manual_seed(seed))
    write_checkpoint(folder, weights, vocab_size=rows, **config)
    tokenizer = Tokenizer(BPE(LETTERS, []))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.add_tokens([AddedToken(mark, special=mark.startswith("<|"), normalized=False) for mark in marks])
    tokenizer.save(str(folder / "tokenizer.json"))
    decoder = {str(8 + n): {"content": mark, "special": mark.startswith("<|")} for n, mark in enumerate(marks)}
    about = {"tokenizer_class": "PreTrainedTokenizerFast", "added_tokens_decoder": decoder}
    (folder / "tokenizer_config.json").write_text(json.dumps(about))
    return folder


def family(tmp_path: Path) -> dict[str, Path]:
    """base and quick know ``<|im_start|>``; slow has other marks at the same ids, and less padding."""
    chatml = ["<|im_start|>", "<|im_end|>"]
    return {
        "base": write_model(tmp_path / "base", chatml, 16, 1, eos_token_id=9),
        "quick": write_model(tmp_path / "quick", [*chatml, "<tool>"], 16, 2, eos_token_id=9),
        "slow": write_model(tmp_path / "slow", ["<|User|>", "<think>", "</think>"], 12, 3, eos_token_id=[8, 9]),
    }


def recipe(**changes: Any) -> MergeRecipe:
    models = [{"model": "quick", "parameters": {"weight": 0.25}}, {"model": "slow", "parameters": {"weight": 0.5}}]
    found = {"merge_method": "task_arithmetic", "base_model": "base", "models": models, "dtype": "float32", **changes}
    return MergeRecipe.parse(found, "r")


def merged(tmp_path: Path, **changes: Any) -> tuple[MergeManifest, torch.Tensor, dict[str, torch.Tensor]]:
    folders = family(tmp_path)
    manifest = merge_checkpoints(recipe(**changes), folders, tmp_path / "out", force=True)
    return manifest, weights_of(tmp_path / "out")[EMBEDDING], {n: weights_of(f)[EMBEDDING] for n, f in folders.items()}


def config_of(tmp_path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((tmp_path / "out" / "config.json").read_text())
    return found


def mixed(base: torch.Tensor, quick: torch.Tensor, slow: torch.Tensor) -> torch.Tensor:
    return base + 0.25 * (quick - base) + 0.5 * (slow - base)


def test_a_union_has_every_token_once_and_its_tokenizer_loads(tmp_path: Path) -> None:
    manifest, found, rows = merged(tmp_path, tokenizer_source="union")
    base, quick, slow = rows["base"], rows["quick"], rows["slow"]
    assert manifest.donor.model == "slow" and config_of(tmp_path)["vocab_size"] == len(found) == 14
    for name, place in (("<|im_start|>", 11), ("<|im_end|>", 12), ("<tool>", 13)):
        tokenizer = Tokenizer.from_file(str(tmp_path / "out" / "tokenizer.json"))
        assert tokenizer.token_to_id(name) == place and tokenizer.encode(f"a{name}b").ids == [0, place, 1]
        assert tokenizer.decode([place], skip_special_tokens=True) == ("" if name.startswith("<|") else name)
    assert tokenizer.get_vocab_size() == 14 and tokenizer.encode("<think>").ids == [9]
    for row in (0, 1):
        expected = base[8 + row] + 0.25 * (quick[8 + row] - base[8 + row])
        torch.testing.assert_close(found[11 + row], expected)
    assert torch.equal(found[13], quick[10]) and torch.equal(found[9], slow[9])
    assert any("3 tokens that slow lacks are added to its tokenizer" in note for note in manifest.notes)


def test_the_union_loads_in_transformers(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    merged(tmp_path, tokenizer_source="union")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    assert tokenizer("a<tool><|im_end|>")["input_ids"] == [0, 13, 12] and len(tokenizer) == 14
    assert tokenizer.decode([9, 13, 12], skip_special_tokens=True).replace(" ", "") == "<think><tool>"
    model, problems = AutoModelForCausalLM.from_pretrained(tmp_path / "out", output_loading_info=True)
    assert model.get_input_embeddings().weight.shape == (14, HIDDEN)
    assert not problems["missing_keys"] and not problems["mismatched_keys"]


def test_without_a_source_rows_are_merged_by_id_once_forced_and_padding_is_kept(tmp_path: Path) -> None:
    folders = family(tmp_path)
    with pytest.raises(CheckpointError, match="tokenizer_source: base, union or a model's name aligns rows by token"):
        merge_checkpoints(recipe(), folders, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    manifest = merge_checkpoints(recipe(), folders, tmp_path / "out", force=True)
    found, rows = weights_of(tmp_path / "out")[EMBEDDING], [weights_of(folders[n])[EMBEDDING] for n in folders]
    torch.testing.assert_close(found[:12], mixed(rows[0][:12], rows[1][:12], rows[2]))
    torch.testing.assert_close(found[12:], mixed(rows[0][12:], rows[1][12:], rows[0][12:]))
    assert config_of(tmp_path)["vocab_size"] == 16
    assert "slow: 4 vocabulary rows that it lacks are base's" in manifest.notes


def test_threads_and_shards_change_no_byte_of_an_aligned_merge(tmp_path: Path) -> None:
    folders = family(tmp_path)
    for out, threads in (("a", 1), ("b", 3)):
        merge_checkpoints(
            recipe(merge_method="dare_ties", parameters={"density": 0.5}, tokenizer_source="union"),
            folders, tmp_path / out, threads=threads, record_costs=False,
        )  # fmt: skip
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes(), file.name


def test_a_source_that_is_no_model_or_has_no_tokens_is_one_sentence(tmp_path: Path) -> None:
    folders = family(tmp_path)
    for source, sentence in (("nobody", "'nobody' is not among the models"), ("quick", "quick has no vocabulary in a")):
        (folders["quick"] / "tokenizer.json").unlink(missing_ok=True)
        findings = plan_merge(recipe(tokenizer_source=source), folders).findings
        assert [sentence in finding.sentence for finding in findings if finding.fatal] == [True]
