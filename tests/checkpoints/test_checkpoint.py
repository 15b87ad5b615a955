"""Digests, tied heads, reading and writing."""

import json
import random
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.files.index import INDEX
from l2s.checkpoints.files.writer import CheckpointWriter, TensorPlan
from l2s.checkpoints.reader import CheckpointReader
from l2s.core.errors import CheckpointError
from tests.tiny import random_weights, write_checkpoint

WORDS = {torch.float32: "F32", torch.bfloat16: "BF16", torch.int64: "I64", torch.uint8: "U8"}


def test_a_digest_does_not_depend_on_shards_place_or_who_wrote_the_config(tmp_path: Path) -> None:
    weights = random_weights(0)
    one = write_checkpoint(tmp_path / "one", weights, 1, _name_or_path="/here", transformers_version="4")
    three = write_checkpoint(tmp_path / "three", weights, 3)
    assert Checkpoint(one).digest == Checkpoint(three).digest
    assert Checkpoint(one).weights_digest == Checkpoint(three).weights_digest
    assert Checkpoint(one).digest.startswith("blake3:") and len(Checkpoint(one).digest) == 71


@pytest.mark.parametrize("what", ["entry", "name", "dtype", "shape", "config", "tokenizer", "template", "generation"])
def test_a_digest_depends_on_everything_that_decides_an_answer(what: str, tmp_path: Path) -> None:
    weights = random_weights(0)
    whole = Checkpoint(write_checkpoint(tmp_path / "a", weights))
    if what == "entry":
        weights["model.norm.weight"][7] += 1e-6
    elif what == "name":
        weights["model.norm2.weight"] = weights.pop("model.norm.weight")
    elif what == "shape":
        weights["model.norm.weight"] = weights["model.norm.weight"].view(2, 4)
    elif what == "dtype":
        weights["model.norm.weight"] = weights["model.norm.weight"].view(torch.int32)
    folder = write_checkpoint(tmp_path / "b", weights, **({"rms_norm_eps": 1e-5} if what == "config" else {}))
    if what == "tokenizer":
        (folder / "tokenizer.json").write_text("{}")
    elif what == "template":
        (folder / "chat_template.jinja").write_text("{{ messages }}")
    elif what == "generation":
        (folder / "generation_config.json").write_text("{}")
    changed = Checkpoint(folder)
    assert changed.digest != whole.digest
    assert (changed.weights_digest != whole.weights_digest) == (what in ("entry", "name", "shape", "dtype"))


@pytest.mark.parametrize("shards", [1, 3])
def test_a_tied_head_is_the_embedding(shards: int, tmp_path: Path) -> None:
    weights = random_weights(0)
    checkpoint = Checkpoint(write_checkpoint(tmp_path / "m", weights, shards))
    assert checkpoint.tied and "lm_head.weight" not in checkpoint.names()
    with CheckpointReader(checkpoint) as reader:
        assert torch.equal(reader.read("lm_head.weight"), weights["model.embed_tokens.weight"])
        for name in checkpoint.names():
            assert torch.equal(reader.read(name), weights[name])
        with pytest.raises(CheckpointError, match="m: holds no tensor nothing"):
            reader.read("nothing")


def test_a_head_is_tied_where_it_is_the_embedding_byte_for_byte(tmp_path: Path) -> None:
    weights = random_weights(0, tied=False)
    untied = Checkpoint(write_checkpoint(tmp_path / "untied", weights))
    assert not untied.tied and untied.names()[0] == "lm_head.weight"
    with CheckpointReader(untied) as reader:
        assert torch.equal(reader.read("lm_head.weight"), weights["lm_head.weight"])
    claimed = Checkpoint(write_checkpoint(tmp_path / "claimed", weights, tie_word_embeddings=True))
    assert not claimed.tied and claimed.names() == untied.names() and claimed.weights_digest == untied.weights_digest
    same = weights | {"lm_head.weight": weights["model.embed_tokens.weight"].clone()}
    tied = Checkpoint(write_checkpoint(tmp_path / "tied", same, tie_word_embeddings=True))
    assert tied.tied and "lm_head.weight" not in tied.names()
    assert tied.weights_digest == Checkpoint(write_checkpoint(tmp_path / "bare", random_weights(0))).weights_digest
    with CheckpointReader(tied) as reader:
        assert torch.equal(reader.read("lm_head.weight"), weights["model.embed_tokens.weight"])
    kept = Checkpoint(write_checkpoint(tmp_path / "kept", same, tie_word_embeddings=False))
    assert not kept.tied and "lm_head.weight" in kept.names()


@pytest.mark.parametrize(
    ("embedding", "head"),
    [
        ("model.embed_tokens.weight", "lm_head.weight"),
        ("gpt_neox.embed_in.weight", "embed_out.weight"),
        ("model.tok_embeddings.weight", "output.weight"),
        ("language_model.model.embed_tokens.weight", "language_model.lm_head.weight"),
        ("transformer.embedding.word_embeddings.weight", "transformer.output_layer.weight"),
        ("backbone.embeddings.weight", "lm_head.weight"),
    ],
)
def test_heads_are_known_by_every_name(embedding: str, head: str, tmp_path: Path) -> None:
    weights = {embedding: torch.randn(5, 3), "model.layers.0.mlp.output.weight": torch.randn(5, 3)}
    bare = Checkpoint(write_checkpoint(tmp_path / "bare", weights, tie_word_embeddings=True))
    assert bare.tied and bare.entry(head).name == embedding
    own = Checkpoint(write_checkpoint(tmp_path / "own", weights | {head: torch.randn(5, 3)}))
    assert not own.tied and own.head == head and own.stored_heads == (head,)


def test_heads_of_labels_and_unknown_heads_are_never_the_embedding(tmp_path: Path) -> None:
    for name, shape in {"score.weight": (2, 8), "v_head.summary.weight": (1, 8), "odd_head.weight": (16, 8)}.items():
        weights = random_weights(0) | {name: torch.randn(shape)}
        model = Checkpoint(write_checkpoint(tmp_path / name, weights, tie_word_embeddings=False))
        assert model.other_heads == (name,) and not model.tied and not model.stored_heads and name in model.names()


def test_buffers_that_loaders_compute_are_left_out(tmp_path: Path) -> None:
    buffers = {
        "model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(2),
        "transformer.h.0.attn.bias": torch.ones(1, 1, 4, 4, dtype=torch.bool),
        "transformer.h.0.attn.masked_bias": torch.tensor(-1e4),
        "gpt_neox.layers.0.attention.bias": torch.ones(1, 1, 4, 4, dtype=torch.uint8),
        "embeddings.position_ids": torch.arange(4)[None],
        "rope.freqs": torch.ones(2),
    }
    weights = {"transformer.h.0.attn.c_attn.bias": torch.ones(4), "model.layers.1.attn.bias": torch.ones(4)}
    model = Checkpoint(write_checkpoint(tmp_path / "m", weights | buffers))
    assert set(model.names()) == weights.keys() and set(model.recomputed) == buffers.keys()


def tensors() -> dict[str, torch.Tensor]:
    return {
        "a": torch.arange(3, dtype=torch.uint8),
        "b": torch.randn(5, 7).bfloat16(),
        "c": torch.randn(()),
        "d": torch.arange(4),
        "e": torch.empty(0, 3),
        "f": torch.randn(6, 4).t(),
    }


def plans(found: dict[str, torch.Tensor]) -> list[TensorPlan]:
    return [TensorPlan(name, WORDS[tensor.dtype], tuple(tensor.shape)) for name, tensor in found.items()]


def write(folder: Path, found: dict[str, torch.Tensor], order: list[str], most: int) -> dict[str, bytes]:
    folder.mkdir()
    with CheckpointWriter(folder, plans(found), most) as writer:
        for name in order:
            writer.write(name, found[name])
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("most", [1, 100, 10**9])
def test_what_is_written_is_read_and_the_order_of_writing_changes_no_byte(most: int, tmp_path: Path) -> None:
    found = tensors()
    forward = write(tmp_path / "forward", found, list(found), most)
    shuffled = random.Random(0).sample(list(found), len(found))
    assert shuffled != list(found)
    assert write(tmp_path / "shuffled", found, shuffled, most) == forward
    back = {}
    for name in forward:
        if name.endswith(".safetensors"):
            back |= load_file(tmp_path / "forward" / name)
    assert back.keys() == found.keys()
    assert all(torch.equal(back[name], tensor) and back[name].dtype == tensor.dtype for name, tensor in found.items())
    assert sum(entry.size for entry in Checkpoint(tmp_path / "forward").index.entries.values()) == sum(
        plan.size for plan in plans(found)
    )
    assert (INDEX in forward) == (most < 10**9)


def test_shards_keep_below_their_size_and_the_index_says_where(tmp_path: Path) -> None:
    found = {f"w{number}": torch.randn(10) for number in range(7)}
    written = write(tmp_path / "m", found, list(found), 100)
    index = json.loads(written.pop(INDEX))
    assert index["metadata"] == {"total_size": 280}
    assert sorted(written) == [f"model-{n:05}-of-00004.safetensors" for n in range(1, 5)]
    for name, shard in index["weight_map"].items():
        assert torch.equal(load_file(tmp_path / "m" / shard)[name], found[name])
    assert max(sum(t.numel() * 4 for t in load_file(tmp_path / "m" / shard).values()) for shard in written) <= 100


def test_every_tensor_starts_at_a_multiple_of_its_entries_size(tmp_path: Path) -> None:
    found = tensors()
    write(tmp_path / "m", found, list(found), 10**9)
    for name, entry in Checkpoint(tmp_path / "m").index.entries.items():
        assert entry.start % found[name].element_size() == 0, name


def test_without_an_embedding_nothing_is_tied(tmp_path: Path) -> None:
    assert not Checkpoint(write_checkpoint(tmp_path / "m", {"model.norm.weight": torch.ones(8)})).tied


def test_a_forgotten_tensor_is_our_bug(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"never written: \['d'\]"):
        write(tmp_path / "m", tensors(), list("abcef"), 100)
    assert not (tmp_path / "m" / INDEX).exists()
