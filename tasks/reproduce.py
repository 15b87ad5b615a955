"""One DVC stage as one Prefect task: run it if it is out of date, and let DVC record it.

The task's cache key is the stage's fingerprint, outputs included, and DVC alone says whether a stage
is out of date: one that is not shows as Cached, and a cached result is never believed over the files.
"""

import threading
import time
import uuid
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import voluptuous
from dvc.exceptions import DvcException
from dvc.lock import LockError
from dvc.repo import Repo, lock_repo
from dvc.stage import PipelineStage
from prefect import task
from prefect.context import TaskRunContext
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed, State

from flows.graph import fingerprint, one_line
from flows.watch import log_of

WAITS = 60
"""How often a stage asks again for DVC's lock, which is held for moments only."""
_repos = threading.local()
_validating = threading.RLock()


def _one_at_a_time(check: Callable[..., Any]) -> Callable[..., Any]:
    """A check that one thread makes at a time.

    DVC checks its files against schemas whose compiled form all threads share, and which keeps state in a call:
    two threads that read dvc.yaml at once see errors that are not there.
    """

    @wraps(check)
    def locked(*arguments: Any, **options: Any) -> Any:
        with _validating:
            return check(*arguments, **options)

    return locked


voluptuous.Schema.__call__ = _one_at_a_time(voluptuous.Schema.__call__)


def stage_key(context: TaskRunContext, arguments: dict[str, Any]) -> str:
    """The stage's fingerprint as it stands when the task is about to run; a fresh key if it is out of date."""
    name = arguments["name"]
    key = fingerprint(_stage(name))
    return f"{key}-{uuid.uuid4()}" if _with_lock(lambda: _is_stale(name)) else key


@task(cache_key_fn=stage_key, persist_result=True)
def reproduce(name: str) -> State[str]:
    """Bring one stage up to date; its own output goes to the task's log."""
    logger = get_run_logger()
    if not _with_lock(lambda: _is_stale(name)):
        return Completed(name="Cached", message=f"{name} is up to date", data="up to date")
    started = time.monotonic()
    log = log_of(name)
    log.unlink(missing_ok=True)
    try:
        _with_lock(lambda: _repo().reproduce(name, single_item=True))
    except DvcException as error:
        output = _tail(log)
        logger.error("%s", output or one_line(error))
        return Failed(message=f"{name}: {output.splitlines()[-1] if output else one_line(error)}")
    for line in _tail(log).splitlines():
        logger.info("%s", line)
    seconds = time.monotonic() - started
    logger.info("%s took %.1f s", name, seconds)
    return Completed(message=f"{name} took {seconds:.1f} s", data=f"{seconds:.1f} s")


def _repo() -> Repo:
    """This thread's own view of the repository, as it is on disk now."""
    if not hasattr(_repos, "repo"):
        _repos.repo = Repo()
    _repos.repo._reset()
    repo: Repo = _repos.repo
    return repo


def _stage(name: str) -> PipelineStage:
    stage: PipelineStage = next(iter(_repo().stage.collect(name)))
    return stage


def _is_stale(name: str) -> bool:
    stage = _stage(name)
    with lock_repo(stage.repo):
        return bool(stage.changed())


def _with_lock(action: Any) -> Any:
    for _ in range(WAITS):
        try:
            return action()
        except (
            DvcException
        ) as error:  # a stage that ended may also fail to get the lock back: run again, from the store
            if not _is_about_lock(error):
                raise
            time.sleep(0.5)
    return action()


def _is_about_lock(error: BaseException | None) -> bool:
    return isinstance(error, LockError) or (error is not None and _is_about_lock(error.__cause__))


def _tail(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-20_000:].strip() if log.is_file() else ""
