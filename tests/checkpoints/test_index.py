"""What a folder holds, from headers: whole, sharded, damaged in every way we know."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from l2s.checkpoints import Checkpoint, is_complete
from l2s.checkpoints.files.index import INDEX, natural, read_index
from l2s.core import files
from l2s.core.errors import CheckpointError
from tests.tiny import random_weights, write_checkpoint

SHARD = "model-00002-of-00003.safetensors"


@pytest.mark.parametrize("shards", [1, 3])
def test_names_shapes_and_dtypes_come_from_headers(shards: int, tmp_path: Path) -> None:
    weights = random_weights(0)
    index = read_index(write_checkpoint(tmp_path / "m", weights, shards, torch.bfloat16))
    assert {name: entry.shape for name, entry in index.entries.items()} == {
        n: tuple(t.shape) for n, t in weights.items()
    }
    assert {entry.dtype for entry in index.entries.values()} == {"BF16"}
    assert sum(entry.size for entry in index.entries.values()) == 2 * sum(tensor.numel() for tensor in weights.values())
    for entry in index.entries.values():
        with open(entry.file, "rb") as file:
            file.seek(entry.start)
            assert file.read(entry.size) == weights[entry.name].bfloat16().view(torch.uint8).numpy().tobytes()


def test_layers_are_sorted_as_numbers() -> None:
    names = ["model.layers.10.a", "model.norm", "model.layers.2.b", "model.layers.2.a", "lm_head"]
    assert sorted(names, key=natural) == [
        "lm_head",
        "model.layers.2.a",
        "model.layers.2.b",
        "model.layers.10.a",
        "model.norm",
    ]


def sharded(tmp_path: Path) -> Path:
    return write_checkpoint(tmp_path / "m", random_weights(0), shards=3)


def test_an_absent_shard_is_named(tmp_path: Path) -> None:
    (sharded(tmp_path) / SHARD).unlink()
    with pytest.raises(CheckpointError, match=f"{SHARD}, named by {INDEX}, is missing: incomplete download"):
        read_index(tmp_path / "m")
    assert not is_complete(tmp_path / "m")


def test_every_damaged_shard_is_named_at_once(tmp_path: Path) -> None:
    folder = sharded(tmp_path)
    (folder / "model-00001-of-00003.safetensors").unlink()
    (folder / SHARD).write_bytes((folder / SHARD).read_bytes()[:-1])
    with pytest.raises(CheckpointError) as caught:
        read_index(folder)
    assert "model-00001-of-00003.safetensors, named by" in str(caught.value) and f"{SHARD}: cut short" in str(
        caught.value
    )


def test_a_tensor_that_its_shard_lacks_is_named(tmp_path: Path) -> None:
    shard = sharded(tmp_path) / SHARD
    tensors = load_file(shard)
    gone = sorted(tensors)[0]
    del tensors[gone]
    save_file(tensors, shard)
    with pytest.raises(CheckpointError, match=f"{SHARD}: lacks {gone}, which {INDEX} places there"):
        read_index(tmp_path / "m")


def test_a_tensor_that_the_index_does_not_list_is_ignored_and_reported(tmp_path: Path) -> None:
    folder = sharded(tmp_path)
    index = json.loads((folder / INDEX).read_text())
    stale = next(name for name, shard in index["weight_map"].items() if shard != SHARD)
    save_file({**load_file(folder / SHARD), stale: torch.zeros(3), "extra": torch.zeros(3)}, folder / SHARD)
    found = read_index(folder)
    assert found.entries[stale].file.name == index["weight_map"][stale] and "extra" not in found.entries
    assert f"extra in {SHARD}" in found.notes[0] and f"{stale} in {SHARD}" in found.notes[0]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda content: content[:-1], "cut short: .* bytes, its header says"),
        (lambda content: content + b"x", "too long"),
        (lambda content: content[:50], "cut short within its header, at 50 bytes"),
        (lambda content: content[:5], "not a safetensors file"),
        (lambda content: b"", "not a safetensors file"),
        (lambda content: b"\xff" * 100, "not a safetensors file"),
    ],
)
def test_a_damaged_file_is_one_sentence(change: object, sentence: str, tmp_path: Path) -> None:
    file = write_checkpoint(tmp_path / "m", random_weights(0)) / "model.safetensors"
    file.write_bytes(change(file.read_bytes()))  # type: ignore[operator]
    with pytest.raises(CheckpointError, match=f"model.safetensors: .*{sentence}.*fetch model.safetensors again"):
        read_index(tmp_path / "m")


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "expected a JSON object"),
        ("{}", "holds no weight_map"),
        ("[" * 100_000, "brackets are nested too deep"),
        ('{"weight_map": {"a": "../other/model.safetensors"}}', "in the same folder"),
        ('{"weight_map": {"a": 3}}', "in the same folder"),
    ],
)
def test_a_damaged_index_is_one_sentence(found: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / INDEX).write_text(found)
    with pytest.raises(CheckpointError, match=sentence):
        read_index(tmp_path)


def test_a_pickle_is_refused_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80")
    with pytest.raises(CheckpointError, match=r"holds pytorch_model.bin, a pickle.*convert it.*save_pretrained"):
        read_index(tmp_path)


def test_folders_without_weights_say_what_they_hold(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="found nothing"):
        read_index(tmp_path)
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(CheckpointError, match=r"no model.safetensors and no .*; found notes.txt"):
        read_index(tmp_path)
    with pytest.raises(CheckpointError, match="nowhere: no such model folder"):
        read_index(tmp_path / "nowhere")


def test_a_missing_or_broken_config_is_one_sentence(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "m", random_weights(0))
    assert is_complete(folder)
    (folder / "config.json").write_text("[]")
    with pytest.raises(CheckpointError, match="expected a JSON object, found list"):
        _ = Checkpoint(folder).config
    (folder / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"m: no config\.json"):
        _ = Checkpoint(folder).config
    assert not is_complete(folder)


def test_a_header_is_read_once_while_its_file_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_checkpoint(tmp_path / "model", random_weights(0))
    parsed, loads = list[str](), json.loads
    monkeypatch.setattr(json, "loads", lambda text, **how: parsed.append("") or loads(text, **how))
    first = read_index(folder)
    assert read_index(folder) == first and len(parsed) == 2  # it was written just now
    monkeypatch.setattr(files, "SETTLED", -1.0)
    assert read_index(folder) == first == read_index(folder) and len(parsed) == 3
    save_file({"one": torch.zeros(3)}, folder / "model.safetensors")
    assert list(read_index(folder).entries) == ["one"]
    first.entries.clear()
    assert list(read_index(folder).entries) == ["one"] and len(parsed) == 4


def test_a_relative_folder_is_looked_for_where_the_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointError, match=rf"models/a: no such model folder \(looked for from {tmp_path}"):
        read_index(Path("models/a"))
    with pytest.raises(CheckpointError, match=r"/a: no such model folder$"):
        read_index(tmp_path / "a")
