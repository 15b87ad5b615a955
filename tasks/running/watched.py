"""What a stage of a running pipeline says: its log and its progress, as small files that the pipeline reads."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

LOGS = Path(".l2s/logs")
Item = TypeVar("Item")


def log_of(stage: str) -> Path:
    """Where a stage of the pipeline writes what it says."""
    return LOGS / f"{stage}.log"


def progress_of(stage: str) -> Path:
    """Where a stage of the pipeline writes how far it is."""
    return LOGS / f"{stage}.progress"


def key_of(stage: str) -> Path:
    """Where the task of a stage that ended well leaves its key: Prefect may be gone by then."""
    return LOGS / f"{stage}.key"


def redirect_output(stage: str) -> None:
    """Send everything this process and its children print to the stage's log."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = os.open(log_of(stage), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)


class WrittenProgress:
    """A track that keeps the stage's progress file up to date, at most a few times a second."""

    def __init__(self, stage: str) -> None:
        self.path = progress_of(stage)
        self.written = 0.0

    def __call__(
        self,
        items: Iterable[Item],
        label: str,
        total: float | None = None,
        weight: Callable[[Item], float] | None = None,
    ) -> Iterator[Item]:
        """Iterate and write."""
        if total is None and isinstance(items, Sequence):
            total = float(len(items))
        done = 0.0
        for item in items:
            yield item
            done += weight(item) if weight else 1.0
            self._write(label, done, total or 0.0)

    def _write(self, label: str, done: float, total: float) -> None:
        if time.monotonic() - self.written > 0.25:
            self.written = time.monotonic()
            aside = self.path.with_suffix(".aside")
            aside.write_text(f"{label}\t{done}\t{total}", encoding="utf-8")
            os.replace(aside, self.path)
