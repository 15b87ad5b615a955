"""An empty Prefect database to begin with.

Prefect's server makes one by going through all the migrations of its history, which takes longer than many a stage.
The first one made is kept in the user's cache folder, one for each version of Prefect; deleting it costs only time.
"""

import os
import sqlite3
from contextlib import closing, suppress
from importlib.metadata import version
from pathlib import Path

from l2s.files import replacing, user_cache

CONNECTIONS = ("PREFECT_SERVER_DATABASE_CONNECTION_URL", "PREFECT_API_DATABASE_CONNECTION_URL")
"""With one of these in the environment the server uses another database."""


def begin_with_empty(home: Path) -> bool:
    """Put the kept one where a server of ``home`` has none yet; True if none was kept, and this server makes one."""
    database, kept = home / "prefect.db", _kept()
    if any(name in os.environ for name in CONNECTIONS) or database.exists():
        return False
    if not kept.is_file():
        return True
    with replacing(database) as file:
        file.write(kept.read_bytes())
    return False


def keep_empty(home: Path) -> None:
    """Keep what a server has just made, before anything is run against it."""
    kept = _kept()
    aside = kept.with_name(f".{kept.name}.{os.getpid()}.partial")
    with suppress(OSError, sqlite3.Error):  # a cache that cannot be written is a cache that is not there
        kept.parent.mkdir(parents=True, exist_ok=True)
        try:
            with closing(sqlite3.connect(home / "prefect.db")) as made, closing(sqlite3.connect(aside)) as copy:
                made.backup(copy)
            os.replace(aside, kept)
        finally:
            aside.unlink(missing_ok=True)


def _kept() -> Path:
    return user_cache() / "prefect" / f"empty-{version('prefect')}.db"
