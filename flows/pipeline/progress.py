"""The terminal while a pipeline runs: one bar a running stage, from what the stages write (``watched.py``)."""

import threading
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from tasks.running.watched import LOGS, progress_of


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
