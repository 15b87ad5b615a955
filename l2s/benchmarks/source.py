"""Source: where a published benchmark comes from, and how its rows become problems."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from l2s.core.errors import RecordError
from l2s.core.numbers import is_number
from l2s.core.row import Row


@dataclass(frozen=True)
class Hub:
    """A file of a data set repository on the hub, at one revision."""

    repository: str
    file: str
    """Path inside the repository: JSONL, CSV or Parquet."""
    revision: str | None
    """Commit; None: we pin none, and ``revision`` must be given."""


@dataclass(frozen=True)
class Source:
    """A published benchmark."""

    name: str
    title: str
    count: int
    """Problems of the published test set."""
    licence: str
    origin: str
    """Who published the problems."""
    problem: Callable[[Row, int, int], Row]
    """(row as published, its number from 0, seed) → ``id, problem, gold, level, subject``."""
    hub: Mapping[str, Hub] = field(default_factory=dict)
    """By split; empty where the licence or its authors ask for no copies: a local file only."""


def text_of(row: Row, *keys: str) -> str:
    """The first of ``keys`` that the row has, as text; whole floats as integers.

    Raises:
        RecordError: it has none of them, or what stands there is no text and no number.
    """
    for key in keys:
        value = row.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if is_number(value):
            return str(int(value)) if value == int(value) else str(value)
    expected = " or ".join(f"'{key}'" for key in keys)
    raise RecordError(f"expected text in {expected}; found {', '.join(row) or 'nothing'}")


def gold_of(row: Row) -> str:
    r"""``answer``, or else the last ``\boxed{…}`` of ``solution``.

    Raises:
        RecordError: there is neither.
    """
    gold = text_of(row, "answer") if row.get("answer") else last_box(text_of(row, "solution"))
    if not gold:
        raise RecordError(r"neither an 'answer' nor a \boxed{…} in 'solution'")
    return gold


def made(identity: Any, problem: str, gold: str, level: int | None = None, subject: Any = None) -> Row:
    """A problem, without the benchmark's name; ``identity`` and ``subject`` as text."""
    subject = str(subject) if subject else None
    return {"id": str(identity), "problem": problem, "gold": gold, "level": level, "subject": subject}


def last_box(text: str) -> str | None:
    r"""Content of the last closed ``\boxed{…}``, braces matched; None if there is none."""
    start = len(text)
    while (start := text.rfind(r"\boxed{", 0, start)) >= 0:
        depth, position = 1, start + len(r"\boxed{")
        while position < len(text) and depth:
            depth += {"{": 1, "}": -1}.get(text[position], 0) if text[position - 1] != "\\" else 0
            position += 1
        if not depth:
            return text[start + len(r"\boxed{") : position - 1].strip()
    return None
