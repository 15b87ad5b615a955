"""The response store: one SQLite file, keyed by the content of everything that decides a response.

A key never names a path: the same weights under another name hit, new weights under the old name
miss. Writers commit each response as it finishes; two processes may write at once (WAL, a busy
timeout; the same key written twice holds the same response).
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self


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


class ResponseStore:
    """Responses by key; use as a context manager."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.connection = sqlite3.connect(path, timeout=60)
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=NORMAL")
        self.connection.execute(
            "CREATE TABLE IF NOT EXISTS responses "
            "(key BLOB PRIMARY KEY, ids TEXT NOT NULL, finish TEXT NOT NULL, closed INTEGER NOT NULL, "
            "think_tokens INTEGER NOT NULL, tokens INTEGER, cut_by TEXT) WITHOUT ROWID"
        )
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
        for key in keys:
            row = self.connection.execute(
                "SELECT ids, finish, closed, think_tokens, tokens, cut_by FROM responses WHERE key = ?", (key,)
            ).fetchone()
            if row:
                ids = json.loads(row[0])
                tokens = len(ids) if row[4] is None else row[4]
                found[key] = Stored(ids, row[1], bool(row[2]), row[3], tokens, row[5])
        return found

    def put(self, key: bytes, response: Stored) -> None:
        """Keep one response; it is on disk when this returns."""
        self.connection.execute(
            "INSERT OR REPLACE INTO responses VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                key,
                json.dumps(response.ids, separators=(",", ":")),
                response.finish,
                response.closed,
                response.think_tokens,
                response.tokens,
                response.limit,
            ),
        )
        self.connection.commit()


def response_key(**parts: Any) -> bytes:
    """SHA-256 over the named parts, as canonical JSON."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).digest()
