"""Files and folders that are whole or absent, whoever else writes there."""

import errno
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from l2s.checkpoints.files.index import read_index
from l2s.core import files
from l2s.core.errors import CheckpointError, RecordError, sentence_of
from l2s.core.files import nearest_beside, replacing_folder, write_text
from l2s.records.lines import numbered_lines


def test_a_second_writer_of_a_folder_is_refused_and_takes_nothing(tmp_path: Path) -> None:
    with replacing_folder(tmp_path / "out") as folder:
        (folder / "first").write_text("1")
        with pytest.raises(BlockingIOError), replacing_folder(tmp_path / "out"):
            pass
        (folder / "second").write_text("2")
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"first", "second"}


def test_what_a_killed_writer_left_is_cleared_unless_it_is_resumed(tmp_path: Path) -> None:
    left = tmp_path / ".out.partial"
    for resume in (True, False):
        (left / "inner").mkdir(parents=True)
        (left / "inner" / "half").write_text("1")
        (left / "link").symlink_to(tmp_path)
        with replacing_folder(tmp_path / "out", resume=resume) as folder:
            assert [*folder.iterdir()] == [] or resume
        assert [*(tmp_path / "out").iterdir()] == [] or resume
    assert {file.name for file in tmp_path.iterdir()} == {"out"}


def test_threads_that_write_one_file(tmp_path: Path) -> None:
    texts = [str(number % 10) * 50_000 for number in range(60)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda text: write_text(tmp_path / "file", text), texts))
    assert (tmp_path / "file").read_text() in texts
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_what_is_there_of_another_kind_is_told_and_not_suggested(tmp_path: Path) -> None:
    (tmp_path / "slow").write_text("")
    (tmp_path / "rows.jsonl").mkdir()
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    for name, kind in {
        "slow": "a file, not a folder",
        "rows.jsonl": "a folder, not a file",
        "gone": "a link to nothing",
    }.items():
        assert nearest_beside(tmp_path / name) == f"; it is {kind}"
    with pytest.raises(CheckpointError, match="slow: no such model folder; it is a file, not a folder"):
        read_index(tmp_path / "slow")
    with pytest.raises(RecordError, match=r"rows\.jsonl: no such file; .*; it is a folder, not a file"):
        list(numbered_lines(tmp_path / "rows.jsonl"))


@pytest.mark.parametrize(
    ("asked", "there", "meant"),
    [
        ("slwo", "slow", "slow"), ("my-tset.jsonl", "my-test.jsonl", "my-test.jsonl"), ("a.json", "a.jsonl", "a.jsonl"),
        ("recipe.yml", "recipe.yaml", "recipe.yaml"), ("slow.jsonl", "fast.jsonl", None), 
        ("slow.jsonl", "own.jsonl", None),
        ("out", "outer-1.yaml", None), ("x.safetensors", "y.safetensors", None), ("train", "trial", None),
        ("out", ".out.old", None),
    ],
)  # fmt: skip
def test_a_misspelling_is_suggested_and_another_word_is_not(
    asked: str, there: str, meant: str | None, tmp_path: Path
) -> None:
    (tmp_path / there).write_text("")
    assert nearest_beside(tmp_path / asked) == (f"; did you mean '{tmp_path / meant}'?" if meant else "")


def test_a_closed_folder_is_told_by_the_file_that_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(path: Path, mode: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(files, "open", closed, raising=False)
    with pytest.raises(PermissionError) as refused:
        write_text(tmp_path / "code.lock", "")
    said = f"{tmp_path}/code.lock: Permission denied; give yourself the right to it, or take another place"
    assert sentence_of(refused.value) == said
