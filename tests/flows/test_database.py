"""The empty Prefect database that is kept: a server starts from it, and what is a user's own is never in it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from flows.database import CONNECTIONS, begin_with_empty, keep_empty


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in CONNECTIONS:
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


def made(home: Path, *rows: int) -> None:
    home.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(home / "prefect.db")) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE IF NOT EXISTS run (n INTEGER)")
        database.executemany("INSERT INTO run VALUES (?)", [(row,) for row in rows])
        database.commit()


def rows(home: Path) -> list[int]:
    with closing(sqlite3.connect(home / "prefect.db")) as database:
        return [n for (n,) in database.execute("SELECT n FROM run")]


def test_the_first_is_kept_and_the_next_begins_with_it(home: Path) -> None:
    assert begin_with_empty(home), "nothing is kept yet: this one is worth keeping"
    made(home)
    keep_empty(home)
    made(home, 1, 2)
    other = home.parent / "other"
    assert not begin_with_empty(other)
    assert rows(other) == [] and rows(home) == [1, 2]
    assert not begin_with_empty(home) and rows(home) == [1, 2], "one that is there stays as it is"
    assert [file.suffix for file in (home.parent / "cache" / "l2s" / "prefect").iterdir()] == [".db"]


def test_another_database_is_not_ours_to_fill(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(home)
    keep_empty(home)
    monkeypatch.setenv(CONNECTIONS[0], "postgresql+asyncpg://somewhere/prefect")
    other = home.parent / "other"
    assert not begin_with_empty(other) and not other.exists()


def test_a_cache_that_cannot_be_written_is_no_error(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = home.parent / "file"
    blocked.write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    made(home)
    keep_empty(home)
    assert begin_with_empty(home.parent / "other")
