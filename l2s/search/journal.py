"""The journal: what was found out, so that a search that was killed goes on from its start and pays for nothing twice.

An append-only file of JSON lines, on disk before anybody uses what they say. Its first lines may be of another search:
a row is found by the digest of all that it depends on.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from l2s.core.digests import digest_text
from l2s.core.errors import ConfigError, RecordError
from l2s.core.files import sync_folder
from l2s.core.row import Row
from l2s.search.outcome import Outcome


def key_of(inputs: str, who: str, problems: Sequence[Row]) -> str:
    """Digest of what outcomes depend on: inputs, a candidate's key or ``slow``, and the problems with their answers."""
    asked = [[row["id"], row["problem"], row["gold"]] for row in problems]
    return digest_text(json.dumps([inputs, who, asked], ensure_ascii=False))


class Journal:
    """Rows by key, kept in a file; for one process at a time."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = open(path, "a+b")  # noqa: SIM115 (closed by __exit__)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise ConfigError(f"{path}: another process runs this search; wait for it, or stop it") from None
        sync_folder(path.parent)
        self._found = dict(self._read())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def get(self, key: str) -> Any:
        """What was found out under a key; None if nothing was."""
        return self._found.get(key)

    def add(self, found: Mapping[str, Any]) -> None:
        """Keep what was found out; it is on disk when this returns."""
        self._found |= found
        for key, value in found.items():
            self._file.write(json.dumps({"key": key, "found": value}).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def _read(self) -> Iterable[tuple[str, Any]]:
        """Rows of earlier runs; a last line that is not whole was being written when one was killed, and goes."""
        self._file.seek(0)
        lines = self._file.read().split(b"\n")
        if lines.pop():
            self._file.truncate(sum(len(line) + 1 for line in lines))
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
                yield row["key"], row["found"]
            except (ValueError, TypeError, KeyError):
                raise RecordError(
                    f"{self.path}: line {number} is damaged; expected a journal as a search writes it: delete "
                    "the file, the search then starts anew"
                ) from None


def kept(outcomes: Sequence[Outcome]) -> list[list[int]]:
    """Outcomes as a journal has them; their problems are in its key."""
    return [[int(one.correct), one.tokens] for one in outcomes]


def restored(found: Sequence[Sequence[int]], problems: Sequence[Row]) -> list[Outcome]:
    """The reverse of :func:`kept`."""
    return [Outcome(row["id"], bool(right), tokens) for row, (right, tokens) in zip(problems, found, strict=True)]
