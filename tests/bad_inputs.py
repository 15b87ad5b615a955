"""Bad inputs, generated from kinds and places: what people and programs get wrong in files and on the command line.

Each case is a command and a change to one of the files that it reads. What must hold of every one: no traceback, an end
within seconds, exit code 1 or 2 (0 where the input happens to be sound), and no file that was there before changed.
"""

import copy
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import yaml

VALUES: list[Any] = [
    None, -1, 0, 1.5, 10**30, True, "", "x", [], [None], {}, {"a": 1}, "\x1b[31m", "a" * 300, float("nan"), "../../etc",
    ["x", "x"], 2**63, [[[]]], "\U0001f600", "null", "1e5",
]  # fmt: skip
"""What stands where something else is meant."""

TEXTS: dict[str, bytes] = {
    "empty": b"", "blank": b"\n\n", "a word": b"word", "a number": b"5", "a list": b"- a\n- b\n", "null": b"null\n",
    "unfinished list": b"a: [", "unfinished text": b"a: 'x", "two colons": b"a: b: c", "tab": b"a:\n\t- b\n",
    "nul": b"a: \x00\n", "escape": b"a: \x1b[31m\n", "latin-1": b"a: \xe4\n", "utf-16": "a: 1\n".encode("utf-16"),
    "cut utf-8": b"a: \xc3", "two documents": b"a: 1\n---\nb: 2\n",
    "python tag": b"a: !!python/object/apply:os.system [ls]\n",
    "own tag": b"!x {}\n", "yaml 1.1": b"%YAML 1.1\n---\na: no\n", "unknown alias": b"a: *b\n",
    "own alias": b"a: &a [*a]\n",
    "twice": b"a: 1\na: 2\n", "number as name": b"2024: 1\n", "switch as name": b"no: 1\n",
    "list as name": b"? [a]\n: b\n",
    "minutes": b"a: 1:30\n", "date": b"a: 2024-01-01\n", "octal": b"a: 0o17\n", "brackets": b"[" * 100_000,
    "braces": b"{a: " * 100_000, "dashes": b"- " * 100_000, "long": b"a: '" + b"x" * 5_000_000 + b"'\n",
    "many": b"".join(b"k%d: 1\n" % n for n in range(150_000)), "binary": bytes(range(256)) * 8,
    "bomb": b"a0: &a0 [x, x]\n"
    + b"".join(b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 12)),
    "bomb of blocks": b"a0: &a0 {x: 1}\n"
    + b"".join(b"a%d: &a%d {p: *a%d, q: *a%d}\n" % (n, n, n - 1, n - 1) for n in range(1, 40)),
}  # fmt: skip
"""Whole YAML files."""

LINES: dict[str, bytes] = {
    "empty": b"", "blank": b"\n\n\n", "no json": b"{not json}\n", "cut": b'{"id": "1", "prob', "a list": b"[1, 2]\n",
    "a number": b"5\n", "null": b"null\n", "nul": b"\x00\n", "binary": bytes(range(256)) * 8,
    "latin-1": b'{"id": "\xe4"}\n',
    "utf-16": '{"id": "1"}\n'.encode("utf-16"), "brackets": b"[" * 100_000 + b"\n",
    "braces": b'{"a":' * 100_000 + b"\n",
    "digits": b'{"id": ' + b"9" * 100_000 + b"}\n", "nan": b'{"id": NaN}\n', "surrogate": b'{"id": "\\ud800"}\n',
    "twice": b'{"id": "1", "id": "2"}\n', "no columns": b"{}\n",
}  # fmt: skip
"""Whole JSONL files."""


class Case(NamedTuple):
    """One bad input."""

    name: str
    command: tuple[str, ...]
    """Of l2s; paths from the folder of sound files."""
    file: str | None = None
    """The file that is changed; None where the command line is."""
    content: Callable[[], bytes] = bytes
    """Made when it is wanted: there are thousands."""


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value in a file's blocks and lists."""
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*at, key))


def put(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    """A copy with another value at one place."""
    if not place:
        return new
    changed = copy.deepcopy(value)
    block = changed
    for key in place[:-1]:
        block = block[key]
    block[place[-1]] = new
    return changed


def without(value: Any, place: tuple[Any, ...]) -> Any:
    """A copy that lacks what stands at one place."""
    changed = copy.deepcopy(value)
    block = changed
    for key in place[:-1]:
        block = block[key]
    del block[place[-1]]
    return changed


def dumped(value: Any) -> bytes:
    """As YAML."""
    return yaml.safe_dump(value, allow_unicode=True).encode("utf-8", "surrogatepass")


def as_json(value: Any) -> bytes:
    """As a JSON file, or a row of one."""
    return json.dumps(value).encode() + b"\n"


def _changed(sound: Any, place: tuple[Any, ...], value: Any, write: Callable[[Any], bytes]) -> bytes:
    return write(put(sound, place, value))


def _lacking(sound: Any, place: tuple[Any, ...], write: Callable[[Any], bytes]) -> bytes:
    return write(without(sound, place))


def every_value(
    sound: Any, file: str, command: tuple[str, ...], write: Callable[[Any], bytes] = dumped
) -> Iterator[Case]:
    """Every wrong value at every place, and every place left out."""
    for place in places(sound):
        shown = ".".join(map(str, place)) or "all"
        for value in VALUES:
            yield Case(f"{file} {shown} = {value!r:.20}", command, file, partial(_changed, sound, place, value, write))
        if place:
            yield Case(f"{file} without {shown}", command, file, partial(_lacking, sound, place, write))


def every_text(file: str, command: tuple[str, ...], texts: dict[str, bytes]) -> Iterator[Case]:
    """Every file that is none of its kind."""
    for name, content in texts.items():
        yield Case(f"{file}: {name}", command, file, partial(bytes, content))


def damaged(file: str, content: bytes, command: tuple[str, ...]) -> Iterator[Case]:
    """A binary file cut, lengthened and with bytes turned."""
    for length in (0, 1, 7, 8, 9, len(content) // 2, len(content) - 1):
        yield Case(f"{file} cut to {length}", command, file, partial(bytes, content[:length]))
    yield Case(f"{file} lengthened", command, file, partial(bytes, content + b"\0"))
    for size in (2**63 - 1, 2**64 - 1, 10**9, 1, 0):
        yield Case(f"{file} header of {size}", command, file, partial(bytes, size.to_bytes(8, "little") + content[8:]))
    nested = (100_000).to_bytes(8, "little") + b"[" * 100_000 + content
    yield Case(f"{file} nested header", command, file, partial(bytes, nested))


FLAGS = (
    "", "-1", "0", "1.5", "nan", "inf", "x", "99999999999999999999", "../..", "/dev/null", "a" * 300, "\x1b[31m",
    "--",
)  # fmt: skip
"""Values of options and arguments."""


def every_flag(command: tuple[str, ...], options: tuple[str, ...]) -> Iterator[Case]:
    """Each argument that is a path, and each option, with values that are none."""
    for number, word in enumerate(command[1:], 1):
        if word.startswith("--") or command[number - 1].startswith("--"):
            continue
        for value in ("", "none", "a" * 300, "\x1b[31m", "folder", "/dev/null", "/proc/self/mem", "-", "out\nline"):
            yield Case(
                f"{command[0]} argument {number} {value!r:.12}", (*command[:number], value, *command[number + 1 :])
            )
        yield Case(f"{command[0]} without argument {number}", (*command[:number], *command[number + 1 :]))
    for option in options:
        for value in FLAGS:
            yield Case(f"{command[0]} {option} {value!r:.12}", (*command, option, value))
    yield Case(f"{command[0]} --nonsense", (*command, "--nonsense"))


def files_in(folder: Path) -> dict[str, bytes]:
    """What lies in a folder."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and ".l2s" not in file.parts
    }
