"""Broken lines: a file is read as far as it is sound; what is not is counted, named and kept aside.

For files that other tools wrote, or a run that was killed: one bad line in five thousand stops nothing. A file
without one sound line is an error.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from l2s.core.errors import RecordError
from l2s.core.files import replacing
from l2s.core.row import Row
from l2s.records.checks import Schema, in_text, row_faults
from l2s.records.lines import numbered_lines
from l2s.records.table import broken_by_row, parse_line

Read = Callable[[Row], list[Row]]
_LONGEST = 2_000
"""Characters of a broken line that are kept."""


@dataclass(frozen=True)
class Broken:
    """A line that could not be used."""

    line: int
    """Counted from 1."""
    why: str
    text: str


def read_sound_rows(path: Path, read: Read) -> tuple[list[Row], list[Broken]]:
    """The rows of every line that ``read`` takes, and the lines that are broken.

    Args:
        path: JSONL.
        read: what one object becomes, one row or several; raises RecordError where it cannot be used.

    Raises:
        RecordError: there is no such file, or it has lines and none of them is sound.
    """
    rows: list[Row] = []
    broken: list[Broken] = []
    sound = 0
    for line, row in iter_sound(path, broken):
        try:
            rows += read(row)
            sound += 1
        except RecordError as error:
            broken.append(replace(line, why=str(error)))
    if broken and not sound:
        raise RecordError(f"{path}: every line is broken; line {broken[0].line}: {broken[0].why}")
    return rows, broken


def iter_sound(path: Path, broken: list[Broken]) -> Iterator[tuple[Broken, Row]]:
    """Rows one by one, each with its line; lines that are no JSON object go to ``broken``. Rules are not asked here."""
    for number, line in numbered_lines(path):
        if line.strip():
            kept = line[:_LONGEST]
            try:
                yield Broken(number, "", kept), _finite(parse_line(line))
            except RecordError as error:
                broken.append(Broken(number, str(error), kept))


def sound_rows(rows: list[tuple[Broken, Row]], schema: Schema, broken: list[Broken]) -> list[Row]:
    """Those rows that fit ``schema`` by themselves; the others go to ``broken``. All rows are checked at once."""
    rows = [(line, in_text(row, schema)) for line, row in rows]
    kinds = [list(row_faults(row, schema)) for _, row in rows]
    fitting = [pair for pair, faults in zip(rows, kinds, strict=True) if not faults]
    broken += [replace(line, why="; ".join(faults)) for (line, _), faults in zip(rows, kinds, strict=True) if faults]
    ruled = broken_by_row([row for _, row in fitting], schema)
    broken += [replace(fitting[number][0], why="; ".join(why)) for number, why in sorted(ruled.items())]
    return [row for number, (_, row) in enumerate(fitting) if number not in ruled]


def checked(row: Row, schema: Schema) -> Row:
    """The row, numbers as text where text is meant, if each column the schema knows is there and of its kind.

    Raises:
        RecordError: names every column that is not.
    """
    row = in_text(row, schema)
    if faults := "; ".join(row_faults(row, schema)):
        raise RecordError(faults)
    return row


def write_broken(path: Path, broken: list[Broken]) -> None:
    """Keep broken lines in a file of their own, whole or not at all; without any, a file of an earlier run goes."""
    if not broken:
        path.unlink(missing_ok=True)
        return
    with replacing(path) as file:
        for found in broken:
            file.write(json.dumps(asdict(found), ensure_ascii=False).encode(errors="replace") + b"\n")


def broken_sentence(path: Path, broken: list[Broken], aside: Path) -> str:
    """What to tell the user."""
    first = broken[0]
    lines = "1 line is" if len(broken) == 1 else f"{len(broken):,} lines are"
    return f"{path}: {lines} broken, left out and kept in {aside}; line {first.line}: {first.why}"


def _finite(row: Row) -> Row:
    """The row, unless a number in it is infinite or none, which JSON cannot write."""
    try:
        json.dumps(row, allow_nan=False)
    except (ValueError, RecursionError):
        raise RecordError("holds a number that is not finite; expected JSON's own numbers") from None
    return row
