"""A checkpoint is whole or of no account."""

from pathlib import Path

import pytest

from l2s.training.checkpoints import complete, folder_of, newest, remove


def written(work: Path, step: int) -> Path:
    folder = work / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def test_the_newest_whole_one_is_taken(tmp_path: Path) -> None:
    for step in (2, 10, 4):
        complete(written(tmp_path, step), {"history": [{"step": step}]})
    half = written(tmp_path, 12)  # killed before it was whole
    assert newest(tmp_path) == (tmp_path / "checkpoint-10", {"history": [{"step": 10}]})
    assert not half.exists()


def test_of_other_settings_nothing_is_taken(tmp_path: Path) -> None:
    complete(written(folder_of(tmp_path, "one"), 2), {})
    assert newest(folder_of(tmp_path, "two")) is None
    assert not (tmp_path / "one").exists()
    assert folder_of(tmp_path, "two").is_dir()


def test_a_kill_while_states_are_taken_away_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    complete(written(folder_of(tmp_path / "work", "one"), 2), {})

    def killed(folder: Path) -> None:
        for weights in folder.rglob("*.safetensors"):
            weights.unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("shutil.rmtree", lambda folder, ignore_errors=False: ignore_errors or killed(folder))
        remove(tmp_path / "work")
    assert newest(folder_of(tmp_path / "work", "one")) is None
