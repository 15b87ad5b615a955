"""Looking after a response store: what is in it, whether it is sound, and clearing it of what is no longer wanted."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, cast

from l2s.errors import RecordError
from l2s.generation.store import COLUMNS, DAY, Kept, ResponseStore, sound, stored

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
    """Of the last use."""


class Info(NamedTuple):
    """What a store holds."""

    path: str
    bytes: int
    groups: list[Group]

    @property
    def responses(self) -> int:
        """In all."""
        return sum(group.responses for group in self.groups)


class Checked(NamedTuple):
    """What was found wrong with a store."""

    responses: int
    unsigned: int
    """Stored before digests were kept: only their form could be checked."""
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
    files = (path, path.with_name(f"{path.name}-wal"))
    return Info(str(path), sum(file.stat().st_size for file in files if file.exists()), [Group(*row) for row in rows])


def verify(path: Path, mend: bool = False) -> Checked:
    """Recompute the digest of every stored response.

    Args:
        path: of the store.
        mend: drop damaged responses, so that they are generated again.
    """
    with _opened(path) as connection, sound(path):
        file = [text for (text,) in connection.execute("PRAGMA integrity_check") if text != "ok"]
        damaged, unsigned, count = [], 0, 0
        rows = connection.execute(f"SELECT key, {COLUMNS}, digest FROM responses LEFT JOIN origins USING (key)")
        for key, *row, digest in rows:
            count += 1
            unsigned += digest is None
            if not _is_sound(key, cast(Kept, tuple(row)), digest):
                damaged.append(key.hex() if isinstance(key, bytes) else repr(key))
        if mend:
            for table in ("responses", "origins"):
                connection.executemany(f"DELETE FROM {table} WHERE hex(key) = upper(?)", [(key,) for key in damaged])
            connection.commit()
    return Checked(count, unsigned, damaged, file)


def prune(
    path: Path, *, unused_days: float | None = None, weights: str | None = None, engine: str | None = None,
    unknown: bool = False, dry: bool = False,
) -> int:  # fmt: skip
    """Drop the responses that all given conditions hold for; returns how many.

    Args:
        path: of the store.
        unused_days: not used for so many days.
        weights: of the model with this digest, or one that begins so.
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
    for column, prefix in (("weights", weights), ("engine", engine)):
        if prefix is not None:
            conditions.append(f"substr({column}, 1, ?) = ?")
            values += [len(prefix), prefix]
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


def _is_sound(key: bytes, row: Kept, digest: str | None) -> bool:
    try:
        response = stored(row)
        return len(key) == 32 and (response.digest(key) == digest if digest else isinstance(response.ids, list))
    except (ValueError, TypeError):
        return False


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.is_file():
        raise RecordError(f"{path}: no such response store; l2s generate and l2s run make one")
    with ResponseStore(path) as store:
        yield store.connection
