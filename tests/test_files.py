"""Files and folders that are whole or absent, whoever else writes there."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from l2s.core.files import replacing_folder, write_text


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
