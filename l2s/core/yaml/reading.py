"""YAML files of the user's: one strict reader, which reads them as DVC does or says why it does not.

DVC reads params.yaml by YAML 1.2, most tools for Python (PyYAML, mergekit) by YAML 1.1. A plain word that the two
take for different things (``no``, ``1:30``, ``0o17``) is refused: quoted, or written otherwise, it is the same
to all. So are keys that stand twice, keys that are no text, tags, and files that would fill memory or time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import yaml
from yaml import events

from l2s.core.errors import ConfigError
from l2s.core.yaml.words import no_name, unclear, value_of

BYTES, NODES, DEPTH = 4_000_000, 100_000, 60
"""Most of a file, of values after aliases are written out, of blocks inside of one another."""
SHOWN = 12
"""Problems that one message lists."""


def read_yaml(path: Path, *, written_by_dvc: bool = False) -> Any:
    """A YAML file as plain values; keys are text.

    Args:
        path: the file.
        written_by_dvc: a file such as dvc.lock, which quotes what YAML 1.2 asks for and no more, and may be long.

    Raises:
        ConfigError: no such file, not YAML, or YAML that can be read in two ways; with the line.
    """
    try:
        with open(path, "rb") as file:
            content = file.read() if written_by_dvc else file.read(BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise ConfigError(f"{path}: is a folder; expected a YAML file") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return parse_yaml(content, str(path), written_by_dvc=written_by_dvc)


def parse_yaml(content: bytes, where: str, *, written_by_dvc: bool = False) -> Any:
    """YAML text as plain values, see :func:`read_yaml`; ``where`` names it in messages."""
    if len(content) > BYTES and not written_by_dvc:
        raise ConfigError(f"{where}: is longer than {BYTES // 1_000_000} MB, which no file of parameters is")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError(f"{where}: line {line}: is not UTF-8; save the file as UTF-8") from None
    reader = _Reader(where, lenient=written_by_dvc)
    try:
        found = reader.document(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except yaml.MarkedYAMLError as error:
        raise ConfigError(f"{where}: not valid YAML: {_place(error)}{_reason(error, text)}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{where}: not valid YAML: {_unprintable(text) or ' '.join(str(error).split())}") from None
    if reader.problems:
        more = len(reader.problems) - SHOWN
        listed = reader.problems[:SHOWN] + ([f"and {more} more of the kind"] if more > 0 else [])
        raise ConfigError("; ".join(f"{where}: {problem}" for problem in listed))
    return found


@dataclass
class _Reader:
    """Builds plain values from a parser's events, one after another, so that a bomb is met before it is built."""

    where: str
    lenient: bool
    problems: list[str] = field(default_factory=list)
    nodes: int = 0
    anchors: dict[str, tuple[Any, int] | None] = field(default_factory=dict)
    """What an anchor names and how many values that is; None while it is still being read."""

    def document(self, found: Iterator[Any]) -> Any:
        """The one document of a file; None of an empty one."""
        next(found)
        start = next(found)
        if isinstance(start, events.StreamEndEvent):
            return None
        if start.version not in (None, (1, 2)) or start.tags:
            self._fail(start, "a %YAML or %TAG directive; leave it out, files are read by YAML 1.2")
        value = self._value(next(found), found, 0)
        next(found)
        if not isinstance(another := next(found), events.StreamEndEvent):
            self._fail(another, "a second document begins (---); expected one, so split the file")
        return value

    def _value(self, event: Any, found: Iterator[Any], depth: int) -> Any:
        if isinstance(event, events.AliasEvent):
            return self._named(event)
        self._count(event, 1)
        if depth > DEPTH:
            self._fail(event, f"more than {DEPTH} blocks stand inside of one another")
        if event.tag is not None:
            self.problems.append(f"{_line(event)}the tag {event.tag} is not taken; leave it out, and quote text")
        before = self.nodes
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        if isinstance(event, events.ScalarEvent):
            value = self._scalar(event)
        elif isinstance(event, events.SequenceStartEvent):
            value = []
            while not isinstance(item := next(found), events.SequenceEndEvent):
                value.append(self._value(item, found, depth + 1))
        else:
            value = self._mapping(found, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, self.nodes - before + 1)
        return value

    def _mapping(self, found: Iterator[Any], depth: int) -> dict[str, Any]:
        own, lines, merged = dict[str, Any](), dict[str, int](), dict[str, Any]()
        while not isinstance(event := next(found), events.MappingEndEvent):
            plain = isinstance(event, events.ScalarEvent) and event.tag is None and event.implicit[0]
            if plain and event.value == "<<" and "<<" not in lines:
                lines["<<"] = event.start_mark.line + 1
                merged = self._merged(event, self._value(next(found), found, depth + 1)) | merged
                continue
            key = self._key(event, self._value(event, found, depth + 1) if not plain else event.value, plain)
            line = event.start_mark.line + 1
            if key in lines:
                self.problems.append(
                    f"{_line(event)}'{key:.60}' stands twice (first in line {lines[key]}); keep one, "
                    "since of two one would be lost without a word"
                )
            lines.setdefault(key, line)
            own[key] = self._value(next(found), found, depth + 1)
        return merged | own

    def _merged(self, event: Any, value: Any) -> dict[str, Any]:
        """What ``<<: *anchor`` brings in; of several mappings the first counts."""
        blocks = value if isinstance(value, list) else [value]
        if not all(isinstance(block, dict) for block in blocks):
            self._fail(event, "<< takes a mapping, or a list of mappings")
        together = dict[str, Any]()
        for block in reversed(blocks):
            together |= block
        return together

    def _key(self, event: Any, key: Any, plain: bool) -> str:
        self._count(event, 1)
        if not plain:
            if not isinstance(key, str):
                self.problems.append(f"{_line(event)}a key that is no text; expected a name before the colon")
            return str(key)
        if not self.lenient and (problem := no_name(key)):
            self.problems.append(_line(event) + problem)
        return str(key)

    def _named(self, event: Any) -> Any:
        if event.anchor not in self.anchors:
            self._fail(event, f"*{event.anchor} names nothing; expected &{event.anchor} before it")
        named = self.anchors[event.anchor]
        if named is None:
            self._fail(event, f"*{event.anchor} stands inside of what it names")
        value, size = named
        self._count(event, size)
        return value

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        if not event.implicit[0] or event.tag is not None:
            return text
        if not self.lenient and (problem := unclear(text)):
            self.problems.append(_line(event) + problem)
        return value_of(text)

    def _count(self, event: Any, nodes: int) -> None:
        self.nodes += nodes
        if self.nodes > NODES and not self.lenient:
            self._fail(event, f"more than {NODES:,} values, aliases written out; no file of parameters has so many")

    def _fail(self, event: Any, problem: str) -> NoReturn:
        raise ConfigError(f"{self.where}: {_line(event)}{problem}")


def _line(event: Any) -> str:
    return f"line {event.start_mark.line + 1}: "


def _place(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    return f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""


def _reason(error: yaml.MarkedYAMLError, text: str) -> str:
    """The parser's words, or what to do where a tab is the cause, which YAML takes for no indentation."""
    said = ", ".join(part for part in (error.context, error.problem) if part)
    mark = error.problem_mark
    lines = text.splitlines()
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())] or "\\t" in said:
        return "a tab stands where the line is indented; indent by spaces, not by tabs"
    return said


def _unprintable(text: str) -> str | None:
    """Where a character stands that YAML forbids, such as NUL."""
    for number, line in enumerate(text.split("\n"), 1):
        for character in line:
            if not (character.isprintable() or character in "\t\r\x85\xa0") and ord(character) < 0xA0:
                return f"line {number} holds the control character {character!r}; take it out"
    return None
