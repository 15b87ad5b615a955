"""Partial: what an unfinished calibration has so far, beside its output, so that a killed one goes on from there."""

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from l2s.core.files import sync_file, sync_folder

EVERY = 5.0
"""Seconds between two writings, at least."""
SHARE = 0.1
"""The largest share of the time that goes into writing."""


class Partial:
    """A safetensors file ``.<name>.partial.safetensors`` that is whole or absent."""

    def __init__(self, out: Path, key: str) -> None:
        """What another calibration left there, under another key, counts for nothing."""
        self.path, self.key = out.with_name(f".{out.stem}.partial.safetensors"), key
        self._aside = self.path.with_suffix(".aside")
        self._written, self._took = time.monotonic(), 0.0

    def read(self) -> tuple[int, dict[str, Tensor]]:
        """How many steps are done, and their results; ``(0, {})`` where there is no such file."""
        # not there, or damaged by more than a kill: start over
        with suppress(OSError, SafetensorError, ValueError), safe_open(self.path, framework="pt") as file:
            about = json.loads((file.metadata() or {}).get("l2s", "{}"))
            if about.get("key") == self.key:
                return about["done"], {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
        return 0, {}

    def write(self, done: int, tensors: Mapping[str, Tensor]) -> None:
        """Note results, if the last time is long enough ago."""
        start = time.monotonic()
        if start - self._written < max(EVERY, self._took / SHARE):
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        save_file(dict(tensors), self._aside, {"l2s": json.dumps({"key": self.key, "done": done})})
        sync_file(self._aside)
        os.replace(self._aside, self.path)
        sync_folder(self.path.parent)
        self._written = time.monotonic()
        self._took = self._written - start

    def remove(self) -> None:
        """The calibration is finished."""
        self._aside.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)
