"""Hashing that is begun early: the same digests, each tensor hashed once, and nothing believed of a changed file."""

from pathlib import Path

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.ahead import hashing_inputs
from tests.tiny import random_weights, write_checkpoint


def test_what_was_begun_is_used_and_not_hashed_again(tmp_path: Path, hashed: list[str]) -> None:
    model = write_checkpoint(tmp_path / "model", random_weights(0))
    expected = Checkpoint(model).weights_digest
    count = len(hashed)
    with hashing_inputs({"base_model": str(model), "models": [{"model": "no/folder"}, {"model": str(model)}]}):
        assert Checkpoint(model).weights_digest == expected
    assert len(hashed) == 2 * count


def test_a_file_that_changed_since_is_hashed_again(tmp_path: Path, hashed: list[str]) -> None:
    model = write_checkpoint(tmp_path / "model", random_weights(0))
    other = write_checkpoint(tmp_path / "other", random_weights(1))
    expected = Checkpoint(other).weights_digest
    with hashing_inputs({"base_model": str(model)}):
        (other / "model.safetensors").replace(model / "model.safetensors")
        assert Checkpoint(model).weights_digest == expected


def test_what_is_wrong_with_a_recipe_or_a_model_is_not_said_here(tmp_path: Path) -> None:
    for recipe in (None, "ties", [1], {"base_model": str(tmp_path)}, {"models": {"model": 3}}):
        with hashing_inputs(recipe):
            pass
