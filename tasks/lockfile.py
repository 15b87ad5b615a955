"""dvc.lock, written a stage at a time.

DVC reads and writes the whole file again for each stage, through a YAML library that keeps comments: a second a
stage where there are some sixty. Its lock file has no comments. Here a text that was read before is not parsed
again, and only the lines of the stages that changed are written anew, by DVC's own dumper, so that the bytes are
DVC's; the file is replaced whole. What does not look as DVC writes it is left to DVC.
"""

import pickle
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dvc import dvcfile
from dvc.utils import strictyaml
from dvc.utils.serialize import dumps_yaml, modify_yaml, parse_yaml

from l2s.files import write_text

HEAD = "schema: '2.0'\nstages:\n"
STAGE = re.compile(r"^  (\S.*):$", re.MULTILINE)
"""The line above a stage's entry."""
ANCHOR = re.compile(r"[&*]id\d")
"""The dumper's mark on what stands twice: its lines do not stand alone."""
_read: dict[str, tuple[str, bytes]] = {}
"""By path: the text that was parsed last, and what it holds, pickled, since who gets it may change it."""


def take_over() -> None:
    """Have DVC in this process read and write its lock file so."""
    dvcfile.modify_yaml = modified
    strictyaml.parse_yaml = parsed


def parsed(text: str, path: Any, typ: str = "safe") -> Any:
    """In place of DVC's ``parse_yaml``."""
    if typ != "safe":
        return parse_yaml(text, path, typ=typ)
    known, pickled = _read.get(_key(path), ("", b""))
    if not known or text != known:
        pickled = pickle.dumps(parse_yaml(text, path))
        _read[_key(path)] = (text, pickled)
    return pickle.loads(pickled)  # what this process pickled itself


@contextmanager
def modified(path: str, fs: Any = None) -> Iterator[Any]:
    """In place of DVC's ``modify_yaml``: yield what the file holds, write what has become of it."""
    file = Path(path)
    text = file.read_text(encoding="utf-8") if file.name == dvcfile.LOCK_FILE and file.is_file() else ""
    if not text.startswith(HEAD):
        with modify_yaml(path, fs=fs) as data:
            yield data
        return
    data = parsed(text, path)
    yield data
    found = spliced(text, parsed(text, path), data)
    if found is None:
        write_text(file, dumps_yaml(data))
    else:
        write_text(file, found[0])
        _read[_key(path)] = (found[0], pickle.dumps(found[1]))


def spliced(text: str, before: dict[str, Any], after: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """The text with the entries of those stages that differ, and what it then holds.

    None if more than that differs, or if an entry would not be read as it was meant.
    """
    blocks, names = _blocks(text), list(after["stages"])
    if ANCHOR.search(text) or list(blocks) != list(before["stages"]) or names[: len(blocks)] != list(blocks):
        return None
    if {**before, "stages": {}} != {**after, "stages": {}}:
        return None
    stages = dict(before["stages"])
    for name, entry in after["stages"].items():
        if name not in blocks or entry != stages[name]:
            blocks[name] = dumps_yaml({"stages": {name: entry}}).removeprefix("stages:\n")
            read = parse_yaml(HEAD + blocks[name], dvcfile.LOCK_FILE)["stages"]
            if read != {name: entry} or ANCHOR.search(blocks[name]):
                return None
            stages |= read
    return HEAD + "".join(blocks.values()), {**before, "stages": stages}


def _key(path: Any) -> str:
    return str(Path(path).absolute())  # DVC names the same file both ways


def _blocks(text: str) -> dict[str, str]:
    """Each stage's lines by its name, in order."""
    body = text.removeprefix(HEAD)
    starts = [match.start() for match in STAGE.finditer(body)]
    if not starts or starts[0] != 0:
        return {}
    blocks = [body[start:end] for start, end in zip(starts, [*starts[1:], len(body)], strict=True)]
    names = parse_yaml("\n".join(block.partition("\n")[0].strip() for block in blocks), dvcfile.LOCK_FILE)
    return dict(zip(names, blocks, strict=True)) if len(names) == len(blocks) else {}
