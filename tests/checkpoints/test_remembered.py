"""Digests that are kept: used as long as a file is the same, and not a moment longer."""

import json
import os
from pathlib import Path

import pytest
from blake3 import blake3

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.files import digest as digest_module
from l2s.checkpoints.files import remembered
from l2s.checkpoints.files.index import TensorEntry
from l2s.core import files
from l2s.core.files import user_cache
from tests.tiny import random_weights, write_checkpoint


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(files, "SETTLED", 0.0)
    return write_checkpoint(tmp_path / "model", random_weights(0))


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of tensors that are really hashed."""
    names: list[str] = []
    before = digest_module.digest_tensor

    def noted(entry: TensorEntry, algorithm: str) -> str:
        names.append(entry.name)
        return before(entry, algorithm)

    monkeypatch.setattr(digest_module, "digest_tensor", noted)
    return names


def test_a_file_is_hashed_once(model: Path, hashed: list[str]) -> None:
    first = Checkpoint(model).weights_digest
    count = len(hashed)
    assert count > 5 and Checkpoint(model).weights_digest == first and len(hashed) == count


@pytest.mark.parametrize("keep_time", [False, True])
def test_a_changed_byte_is_seen_even_if_the_time_is_set_back(keep_time: bool, model: Path, hashed: list[str]) -> None:
    first, file = Checkpoint(model).weights_digest, model / "model.safetensors"
    times = (file.stat().st_atime_ns, file.stat().st_mtime_ns)
    with open(file, "r+b") as stream:
        stream.seek(-3, os.SEEK_END)
        byte = stream.read(1)
        stream.seek(-3, os.SEEK_END)
        stream.write(bytes([byte[0] ^ 1]))
    if keep_time:
        os.utime(file, ns=times)
    assert Checkpoint(model).weights_digest != first


def test_another_model_in_the_same_place_is_seen(model: Path, hashed: list[str]) -> None:
    first = Checkpoint(model).weights_digest
    other = write_checkpoint(model.with_name("other"), random_weights(1))
    os.replace(other / "model.safetensors", model / "model.safetensors")
    assert Checkpoint(model).weights_digest != first


def test_what_just_changed_is_not_kept(model: Path, hashed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "SETTLED", 60.0)
    assert Checkpoint(model).weights_digest == Checkpoint(model).weights_digest
    assert len(hashed) == 2 * len(set(hashed))


@pytest.mark.parametrize("damage", ["", "[]", '{"is": 1}', '{"is": [], "digests": []}', "{"])
def test_a_damaged_cache_costs_only_time(damage: str, model: Path, hashed: list[str]) -> None:
    first = Checkpoint(model).weights_digest
    (kept,) = (user_cache() / "digests").iterdir()
    content = json.loads(kept.read_text())
    kept.write_text(damage.replace("[]", json.dumps(content["is"])) if damage else damage)
    assert Checkpoint(model).weights_digest == first


def test_the_cache_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "MOST", 6)
    monkeypatch.setattr(files, "SETTLED", 0.0)
    models = [write_checkpoint(tmp_path / str(n), random_weights(n)) for n in range(20)]
    for model in models:
        assert Checkpoint(model).weights_digest
    assert 3 <= len(list((user_cache() / "digests").iterdir())) <= 6
    assert remembered.recall(models[-1] / "model.safetensors"), "what was hashed last is known"


def test_a_cache_that_cannot_be_written_is_none(model: Path, hashed: list[str]) -> None:
    user_cache().parent.mkdir(parents=True, exist_ok=True)
    user_cache().write_text("in the way")
    assert Checkpoint(model).weights_digest == Checkpoint(model).weights_digest


def test_an_empty_tensor_is_not_taken_for_its_neighbour_that_begins_at_the_same_byte(tmp_path: Path) -> None:
    """A tensor of nothing has no byte of its own."""
    entries = [
        TensorEntry(name, "F32", (size // 4,), tmp_path / "file", 0, size) for name, size in (("a", 0), ("b", 8))
    ]
    (tmp_path / "file").write_bytes(b"12345678")
    for order in (entries, entries[::-1]):
        digests = dict(zip([entry.name for entry in order], digest_module.digest_tensors(order), strict=True))
        assert digests == {
            name: f"blake3:{blake3(content).hexdigest()}" for name, content in (("a", b""), ("b", b"12345678"))
        }
