"""Night: what one night measured and found, as it is written and read again.

``data/nightly/<night>/`` holds ``night.json``, ``rows.jsonl`` and ``index.html``, and appears whole or not at
all. ``data/nightly/accepted.json`` names the night that the next ones are compared with, and its digests.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import polars as pl
from pydantic import ValidationError

from l2s.core.digests import algorithm_of, digest_file
from l2s.core.errors import RecordError
from l2s.core.files import write_json
from l2s.core.params import Params
from l2s.nightly.comparison import Compared
from l2s.nightly.made import Change, Made
from l2s.nightly.rows import NightRows
from l2s.records import read_table

NIGHT, ROWS, PAGE, ACCEPTED = "night.json", "rows.jsonl", "index.html", "accepted.json"
Read = TypeVar("Read", bound=Params)
AGAIN = "if a night that is whole is to be the accepted one from now on, say l2s nightly --accept"


class Measured(Params):
    """What was measured of one run on one benchmark in one night."""

    run: str
    benchmark: str
    fresh: bool
    n: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    tokens: float
    truncated: float


class Night(Params):
    """Everything about a night but its rows."""

    night: str
    """Its name: the day, and a number from the second night of a day on."""
    started: str
    """ISO 8601, UTC."""
    seconds: float
    outcome: str
    """``first``, ``same``, ``noise``, ``drift`` or ``regression``."""
    sentence: str
    """The outcome in words."""
    baseline: str | None
    """The accepted night it was compared with."""
    stored: int
    """Responses that came from the store."""
    generated: int
    measured: list[Measured]
    compared: list[Compared]
    changes: list[Change]
    made: Made
    rows: str
    """Digest of ``rows.jsonl``."""


class Accepted(Params):
    """Which night others are compared with."""

    night: str
    accepted: str
    """When; ISO 8601, UTC."""
    digests: dict[str, str]
    """Of the night's files, by name."""
    replaces: str | None
    """The night that was accepted before."""


def read_night(folder: Path) -> Night:
    """A night's ``night.json``.

    Raises:
        RecordError: it is missing, damaged, or ``rows.jsonl`` is not the one it names.
    """
    night = _read(folder / NIGHT, Night)
    if not (folder / ROWS).is_file() or digest_file(folder / ROWS, algorithm_of(night.rows)) != night.rows:
        raise RecordError(f"{folder / ROWS}: missing, or not as the night wrote it (expected {night.rows}); {AGAIN}")
    return night


def read_night_rows(folder: Path) -> pl.DataFrame:
    """A night's rows, checked."""
    return read_table(folder / ROWS, NightRows)


def read_accepted(nights: Path) -> Night | None:
    """The accepted night; None if none was accepted yet.

    Raises:
        RecordError: the note of it is damaged, or the night is not as it was accepted.
    """
    note = nights / ACCEPTED
    if not note.exists():
        return None
    accepted = _read(note, Accepted)
    folder = nights / accepted.night
    for name, digest in accepted.digests.items():
        if not (folder / name).is_file():
            raise RecordError(f"{folder / name}: missing, though {note} names it as accepted; restore it, or {AGAIN}")
        if (found := digest_file(folder / name, algorithm_of(digest))) != digest:
            raise RecordError(
                f"{folder / name}: changed since it was accepted (expected {digest}, found {found}); restore it, or "
                f"{AGAIN}"
            )
    return read_night(folder)


def accept_night(nights: Path, name: str, now: datetime) -> Accepted:
    """Make this night the one that others are compared with.

    Raises:
        RecordError: the night is not whole.
    """
    night = read_night(nights / name)
    read_night_rows(nights / name)
    try:
        before = _read(nights / ACCEPTED, Accepted).night
    except RecordError:  # none yet, or a damaged note, which this one replaces
        before = None
    files = {file: digest_file(nights / name / file) for file in (NIGHT, ROWS)}
    accepted = Accepted(night=night.night, accepted=stamp(now), digests=files, replaces=before)
    write_json(nights / ACCEPTED, accepted.model_dump())
    return accepted


def night_names(nights: Path) -> list[str]:
    """Names of all nights that were written, oldest first."""
    found = [folder.name for folder in nights.glob("*") if (folder / NIGHT).is_file() and folder.name[0] != "."]
    return sorted(found, key=_order)


def too_old(nights: Path, keep: int) -> list[str]:
    """Nights before the last ``keep``, but for the accepted one; none while the note of it is damaged."""
    try:
        accepted = _read(nights / ACCEPTED, Accepted).night if (nights / ACCEPTED).exists() else None
    except RecordError:
        return []
    return [name for name in night_names(nights)[:-keep] if name != accepted]


def next_name(nights: Path, now: datetime) -> str:
    """The name of a night that begins now; one that was killed gives its name to the next of the day."""
    day, taken = now.strftime("%Y-%m-%d"), set(night_names(nights))
    last = max((_order(name)[1] for name in taken if name[:10] == day), default=0)  # the first ones may be gone
    return day if not last else f"{day}-{last + 1}"


def stamp(now: datetime) -> str:
    """ISO 8601, to the second."""
    return now.isoformat(timespec="seconds")


def _order(name: str) -> tuple[str, int]:
    number = name[11:]
    return name[:10], int(number) if number.isdecimal() else 1


def _read(path: Path, kind: type[Read]) -> Read:
    try:
        return kind.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise RecordError(f"{path}: no such file") from None
    except (OSError, ValueError, ValidationError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else " ".join(str(error).split())
        raise RecordError(f"{path}: damaged, cannot be read ({reason}); {AGAIN}") from None
