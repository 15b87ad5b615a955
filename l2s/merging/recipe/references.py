"""How a recipe names a model: one text for each, whatever form it was written in.

A folder; ``org/name`` or ``org/name@revision``; either with ``+`` and a LoRA adapter, named likewise. mergekit writes
the same as a mapping, too: ``{model: {path: org/name, revision: main}, lora: …}``. Two texts that lead to one folder,
such as ``/x/base`` and ``/x/base/``, become the first of them.
"""

import os
from pathlib import Path
from typing import Any

from l2s.core.params import nearest

KEYS = ("model", "lora", "override_architecture")
PATH_KEYS = ("path", "revision")
LONGEST = 255
"""Bytes of a folder's name."""


class References:
    """Turns references into texts, and collects what there is to say about them."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        """What was read otherwise than it stands."""
        self.problems: list[str] = []
        self._first: dict[str, str] = {}

    def text(self, found: Any, where: str) -> Any:
        """The reference as text; what is none is left for the validation.

        Args:
            found: as it stands in the recipe.
            where: its place there.
        """
        if isinstance(found, dict):
            found = self._joined(found, where)
        if not isinstance(found, str):
            return found
        if "\0" in found or any(len(part.encode()) > LONGEST for part in found.split("/")):
            self.problems.append(f"{where}: found {found[:40]!r}…, which no file system takes for a name")
            return "?"
        return self._folder_once("+".join(self._without_revision(part, where) for part in plain(found).split("+")))

    def tokenizer(self, found: Any, where: str) -> Any:
        """The text of a ``tokenizer_source``, which may be a word, and may begin with ``model:``."""
        if isinstance(found, str) and found.startswith("model:"):
            self.notes.append(f"{where}: '{found}' is read as '{found.removeprefix('model:')}'")
            found = found.removeprefix("model:")
        return found if found in ("union", "base") else self.text(found, where)

    def _joined(self, found: dict[str, Any], where: str) -> Any:
        """One text of mergekit's mapping."""
        if "path" in found:
            return self._path(found, where)
        self._unknown(found, KEYS, where)
        if found.get("override_architecture"):
            self.notes.append(f"{where}.override_architecture: ignored; tensors are merged under the names they have")
        parts = [found.get("model"), found.get("lora")]
        texts = [self._path(part, where) if isinstance(part, dict) else part for part in parts if part is not None]
        if parts[0] is None or not all(isinstance(text, str) for text in texts):
            self.problems.append(f"{where}: found {found}, expected a model: a text, or {{model: …, lora: …}}")
            return "?"
        return "+".join(texts)

    def _path(self, found: dict[str, Any], where: str) -> str:
        self._unknown(found, PATH_KEYS, where)
        path, revision = found.get("path"), found.get("revision")
        if not isinstance(path, str) or not isinstance(revision, str | None):
            self.problems.append(f"{where}: found {found}, expected {{path: …, revision: …}}, both texts")
            return "?"
        return f"{path}@{revision}" if revision else path

    def _unknown(self, found: dict[str, Any], keys: tuple[str, ...], where: str) -> None:
        self.problems += [f"{where}.{key}: unknown key{nearest(str(key), keys)}" for key in found if key not in keys]

    def _without_revision(self, text: str, where: str) -> str:
        folder, at, revision = text.partition("@")
        if not at or Path(text).exists() or not Path(folder).is_dir():
            return text
        self.notes.append(f"{where}: {folder} is a folder, which has no revisions: @{revision} is ignored")
        return folder

    def _folder_once(self, text: str) -> str:
        """The text that first led to this folder."""
        return self._first.setdefault(os.path.realpath(text), text) if Path(text).is_dir() else text


def plain(text: str) -> str:
    """The text without what changes nothing in a path: a slash at its end, ``//``, ``/./``."""
    return "+".join(_plain_path(part) for part in text.split("+"))


def _plain_path(text: str) -> str:
    text = os.path.expanduser(text)
    if "/" not in text:
        return text
    shown = os.path.normpath(text)
    return f"./{shown}" if text.startswith("./") and "/" not in shown and shown != "." else shown
