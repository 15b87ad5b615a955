"""The Prefect task of each kind of stage: it works in the worker; the flow tells DVC (``repository/recorder.py``).

A task's cache key is its stage's DVC fingerprint, outputs included, and DVC alone says whether a stage is out of date:
one that is not shows as Cached, and a cached result is never believed over the files. A stage whose input is wrong has
failed; one that was killed or broke down is tried again.
"""

import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from prefect import Task, task
from prefect.concurrency.sync import concurrency
from prefect.context import TaskRunContext
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed, State

from l2s.core.files import write_text
from tasks.running.watched import key_of, log_of
from tasks.running.worker import Job, run
from tasks.stage import RAY

FINAL = {2, 126, 127, 130, -2}
"""Exit codes after which another try ends the same way: wrong input or usage, no such command, interrupted."""
LIMIT = "l2s-{}"
"""Name of a resource's global concurrency limit."""
stopping = threading.Event()
"""Set when the run is being stopped: what has not begun does not."""


class StageError(Exception):
    """A stage broke down; another try may end better."""


FROM_EXCEPTION = f"{StageError.__name__}: "
"""What stands before the sentence of a StageError in its state's message."""


def _key(context: TaskRunContext, arguments: dict[str, Any]) -> str:
    key: str = arguments["key"]
    return key


def may_end_better(task: Any, run: Any, state: State[Any]) -> bool:
    """A retry makes sense: the stage broke down, its input was not wrong."""
    return isinstance(state.data, StageError) and not stopping.is_set()


@cache
def task_of(kind: str) -> Task[..., State[str]]:
    """The task of one kind of stage."""

    def stage(key: str, job: Job | str, occupied: Mapping[str, int] | None = None) -> State[str]:
        return bring_up_to_date(key, job, occupied)

    stage.__name__ = stage.__qualname__ = kind  # which is what Prefect knows a task by
    return task(name=kind, cache_key_fn=_key, persist_result=True)(stage)


def bring_up_to_date(key: str, job: Job | str, occupied: Mapping[str, int] | None = None) -> State[str]:
    """Run a stage; what it prints goes to the task's log.

    Args:
        key: the stage's fingerprint; a fresh one if it is out of date.
        job: the stage; or what to say of one that need not run.
        occupied: slots it takes of the resources' concurrency limits.

    Raises:
        StageError: it was killed or broke down; Prefect tries again.
    """
    if isinstance(job, str):
        return Completed(name="Cached", message=job, data=job)
    if Path.cwd() != Path(job.root):
        os.chdir(job.root)  # a worker that was started elsewhere
    with slots(occupied or {}):
        return Failed(message=f"{job.name}: not begun, the run was stopped") if stopping.is_set() else _run(job, key)


def _run(job: Job, key: str) -> State[str]:
    logger, started, log = get_run_logger(), time.monotonic(), log_of(job.name)
    log.unlink(missing_ok=True)
    _remove(job.removed)
    code = run(replace(job, environment=job.environment | _cluster()))
    said = log.read_text(encoding="utf-8", errors="replace")[-20_000:].strip() if log.is_file() else ""
    missing = [path for path in job.outputs if not os.path.lexists(path)]
    if code or missing:
        logger.error("%s", said)
        how = f"ended with exit code {code}" if code else f"did not write {', '.join(missing)}"
        sentence = f"{job.name}: {said.splitlines()[-1] if said and code else how}"
        if not code or code in FINAL or stopping.is_set():
            return Failed(message=sentence)
        raise StageError(sentence)
    write_text(key_of(job.name), key)
    for line in said.splitlines():
        logger.info("%s", line)
    seconds = time.monotonic() - started
    logger.info("%s took %.1f s", job.name, seconds)
    return Completed(message=f"{job.name} took {seconds:.1f} s", data=f"{seconds:.1f} s")


def _cluster() -> dict[str, str]:
    """Where this task was sent, if that is a Ray cluster."""
    ray = sys.modules.get("ray")
    return {RAY: ray.get_runtime_context().gcs_address} if ray is not None and ray.is_initialized() else {}


def _remove(paths: tuple[str, ...]) -> None:
    """What an earlier try left."""
    for path in map(Path, paths):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


@contextmanager
def slots(occupied: Mapping[str, int]) -> Iterator[None]:
    """Hold slots of several limits, always taken in the same order, so that no two stages wait for each other."""
    with ExitStack() as held:
        for kind, count in sorted(occupied.items()):
            held.enter_context(concurrency(LIMIT.format(kind), occupy=count, strict=True))
        yield
