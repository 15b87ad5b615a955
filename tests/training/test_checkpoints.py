"""A checkpoint is whole or of no account."""

from pathlib import Path

from l2s.training.checkpoints import complete, folder_of, newest


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
