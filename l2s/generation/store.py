"""The response store: one SQLite file, keyed by the content of everything that decides a response.

A key never names a path: the same weights under another name hit, new weights under the old name
miss. Writers commit each response as it finishes; two processes may write at once (WAL, a busy
timeout; the same key written twice holds the same response).
"""

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from l2s.errors import RecordError

DAY = 86400
COLUMNS = "ids, finish, closed, think_tokens, tokens, cut_by"
TABLES = (
    "CREATE TABLE IF NOT EXISTS responses "
    "(key BLOB PRIMARY KEY, ids TEXT NOT NULL, finish TEXT NOT NULL, closed INTEGER NOT NULL, "
    "think_tokens INTEGER NOT NULL, tokens INTEGER, cut_by TEXT) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS origins "
    "(key BLOB PRIMARY KEY, model TEXT NOT NULL, weights TEXT NOT NULL, engine TEXT NOT NULL, "
    "made INTEGER NOT NULL, used INTEGER NOT NULL, digest TEXT NOT NULL) WITHOUT ROWID",
)


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

    def digest(self, key: bytes) -> str:
        """SHA-256 of key and content, by which a damaged row is told."""
        return hashlib.sha256(key + json.dumps(self, separators=(",", ":")).encode()).hexdigest()


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
        RecordError: the file is no response store, or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with sound(path):
            self.connection = sqlite3.connect(path, timeout=60)
            self.connection.execute("PRAGMA journal_mode=WAL")
            self.connection.execute("PRAGMA synchronous=NORMAL")
            for table in TABLES:
                self.connection.execute(table)
            self._add_columns()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.commit()
        self.connection.close()

    def _add_columns(self) -> None:
        """A store of an earlier version lacks the tokens that were thrown away, and what cut a response."""
        self.connection.execute("BEGIN IMMEDIATE")
        known = {row[1] for row in self.connection.execute("PRAGMA table_info(responses)")}
        for name, kind in {"tokens": "INTEGER", "cut_by": "TEXT"}.items():
            if name not in known:
                self.connection.execute(f"ALTER TABLE responses ADD COLUMN {name} {kind}")
        self.connection.commit()

    def find(self, keys: Iterable[bytes]) -> dict[bytes, Stored]:
        """The stored responses among ``keys``."""
        found = {}
        with sound(self.path):
            for key in keys:
                row = self.connection.execute(f"SELECT {COLUMNS} FROM responses WHERE key = ?", (key,)).fetchone()
                if row:
                    found[key] = stored(row)
            self._note_use(found)
        return found

    def put(self, key: bytes, response: Stored, origin: Origin | None = None) -> None:
        """Keep one response; it outlives this process from when this returns."""
        ids = json.dumps(response.ids, separators=(",", ":"))
        with sound(self.path):
            self.connection.execute(
                f"INSERT OR REPLACE INTO responses (key, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (key, ids, *response[1:]),
            )
            if origin is not None:
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


Kept = tuple[str, str, int, int, int | None, str | None]
"""A row of :data:`COLUMNS`."""


def stored(row: Kept) -> Stored:
    """What a row holds."""
    ids = json.loads(row[0])
    return Stored(ids, row[1], bool(row[2]), row[3], len(ids) if row[4] is None else row[4], row[5])


@contextmanager
def sound(path: Path) -> Iterator[None]:
    """Say in one sentence that a file is no store, or damaged."""
    try:
        yield
    except (sqlite3.DatabaseError, ValueError) as error:
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            raise RecordError(
                f"{path}: another process has held the response store for a minute; wait for it"
            ) from None
        raise RecordError(
            f"{path}: no response store, or a damaged one ({error}); l2s store verify --mend drops what is damaged, "
            "or move the file away, and responses are generated again"
        ) from None


def response_key(**parts: Any) -> bytes:
    """SHA-256 over the named parts, as canonical JSON."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).digest()
