"""The response store: one SQLite file, keyed by the content of everything that decides a response.

A key never names a path: the same weights under another name hit, new weights under the old name
miss. Writers commit each response as it finishes; two processes may write at once (WAL, a busy
timeout; the same key written twice holds the same response).

Each response is stored with a digest of key and content, which is computed again before it is served: one that
was damaged, or that an old version stored without a digest, counts as missing. Responses may quote what is
nobody else's business, so only their owner may read the file.
"""

import json
import os
import sqlite3
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from l2s.core.digests import BLAKE3, SHA256, algorithm_of, digest_bytes, digest_text, without_name
from l2s.core.errors import RecordError
from l2s.generation.store.errors import sound

DAY = 86400
BUSY = 60
"""Seconds to wait for another writer."""
COLUMNS = "ids, finish, closed, think_tokens, tokens, cut_by"
TABLES = (
    "CREATE TABLE IF NOT EXISTS responses "
    "(key BLOB PRIMARY KEY, ids TEXT NOT NULL, finish TEXT NOT NULL, closed INTEGER NOT NULL, "
    "think_tokens INTEGER NOT NULL, tokens INTEGER, cut_by TEXT) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS origins "
    "(key BLOB PRIMARY KEY, model TEXT NOT NULL, weights TEXT NOT NULL, engine TEXT NOT NULL, "
    "made INTEGER NOT NULL, used INTEGER NOT NULL, digest TEXT NOT NULL) WITHOUT ROWID",
)
FIND = f"SELECT {COLUMNS}, digest FROM responses LEFT JOIN origins USING (key) WHERE key = ?"


class Stored(NamedTuple):
    """What is kept of a response; its text follows from the ids."""

    ids: list[int]
    finish: str
    closed: bool
    think_tokens: int
    tokens: int
    """All that was generated, trials and dropped text included."""
    limit: str | None = None
    """What cut the response or its thinking, if anything did."""

    def digest(self, key: bytes, algorithm: str = BLAKE3) -> str:
        """Digest of key and content, by which a damaged row is told."""
        return digest_bytes(key + json.dumps(self, separators=(",", ":")).encode(), algorithm)


class Origin(NamedTuple):
    """What a response came from, for those who clear up; the key alone decides whether it is used."""

    model: str
    """The folder's name then."""
    weights: str
    """Digest of the model."""
    engine: str


class ResponseStore:
    """Responses by key; use as a context manager.

    Raises:
        RecordError: the file is no response store, or damaged, or cannot be read and written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        _make(path)
        with sound(path):
            self.connection = sqlite3.connect(path, timeout=BUSY)
            try:
                self._open()
            except BaseException:
                self.connection.close()
                raise
        _keep_private(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                with sound(self.path):
                    self.connection.commit()
        finally:
            with suppress(sqlite3.Error):  # nothing is left to be written
                self.connection.close()

    def _open(self) -> None:
        self.connection.text_factory = lambda text: text.decode(errors="replace")  # a digest tells what was damaged
        tables = {name for (name,) in self.connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if tables and "responses" not in tables:
            raise RecordError(
                f"{self.path}: is a database of something else (its tables: {', '.join(sorted(tables))}); expected a "
                "response store, or a file that is not there yet"
            )
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=NORMAL")
        for table in TABLES:
            self.connection.execute(table)
        self._add_columns()

    def _add_columns(self) -> None:
        """A store of an earlier version lacks the tokens that were thrown away, and what cut a response."""
        self.connection.execute("BEGIN IMMEDIATE")
        known = {row[1] for row in self.connection.execute("PRAGMA table_info(responses)")}
        for name, kind in {"tokens": "INTEGER", "cut_by": "TEXT"}.items():
            if name not in known:
                self.connection.execute(f"ALTER TABLE responses ADD COLUMN {name} {kind}")
        self.connection.commit()

    def find(self, keys: Iterable[bytes]) -> dict[bytes, Stored]:
        """The stored responses among ``keys`` that are as they were stored."""
        found = {}
        with sound(self.path):
            for key in keys:
                row = self.connection.execute(FIND, (key,)).fetchone()
                if row and (response := intact(key, row[:-1], row[-1])):
                    found[key] = response
            self._note_use(found)
        return found

    def has_earlier(self) -> bool:
        """Does it hold responses that an earlier version stored, under keys made of SHA-256 digests?"""
        with sound(self.path):
            found = self.connection.execute("SELECT 1 FROM origins WHERE weights LIKE 'sha256:%' LIMIT 1")
            return found.fetchone() is not None

    def put(self, key: bytes, response: Stored, origin: Origin) -> None:
        """Keep one response; it outlives this process from when this returns."""
        ids = json.dumps(response.ids, separators=(",", ":"))
        with sound(self.path):
            self.connection.execute(
                f"INSERT OR REPLACE INTO responses (key, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (key, ids, *response[1:]),
            )
            now = int(time.time())
            self.connection.execute(
                "INSERT OR REPLACE INTO origins VALUES (?, ?, ?, ?, ?, ?, ?)",
                (key, *origin, now, now, response.digest(key)),
            )
            self.connection.commit()

    def _note_use(self, keys: Iterable[bytes]) -> None:
        """Say that responses were used, once a day: it costs a write."""
        now = int(time.time())
        self.connection.executemany(
            "UPDATE origins SET used = ? WHERE key = ? AND used < ?", [(now, key, now - DAY) for key in keys]
        )
        self.connection.commit()


def intact(key: bytes, row: Sequence[Any], digest: str | None) -> Stored | None:
    """What a row of :data:`COLUMNS` holds, if it is what was stored under ``key`` with that digest.

    A damaged file may hold anything in their place. Earlier versions left out the name of SHA-256.
    """
    if digest is None:
        return None
    try:
        algorithm = algorithm_of(digest) if ":" in digest else SHA256
        ids = json.loads(row[0])
        response = Stored(ids, row[1], bool(row[2]), row[3], len(ids) if row[4] is None else row[4], row[5])
        return response if without_name(response.digest(key, algorithm)) == without_name(digest) else None
    except (ValueError, TypeError, RecursionError):
        return None


def _make(path: Path) -> None:
    """Make the file where there is none, for its owner alone to read and write.

    Raises:
        RecordError: it cannot be there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except IsADirectoryError:
        raise RecordError(f"{path}: is a folder; expected the response store's file") from None
    except OSError as error:
        raise RecordError(
            f"{path}: the response store cannot be opened or made there: {error.strerror}; expected a file that this "
            "user may read and write"
        ) from None


def beside(path: Path) -> tuple[Path, Path]:
    """The files that SQLite keeps beside a store: its log, and who uses that."""
    return path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")


def _keep_private(path: Path) -> None:
    """Let nobody else read a store of an earlier version, or the files beside one."""
    for file in (path, *beside(path)):
        with suppress(FileNotFoundError, PermissionError):  # somebody else's stays as its owner wants it
            if file.stat().st_mode & 0o077:
                file.chmod(0o600)


def response_key(algorithm: str = BLAKE3, /, **parts: Any) -> bytes:
    """Digest over the named parts, as canonical JSON."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return bytes.fromhex(without_name(digest_text(text, algorithm)))
