"""Journal: which tensors of an unfinished merge are written, so that a killed merge goes on where it was."""

import json
import os
import threading
from pathlib import Path
from typing import IO, Any, Self

from l2s.core.errors import ConfigError
from l2s.merging.run.diagnostics import TensorDiagnostics

NAME = ".l2s_merge.jsonl"


class Journal:
    """A line for every tensor that is in its place, in the folder of an unfinished merge.

    The first line says what is being merged; another merge's journal counts for nothing. A line is
    written after the tensor's bytes; whether they really are there is for the reader to see, by digest.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.path, self.key = folder / NAME, key
        self.finished = self._read()
        """By tensor name; what a merge with the same key left behind."""
        self._writing = threading.Lock()
        self._file: IO[str] | None = None

    def _read(self) -> dict[str, TensorDiagnostics]:
        if not self.path.is_file():
            return {}
        complete = self.path.read_text(encoding="utf-8").split("\n")[:-1]  # a torn last line has no end
        try:
            lines: list[dict[str, Any]] = [json.loads(line) for line in complete]
            if not lines or lines[0] != {"merge": self.key}:
                return {}
            return {line["tensor"]: TensorDiagnostics.parse(line["diagnostics"], NAME) for line in lines[1:]}
        except (ValueError, KeyError, ConfigError):  # damaged by more than a kill: start over
            return {}

    def __enter__(self) -> Self:
        aside = self.path.with_suffix(".partial")
        with open(aside, "w", encoding="utf-8") as file:
            file.write(json.dumps({"merge": self.key}) + "\n")
            file.writelines(_line(name, found) for name, found in self.finished.items())
        os.replace(aside, self.path)
        self._file = open(self.path, "a", encoding="utf-8")
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        assert self._file is not None
        self._file.close()
        if kind is None:
            self.path.unlink()

    def add(self, name: str, diagnostics: TensorDiagnostics) -> None:
        """Note a tensor that is written. Safe in several threads."""
        with self._writing:
            assert self._file is not None
            self._file.write(_line(name, diagnostics))
            self._file.flush()


def _line(name: str, diagnostics: TensorDiagnostics) -> str:
    return json.dumps({"tensor": name, "diagnostics": diagnostics.model_dump(mode="json")}) + "\n"
