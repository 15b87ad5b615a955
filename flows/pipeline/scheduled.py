"""The stages of a run in their order: each is asked of DVC, sent to the task runner, and recorded when it ended."""

import time
from collections.abc import Mapping
from queue import Empty, SimpleQueue
from typing import NamedTuple

from dvc.exceptions import DvcException
from prefect import Task
from prefect.futures import PrefectFuture
from prefect.states import State

from flows.pipeline.artifacts import publish_page, publish_table
from flows.pipeline.progress import Watch
from flows.pipeline.repository.graph import Graph, one_line
from flows.pipeline.repository.recorder import PATIENCE, Busy, Recorder, Standing
from flows.pipeline.resources import Resources
from tasks.running.prefect_tasks import FROM_EXCEPTION, may_end_better, task_of

AGAIN = 0.5
"""Seconds after which DVC is asked again what it could not say."""
PUBLISH = {"analyse": publish_table, "report": publish_page}


class Run(NamedTuple):
    """What a flow needs besides its parameters."""

    graph: Graph
    watch: Watch
    resources: Resources
    occupied: Mapping[str, Mapping[str, int]]
    libraries: tuple[str, ...]
    """What workers load ahead."""


class Scheduled:
    """One run's stages: all of it in the flow's own thread, but for the tasks."""

    def __init__(self, run: Run, stages: list[str], recorder: Recorder) -> None:
        self.run, self.recorder = run, recorder
        self.waiting, self.mine = list(stages), set(stages)
        self.futures: dict[str, PrefectFuture[str]] = {}
        self.over: SimpleQueue[str] = SimpleQueue()
        """Names of stages whose tasks are over, from whichever thread."""
        self.running: set[str] = set()
        self.well: dict[str, bool] = {}
        """Of stages that are over: whether those that need them can begin."""
        self.unshown: list[tuple[str, Standing]] = []
        """Up to date, and not yet seen in Prefect."""
        self.failed: list[str] = []
        self.left_out = 0
        self.told: set[str] = set()

    def run_all(self) -> list[str]:
        """Run them to the last; a sentence for each that failed."""
        while self.waiting or self.running:
            if not (self._begin_ready() or self._work_aside()) and (self.waiting or self.running):
                self._await()
        self._record_rest()
        while self.unshown:
            self._show(*self.unshown.pop(0))
        if self.failed and self.left_out:
            stages = "1 stage that needs" if self.left_out == 1 else f"{self.left_out} stages that need"
            self.failed.append(f"{stages} what failed: not run")
        return self.failed

    def _begin_ready(self) -> bool:
        """Take notice of what ended, then begin one stage whose turn it is; False if there is none."""
        while not self.over.empty():
            self._end(self.over.get())
        for name in self.waiting:
            before = [other for other in self.run.graph.upstream[name] if other in self.mine]
            if all(other in self.well for other in before) and self._begin(name, before):
                self.waiting.remove(name)
                return True
        return False

    def _begin(self, name: str, before: list[str]) -> bool:
        if not all(self.well[other] for other in before):
            self.well[name] = False
            self.left_out += 1
            self._tell(name, None)
            return True
        try:
            standing = self.recorder.begin(name)
        except Busy:
            return False
        except DvcException as error:
            self._fail(name, f"{name}: {one_line(error)}")
            return True
        if standing.job is None:
            self.well[name] = True
            self.unshown.append((name, standing))
            return True
        waits = [self.futures[other] for other in before if other in self.futures]
        self.running.add(name)
        future = self._task(name).submit(standing.key, standing.job, dict(self.run.occupied[name]), wait_for=waits)
        self.futures[name] = future
        future.add_done_callback(lambda _: self.over.put(name))
        return True

    def _task(self, name: str) -> Task[..., State[str]]:
        return task_of(name.partition("@")[0]).with_options(
            task_run_name=name,
            retries=self.run.resources.retries,
            retry_delay_seconds=self.run.resources.delay,
            retry_condition_fn=may_end_better,
        )

    def _end(self, name: str) -> None:
        future = self.futures[name]
        future.wait()
        state = future.state
        self.running.discard(name)
        self.well[name] = state.is_completed()
        self.recorder.end(name, self.well[name])
        if self.well[name]:
            self._tell(name, (state.message or "done").partition(" took ")[2] or "done")
            PUBLISH.get(name, lambda: None)()
        else:
            message = state.message or name
            self._fail(name, message.partition(FROM_EXCEPTION)[2] or message)

    def _work_aside(self) -> bool:
        """Something that need not be done at once; False if there is nothing."""
        try:
            if self.recorder.ended:
                for name, sentence in self.recorder.record().items():
                    self._fail(name, f"{name}: {sentence}")
                return True
        except Busy:
            return False
        if self.unshown:
            self._show(*self.unshown.pop(0))
            return True
        return False

    def _await(self) -> None:
        """Wait for a stage to end; not for long if DVC is to be asked again."""
        try:
            self._end(self.over.get(timeout=AGAIN if self.waiting else None))
        except Empty:
            return

    def _record_rest(self) -> None:
        begun = time.monotonic()
        while self.recorder.ended:
            if not self._work_aside():
                if time.monotonic() - begun > PATIENCE:
                    names = ", ".join(stage.addressing for stage in self.recorder.ended)
                    self.failed.append(f"{names}: not recorded: another process holds DVC's lock; run again")
                    return
                time.sleep(AGAIN)

    def _show(self, name: str, standing: Standing) -> None:
        self._task(name)(standing.key, standing.said, return_state=True)
        self._tell(name, standing.said.removeprefix(f"{name} ").removeprefix("is "))

    def _fail(self, name: str, sentence: str) -> None:
        self.well[name] = False
        self.failed.append(sentence)
        self._tell(name, "FAILED")

    def _tell(self, name: str, how: str | None) -> None:
        if name not in self.told:
            self.told.add(name)
            self.run.watch.finished(name, len(self.told), how)
