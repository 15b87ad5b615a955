"""What a running stage says: its log and its progress, as small files the pipeline reads.

A stage started by the pipeline writes ``.l2s/logs/<stage>.log`` and keeps ``.l2s/logs/<stage>.progress``
up to date; the terminal shows one bar a running stage.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

LOGS = Path(".l2s/logs")
WATCHED = "L2S_WATCHED"
"""Set in the environment of stages that the pipeline started."""
PREFECT_RUN = "L2S_PREFECT_RUN"
"""Set in the environment of stages by the flow that runs them: its id, for their records."""
Item = TypeVar("Item")


def log_of(stage: str) -> Path:
    """Where a stage of the pipeline writes what it says."""
    return LOGS / f"{stage}.log"


def progress_of(stage: str) -> Path:
    """Where a stage of the pipeline writes how far it is."""
    return LOGS / f"{stage}.progress"


def is_watched() -> bool:
    """A pipeline started this stage and shows it."""
    return WATCHED in os.environ


def redirect_output(stage: str) -> None:
    """Send everything this process prints to the stage's log."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = os.open(log_of(stage), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    sys.stdout.flush()
    sys.stderr.flush()
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


class Watch:
    """The terminal while a pipeline runs: finished stages, and a bar for each running one."""

    def __init__(self, stages: list[str], console: Console) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[shown]}"),
            TimeElapsedColumn(),
        )
        self.progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self.console = console
        self.stages = stages
        self.rows: dict[str, TaskID] = {}
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Self:
        LOGS.mkdir(parents=True, exist_ok=True)
        for stage in self.stages:
            progress_of(stage).unlink(missing_ok=True)
        self.progress.start()
        self.whole = self.progress.add_task("pipeline", total=len(self.stages), shown=f"0/{len(self.stages)} stages")
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.done.set()
        self.thread.join()
        self.progress.stop()

    def finished(self, stage: str, count: int, how: str | None) -> None:
        """Say that a stage ended, and how; nothing of one that did not begin."""
        if how is not None:
            self.console.print(f"[{count}/{len(self.stages)}] {stage}: {how}", highlight=False, markup=False)
        self.progress.update(self.whole, completed=count, shown=f"{count}/{len(self.stages)} stages")
        progress_of(stage).unlink(missing_ok=True)
        if stage in self.rows:
            self.progress.remove_task(self.rows.pop(stage))

    def _follow(self) -> None:
        while not self.done.wait(0.3):
            for stage in self.stages:
                self._show(stage)

    def _show(self, stage: str) -> None:
        try:
            label, done, total = progress_of(stage).read_text(encoding="utf-8").split("\t")
        except (OSError, ValueError):
            return  # not running, or just removed
        if stage not in self.rows:
            self.rows[stage] = self.progress.add_task(label, total=float(total) or None, shown="")
        share = f"{100 * float(done) / float(total):.0f} %" if float(total) else ""
        self.progress.update(
            self.rows[stage], description=label, completed=float(done), total=float(total) or None, shown=share
        )
