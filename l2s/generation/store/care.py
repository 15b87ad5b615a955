"""Looking after a response store: what is in it, whether it is sound, and clearing it of what is no longer wanted."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from l2s.core.errors import RecordError
from l2s.generation.store.errors import is_damage, sound
from l2s.generation.store.store import COLUMNS, DAY, ResponseStore, beside, intact

UNKNOWN = "not recorded"
"""Model, weights and engine of responses that were stored before origins were kept."""


class Group(NamedTuple):
    """Responses of one model on one engine."""

    model: str
    weights: str
    engine: str
    responses: int
    tokens: int
    made: int | None
    """Seconds since 1970, of the first."""
    used: int | None
    """Seconds since 1970, of the last use."""


class Info(NamedTuple):
    """What a store holds."""

    path: str
    bytes: int
    groups: list[Group]

    @property
    def responses(self) -> int:
        """How many responses there are in all."""
        return sum(group.responses for group in self.groups)


class Checked(NamedTuple):
    """What was found wrong with a store."""

    responses: int
    unsigned: int
    """Stored before digests were kept: nothing tells whether they are sound, so they are not used."""
    damaged: list[str]
    """Keys in hex."""
    file: list[str]
    """What SQLite finds wrong with the file itself."""


def info(path: Path) -> Info:
    """Count what a store holds, by model and engine."""
    with _opened(path) as connection, sound(path):
        rows = connection.execute(
            f"SELECT coalesce(model, '{UNKNOWN}'), coalesce(weights, ''), coalesce(engine, ''), count(*), "
            "sum(coalesce(tokens, 0)), min(made), max(used) "
            "FROM responses LEFT JOIN origins USING (key) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        ).fetchall()
    files = [file for file in (path, beside(path)[0]) if file.exists()]
    return Info(str(path), sum(file.stat().st_size for file in files), [Group(*row) for row in rows])


def verify(path: Path, mend: bool = False) -> Checked:
    """Recompute the digest of every stored response.

    Args:
        path: of the store.
        mend: drop damaged responses, so that they are generated again; where the file itself is damaged, what is
            sound of it goes into a new one.
    """
    with _opened(path) as connection, sound(path):
        file, damaged, unsigned, count = _integrity(connection), list[str](), 0, 0
        for key, *row, digest in _rows(connection, COLUMNS + ", digest", file):
            count += 1
            unsigned += digest is None
            if digest is not None and not intact(key, row, digest):
                damaged.append(key.hex() if isinstance(key, bytes) else repr(key))
        if mend and not file:
            for table in ("responses", "origins"):
                connection.executemany(f"DELETE FROM {table} WHERE hex(key) = upper(?)", [(key,) for key in damaged])
            connection.commit()
    if mend and file:
        _made_anew(path)
    return Checked(count, unsigned, damaged, file)


def _integrity(connection: sqlite3.Connection) -> list[str]:
    """What SQLite finds wrong with the file; some damage it meets only by failing."""
    try:
        return [str(text) for (text,) in connection.execute("PRAGMA integrity_check") if text != "ok"]
    except sqlite3.Error as error:
        if not is_damage(error):
            raise
        return [str(error)]


def _rows(connection: sqlite3.Connection, columns: str, faults: list[str]) -> Iterator[tuple[Any, ...]]:
    """Responses with their origins in the order of keys, past a part of the file that cannot be read."""
    ask, last = f"SELECT key, {columns} FROM responses LEFT JOIN origins USING (key) ORDER BY key", None
    try:
        for row in connection.execute(ask):
            last = row[0]
            yield row
    except sqlite3.Error as error:
        if not is_damage(error):
            raise
        faults += [] if str(error) in faults else [str(error)]
        try:
            for row in connection.execute(f"{ask} DESC"):
                if isinstance(last, bytes) and isinstance(row[0], bytes) and row[0] <= last:
                    return
                yield row
        except sqlite3.Error as again:
            if not is_damage(again):
                raise


def _made_anew(path: Path) -> None:
    """Put what is sound of a damaged file into a new one in its place."""
    aside = path.with_name(f".{path.name}.mended")
    for file in (aside, *beside(aside)):
        file.unlink(missing_ok=True)
    with ResponseStore(aside) as fresh, ResponseStore(path) as old, sound(path):
        columns = f"{COLUMNS}, model, weights, engine, made, used, digest"
        for key, *row in _rows(old.connection, columns, []):
            if intact(key, row[:6], row[-1]):
                fresh.connection.execute(
                    f"INSERT OR IGNORE INTO responses (key, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", (key, *row[:6])
                )
                fresh.connection.execute("INSERT OR IGNORE INTO origins VALUES (?, ?, ?, ?, ?, ?, ?)", (key, *row[6:]))
    for file in beside(path):
        file.unlink(missing_ok=True)
    os.replace(aside, path)


def prune(
    path: Path, *, unused_days: float | None = None, weights: tuple[str, ...] = (), engine: str | None = None,
    unknown: bool = False, dry: bool = False,
) -> int:  # fmt: skip
    """Drop the responses that all given conditions hold for; returns how many.

    Args:
        path: of the store.
        unused_days: not used for so many days.
        weights: of a model with one of these digests, or one that begins so; the algorithm's name may be left out.
        engine: whose engine's name begins so.
        unknown: stored before origins were kept; stands alone.
        dry: count only.

    Raises:
        RecordError: no condition is given: that would drop everything.
    """
    conditions, values = list[str](), list[str | float]()
    if unused_days is not None:
        conditions.append("used <= ?")
        values.append(time.time() - unused_days * DAY)
    if weights:
        told = "substr(weights, CASE WHEN ? THEN 1 ELSE instr(weights, ':') + 1 END, ?) = ?"
        conditions.append("(" + " OR ".join([told] * len(weights)) + ")")
        values += [value for prefix in weights for value in (":" in prefix, len(prefix), prefix)]
    if engine is not None:
        conditions.append("substr(engine, 1, ?) = ?")
        values += [len(engine), engine]
    if unknown and conditions:
        raise RecordError("--unknown: nothing is known of these responses, so no other condition goes with it")
    if not conditions and not unknown:
        raise RecordError("say what to drop: --unused DAYS, --weights DIGEST, --engine NAME or --unknown")
    chosen = "key NOT IN (SELECT key FROM origins)" if unknown else (
        f"key IN (SELECT key FROM origins WHERE {' AND '.join(conditions)})"
    )  # fmt: skip
    with _opened(path) as connection, sound(path):
        (count,) = connection.execute(f"SELECT count(*) FROM responses WHERE {chosen}", values).fetchone()
        if not dry and count:
            connection.execute(f"DELETE FROM responses WHERE {chosen}", values)
            connection.execute("DELETE FROM origins WHERE key NOT IN (SELECT key FROM responses)")
            connection.commit()
            connection.execute("VACUUM")
    return int(count)


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.is_file():
        raise RecordError(f"{path}: no such response store; l2s generate and l2s run make one")
    with ResponseStore(path) as store:
        yield store.connection
