"""Statistics: a file that reads as it was written, in the same bytes; and the sentences for other files."""

import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from l2s.checkpoints.statistics import Statistics, layer_group
from l2s.core.digests import digest_file
from l2s.core.errors import CheckpointError

TENSORS = {"model.layers.10.mlp.up_proj.weight": torch.rand(7), "a": torch.tensor(0.5), "b": torch.rand(4, 2).T[0]}


def test_reads_as_written(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "s.safetensors"
    Statistics("activations", TENSORS, {"model": "básis", "seed": "0"}).write(path)
    found = Statistics.read(path)
    assert (found.kind, found.about, found.digest) == (
        "activations",
        {"model": "básis", "seed": "0"},
        digest_file(path),
    )
    assert found.tensors.keys() == TENSORS.keys()
    assert all(torch.equal(found.tensors[name], tensor) for name, tensor in TENSORS.items())
    assert [file.name for file in path.parent.iterdir()] == ["s.safetensors"]


def test_the_same_content_is_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    about = {"model": "base", "seed": "1", "texts": "sha256:0"}
    Statistics("sensitivities", TENSORS, about).write(tmp_path / "a")
    backwards = dict(reversed(list(TENSORS.items())))
    Statistics("sensitivities", backwards, dict(reversed(list(about.items())))).write(tmp_path / "b")
    Statistics("activations", TENSORS, about).write(tmp_path / "c")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() != (tmp_path / "c").read_bytes()


def test_what_was_read_does_not_change_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "s"
    Statistics("sensitivities", {"a": torch.ones(3)}).write(path)
    found = Statistics.read(path)
    Statistics("sensitivities", {"a": torch.zeros(3)}).write(path)
    with open(path, "r+b") as file:
        file.write(b"\0" * 40)
    assert torch.equal(found.tensors["a"], torch.ones(3))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_no_number(bad: float, tmp_path: Path) -> None:
    Statistics("activations", {"fine": torch.ones(2), "lm_head.weight": torch.tensor([1.0, bad])}).write(tmp_path / "s")
    with pytest.raises(CheckpointError, match=r"s: lm_head\.weight holds NaN or infinite entries; calibrate again"):
        Statistics.read(tmp_path / "s")


def test_other_files(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="none: no such file; make it with l2s calibrate"):
        Statistics.read(tmp_path / "none")
    (tmp_path / "text").write_text("no tensors here, and rather more than eight bytes")
    with pytest.raises(CheckpointError, match="text: not a safetensors file of statistics"):
        Statistics.read(tmp_path / "text")
    with pytest.raises(CheckpointError, match="not a safetensors file"):
        Statistics.read(tmp_path)
    model = tmp_path / "model"
    for about in ({}, {"l2s": "[]"}, {"l2s": '{"kind": "fisher"}'}):
        save_file({"w": torch.ones(2)}, model, about)
        with pytest.raises(CheckpointError, match="model: holds no calibration statistics; make them with l2s cal"):
            Statistics.read(model)
    save_file({"w": torch.ones(2)}, model, {"l2s": "{"})
    with pytest.raises(CheckpointError, match="model: not a safetensors file of statistics"):
        Statistics.read(model)


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("model.layers.7.self_attn.q_proj.weight", "model.layers.7"),
        ("model.layers.17.input_layernorm.weight", "model.layers.17"),
        ("model.embed_tokens.weight", "model.embed_tokens"),
        ("model.norm.weight", "model.norm"),
        ("lm_head.weight", "lm_head"),
        ("lm_head.bias", "lm_head"),
        ("transformer.h.0.attn.c_attn.bias", "transformer.h.0"),
        ("model.language_model.layers.3.mlp.experts.5.up_proj.weight", "model.language_model.layers.3"),
    ],
)
def test_layer_group(name: str, group: str) -> None:
    assert layer_group(name) == group
