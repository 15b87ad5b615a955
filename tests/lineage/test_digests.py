"""Digests: of files as BLAKE3 gives them, of weights part by part, with no byte left out."""

import json
from pathlib import Path

import pytest
import torch
from blake3 import blake3
from safetensors.torch import save_file

from l2s.lineage.artefacts import artefacts_in, describe
from l2s.lineage.digests import digest_files, digest_parts, parts_of
from tests.lineage.conftest import flipped
from tests.tiny import random_weights, write_checkpoint


def of(content: bytes) -> str:
    return f"blake3:{blake3(content).hexdigest()}"


def test_a_plain_file_has_the_digest_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_bytes(b"rows")
    (tmp_path / "empty").write_bytes(b"")
    found = digest_files([tmp_path / "rows.jsonl", tmp_path / "empty"])
    assert (found[tmp_path / "rows.jsonl"].digest, found[tmp_path / "rows.jsonl"].size) == (of(b"rows"), 4)
    assert found[tmp_path / "empty"].digest == of(b"") and not found[tmp_path / "empty"].parts


def test_weights_are_cut_into_header_and_tensors_that_cover_every_byte(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    save_file({"b": torch.arange(6.0).reshape(2, 3), "a": torch.ones(3), "none": torch.zeros(0, 4)}, file)
    content, found = file.read_bytes(), digest_files([file])[file]
    header = 8 + int.from_bytes(content[:8], "little")
    assert found.parts[""] == of(content[:header]) and found.parts["none"] == of(b"")
    assert found.parts["a"] == of(torch.ones(3).numpy().tobytes())
    assert found.parts["b"] == of(torch.arange(6.0).numpy().tobytes())
    assert found.size == len(content) and found.digest == digest_parts(found.parts)


def test_every_bit_counts(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    save_file({"a": torch.ones(2), "b": torch.zeros(3)}, file)
    content = file.read_bytes()
    seen, bits = {digest_files([file])[file].digest}, range(0, 8 * len(content), 5)
    for bit in bits:  # 5 has no factor with 8: every place in a byte has its turn
        file.write_bytes(flipped(content, bit))
        seen.add(digest_files([file])[file].digest)
    assert len(seen) == len(bits) + 1


@pytest.mark.parametrize("damage", ["cut", "hole", "no header"])
def test_weights_that_cannot_be_cut_are_hashed_whole(damage: str, tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    places = {"a": [0, 4], "b": [8, 12]} if damage == "hole" else {}
    tensors = {name: {"dtype": "F32", "shape": [1], "data_offsets": place} for name, place in places.items()}
    header = json.dumps(tensors).encode()
    content = len(header).to_bytes(8, "little") + header + bytes(12)
    file.write_bytes(content[:5] if damage == "cut" else content)
    found = digest_files([file])[file]
    assert found.digest == of(file.read_bytes()) and not found.parts and len(parts_of(file)) == 1


def test_what_is_known_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "rows"
    file.write_text("rows")
    assert digest_files([file], {file: {"": "blake3:known"}})[file].digest == "blake3:known"


def test_a_models_facts_are_the_digests_that_others_keep(tmp_path: Path) -> None:
    from l2s.checkpoints import Checkpoint

    for shards in (1, 3):
        model = write_checkpoint(tmp_path / f"model-{shards}", random_weights(0), shards=shards)
        (found,) = describe([model], str)
        checkpoint = Checkpoint(model)
        assert found.facts == {"weights": checkpoint.weights_digest, "model": checkpoint.digest}
        assert set(found.files) == {file.name for file in model.iterdir()}


def test_artefacts_are_model_folders_and_files_and_nothing_hidden(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "models" / "one", random_weights(0))
    for name in ("models/.gitignore", "models/one/.gitignore", "models/two.jsonl", "models/two.jsonl.lineage.json"):
        (tmp_path / name).write_text("")
    assert artefacts_in(tmp_path / "models") == [tmp_path / "models/one", tmp_path / "models/two.jsonl"]
    (found,) = describe([tmp_path / "models/one"], str)
    assert ".gitignore" not in found.files and artefacts_in(tmp_path / "none") == []
