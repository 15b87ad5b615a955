"""Rows of one vocabulary, against the rows picked one by one; nothing is cut, nothing made up, nothing unsaid."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.open import open_checkpoint, open_reader
from l2s.checkpoints.views.aligned import AlignedCheckpoint
from l2s.checkpoints.vocabulary import Vocabulary, align_vocabulary
from l2s.core.errors import CheckpointError
from tests.checkpoints.test_adapter import embedding_factors, write_adapter
from tests.tiny import HIDDEN, VOCABULARY, random_weights, write_checkpoint

EMBEDDING, HEAD = "model.embed_tokens.weight", "lm_head.weight"


def write_model(
    folder: Path, tokens: list[str] | None, rows: int, tied: bool = True, dtype: torch.dtype = torch.float32
) -> Checkpoint:
    """A model whose embedding rows are all different; tokens in angle brackets are added ones."""
    weights = random_weights(len(folder.name), tied=tied)
    for name in (EMBEDDING, HEAD) if not tied else (EMBEDDING,):
        weights[name] = torch.randn(rows, HIDDEN, generator=torch.Generator().manual_seed(rows + len(folder.name)))
    write_checkpoint(folder, weights, dtype=dtype, vocab_size=rows)
    if tokens is None:
        (folder / "tokenizer.json").unlink()
    else:
        plain = {token: number for number, token in enumerate(tokens) if not token.startswith("<")}
        added = [{"id": n, "content": t, "special": True} for n, t in enumerate(tokens) if t.startswith("<")]
        content = {"model": {"type": "BPE", "vocab": plain, "merges": []}, "added_tokens": added}
        (folder / "tokenizer.json").write_text(json.dumps(content))
    return Checkpoint(folder)


def plain(count: int) -> list[str]:
    return [f"t{number}" for number in range(count)]


def embedding(model: Checkpoint, name: str = EMBEDDING) -> Tensor:
    with open_reader(model) as reader:
        return reader.read(name).clone()


def sentences(found: Vocabulary) -> list[str]:
    assert not any(finding.fatal for finding in found.findings)
    return [finding.sentence for finding in found.findings]


def test_models_of_one_vocabulary_stay_as_they_are(tmp_path: Path) -> None:
    models = {name: write_model(tmp_path / name, plain(16), 20) for name in ("base", "slow")}
    for way in ("ids", "donor", "union"):
        assert align_vocabulary(models, "slow", way) == Vocabulary(models)  # type: ignore[arg-type]


@pytest.mark.parametrize("donor", ["base", "slow"])
@pytest.mark.parametrize("tied", [True, False])
def test_padding_of_other_length_is_aligned_by_id_and_never_cut(donor: str, tied: bool, tmp_path: Path) -> None:
    base = write_model(tmp_path / "base", plain(16), 18, tied)
    slow, quick = (write_model(tmp_path / name, plain(16), 24, tied) for name in ("slow", "quicker"))
    found = align_vocabulary({"base": base, "slow": slow, "quick": quick}, donor, base="base")
    assert found.models["slow"] is slow and found.models["quick"] is quick
    aligned = found.models["base"]
    for name in (EMBEDDING, HEAD):
        assert torch.equal(embedding(aligned, name), torch.cat([embedding(base, name), embedding(slow, name)[18:]]))
        assert aligned.entry(name).shape == (24, HIDDEN)
    assert aligned.digest == base.digest and aligned.weights_digest == base.weights_digest and aligned.tied is tied
    assert sentences(found) == [
        "the merged vocabulary has 24 rows, aligned by id",
        "base: 6 vocabulary rows that it lacks are slow's",
    ]


def test_a_row_comes_from_the_base_first_and_then_from_the_donor(tmp_path: Path) -> None:
    models = {name: write_model(tmp_path / name, plain(4), rows) for name, rows in
              (("base", 18), ("quick", 16), ("slow", 20), ("other", 20))}  # fmt: skip
    found = align_vocabulary(models, "other", base="base")
    expected = [embedding(models["quick"]), embedding(models["base"])[16:], embedding(models["other"])[18:]]
    assert torch.equal(embedding(found.models["quick"]), torch.cat(expected))
    assert "quick: 2 vocabulary rows that it lacks are base's" in sentences(found)
    assert "quick: 2 vocabulary rows that it lacks are other's" in sentences(found)


def slow_rows(
    found: dict[str, tuple[Checkpoint, list[str]]], order: list[str], name: str, target: list[str | None]
) -> Tensor:
    """The rows of ``target`` in one model, one by one: its own, else those of the first in ``order`` that has them."""
    rows = []
    for place, token in enumerate(target):
        for owner in [name, *order]:
            model, tokens = found[owner]
            table = embedding(model)
            if token is not None and token in tokens:
                rows.append(table[tokens.index(token)])
                break
            if token is None and len(tokens) <= place < len(table):
                rows.append(table[place])
                break
        else:
            raise AssertionError(f"nobody has {token} at {place}")
    return torch.stack(rows)


def family(tmp_path: Path) -> dict[str, tuple[Checkpoint, list[str]]]:
    """Like Qwen and its R1 distillation: the same first ids, then other marks; and other padding."""
    tokens = {
        "base": [*plain(8), "<end>", "<im_start>", "<im_end>"],
        "quick": [*plain(8), "<end>", "<im_start>", "<im_end>", "<tool>"],
        "slow": [*plain(8), "<eos>", "<User>", "<end>", "<think>"],
    }
    rows = {"base": 16, "quick": 16, "slow": 14}
    return {name: (write_model(tmp_path / name, found, rows[name]), found) for name, found in tokens.items()}


@pytest.mark.parametrize("donor", ["base", "quick", "slow"])
def test_rows_are_those_of_the_donors_tokens(donor: str, tmp_path: Path) -> None:
    found = family(tmp_path)
    models = {name: model for name, (model, _) in found.items()}
    aligned = align_vocabulary(models, donor, "donor", base="base")
    rows = {"base": 16, "quick": 16, "slow": 14}[donor]
    target = [*found[donor][1], *[None] * (rows - len(found[donor][1]))]
    for name in models:
        expected = slow_rows(found, ["base", donor, *models], name, target)
        assert torch.equal(embedding(aligned.models[name]), expected), name
        assert aligned.models[name].entry(EMBEDDING).shape == (rows, HIDDEN)
    assert aligned.models[donor] is models[donor] and aligned.added == ()
    if donor == "slow":
        assert sentences(aligned) == [
            "the merged vocabulary has 14 rows, aligned by token string, with the ids of slow's tokenizer",
            "2 tokens of base have no row, since slow lacks them: '<im_start>', '<im_end>'",
            "3 tokens of quick have no row, since slow lacks them: '<im_start>', '<im_end>', '<tool>'",
            "base: 1 vocabulary rows change places",
            "base: 3 vocabulary rows that it lacks are slow's",
            "quick: 1 vocabulary rows change places",
            "quick: 3 vocabulary rows that it lacks are slow's",
        ]


def test_a_union_keeps_the_donors_ids_and_adds_the_others_behind(tmp_path: Path) -> None:
    found = family(tmp_path)
    models = {name: model for name, (model, _) in found.items()}
    aligned = align_vocabulary(models, "slow", "union", base="base")
    target = [*found["slow"][1], "<im_start>", "<im_end>", "<tool>"]
    assert [(entry["id"], entry["content"], entry["special"]) for entry in aligned.added] == [
        (12, "<im_start>", True), (13, "<im_end>", True), (14, "<tool>", True)
    ]  # fmt: skip
    for name in models:
        expected = slow_rows(found, ["base", "slow", *models], name, target)  # type: ignore[arg-type]
        assert torch.equal(embedding(aligned.models[name]), expected), name
    assert "3 tokens that slow lacks are added to its tokenizer: '<im_start>', '<im_end>', '<tool>'" in sentences(
        aligned
    )
    assert "slow: 2 vocabulary rows that it lacks are base's" in sentences(aligned)
    assert "slow: 1 vocabulary rows that it lacks are quick's" in sentences(aligned)


def test_reading_by_rows_is_reading_the_whole(tmp_path: Path) -> None:
    found = {name: model for name, (model, _) in family(tmp_path).items()}
    for model in align_vocabulary(found, "slow", "union", base="base").models.values():
        with open_reader(model) as reader:
            whole = reader.read(EMBEDDING)
            for start in range(len(whole)):
                for stop in range(start + 1, len(whole) + 1):
                    assert torch.equal(reader.rows(EMBEDDING, start, stop), whole[start:stop])
            assert torch.equal(reader.read(HEAD), whole) and torch.equal(reader.rows(HEAD, 3, 5), whole[3:5])
            norm = reader.read("model.norm.weight")
            assert norm.shape == (HIDDEN,) and torch.equal(reader.rows("model.norm.weight", 1, 3), norm[1:3])


@pytest.mark.parametrize(("multiple", "rows"), [(8, 16), (7, 14), (10, 20), (1, 14), (64, 64)])
def test_rows_are_filled_up_with_the_mean_of_the_tokens_rows(multiple: int, rows: int, tmp_path: Path) -> None:
    models = {name: write_model(tmp_path / name, plain(9), 14) for name in ("base", "slower")}
    found = align_vocabulary(models, "slower", "donor", pad_to_multiple_of=multiple)
    for name, model in found.models.items():
        own = embedding(models[name])
        table = embedding(model)
        assert len(table) == rows and torch.equal(table[:14], own)
        expected = own[:9].double().mean(0).float().expand(rows - 14, HIDDEN)
        torch.testing.assert_close(table[14:], expected, rtol=1e-6, atol=1e-7)
        sentence = f"{name}: {rows - 14} vocabulary rows that no model has are the mean of its tokens' rows"
        assert (sentence in sentences(found)) == (rows > 14)


def test_rows_of_other_formats_come_as_float32(tmp_path: Path) -> None:
    base = write_model(tmp_path / "base", plain(4), 16, dtype=torch.bfloat16)
    slow = write_model(tmp_path / "slow", plain(4), 20)
    aligned = align_vocabulary({"base": base, "slow": slow}, "slow").models["base"]
    expected = torch.cat([embedding(base).float(), embedding(slow)[16:]])
    assert torch.equal(embedding(aligned), expected) and aligned.entry(EMBEDDING).dtype == "BF16"


def test_an_adapted_model_is_aligned_like_any_other(tmp_path: Path) -> None:
    base = write_model(tmp_path / "base", plain(16), VOCABULARY, tied=False)
    adapter = write_adapter(tmp_path / "adapter", embedding_factors())
    slow = write_model(tmp_path / "slow", plain(16)[::-1], 18, tied=False)
    models = {"base": base, "tuned": open_checkpoint(f"{base.path}+{adapter}"), "slow": slow}
    found = align_vocabulary(models, "slow", "donor", base="base")
    own = embedding(models["tuned"])
    expected = torch.cat([own.flip(0), embedding(slow)[16:]])
    torch.testing.assert_close(embedding(found.models["tuned"]), expected, rtol=1e-6, atol=1e-6)


def test_a_model_without_a_tokenizer_is_taken_to_have_the_donors_ids(tmp_path: Path) -> None:
    bare, slow = write_model(tmp_path / "bare", None, 16), write_model(tmp_path / "slow", plain(12), 20)
    found = align_vocabulary({"bare": bare, "slow": slow}, "slow", "union").models["bare"]
    assert isinstance(found, AlignedCheckpoint)
    assert torch.equal(embedding(found), torch.cat([embedding(bare), embedding(slow)[16:]]))
    with pytest.raises(
        CheckpointError, match=r"tokenizer_source: bare has no vocabulary in a tokenizer\.json, so rows"
    ):
        align_vocabulary({"bare": bare, "slow": slow}, "bare", "donor")


def test_tokens_beyond_the_rows_have_none(tmp_path: Path) -> None:
    base, slow = write_model(tmp_path / "base", plain(20), 16), write_model(tmp_path / "slow", plain(20)[::-1], 20)
    found: Any = align_vocabulary({"base": base, "slow": slow}, "slow", "donor", base="base").models["base"]
    expected = torch.cat([embedding(slow)[:4], embedding(base).flip(0)])
    assert torch.equal(embedding(found), expected)
