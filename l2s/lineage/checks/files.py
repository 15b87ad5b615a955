"""Two files that should be the same, compared byte by byte; where they differ, down to the number or the line."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from l2s.lineage.checks.finding import Finding, short
from l2s.lineage.checks.regrade import NONE


def differing_files(shown: str, again: Path, ours: Path) -> Iterator[Finding]:
    """Where a file that was made ``again`` differs from ours: by the number in JSON, else by the line."""
    if not again.is_file() or not ours.is_file():
        yield Finding(shown, "done again", *("a file" if file.is_file() else "no such file" for file in (again, ours)))
        return
    expected, found = again.read_bytes(), ours.read_bytes()
    if expected == found:
        return
    try:
        values = [json.loads(content) for content in (expected, found)] if ours.suffix == ".json" else []
    except ValueError:
        values = []
    differences = list(_value_differences("", *values)) if values else list(_line_differences(expected, found))
    for where, one, other in differences or [("bytes", "as they are written", "others")]:
        yield Finding(shown, f"{where}, done again", one, other)


def _value_differences(where: str, expected: Any, found: Any) -> Iterator[tuple[str, str, str]]:
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        for key in {**expected, **found}:
            inner = f"{where}.{key}" if where else key
            yield from _value_differences(inner, expected.get(key, NONE), found.get(key, NONE))
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for number, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from _value_differences(f"{where}[{_name(one, number)}]", one, other)
    elif expected != found or type(expected) is not type(found):
        ours, theirs = ("nothing" if value is NONE else short(value) for value in (expected, found))
        yield where, ours, theirs


def _name(item: Any, number: int) -> str:
    """What a row is about, if it says so; else its number."""
    named = [str(item[key]) for key in ("run", "benchmark", "level") if isinstance(item, dict) and key in item]
    return " ".join(named) or str(number)


def _line_differences(expected: bytes, found: bytes) -> Iterator[tuple[str, str, str]]:
    ours, theirs = (content.decode(errors="replace").splitlines() for content in (expected, found))
    for number in range(max(len(ours), len(theirs))):
        one, other = (lines[number] if number < len(lines) else "no such line" for lines in (ours, theirs))
        if one != other:
            yield f"line {number + 1}", short(one), short(other)
