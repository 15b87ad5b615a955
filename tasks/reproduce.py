"""One DVC stage as one Prefect task: run it if it is out of date, and let DVC record it.

The task's cache key is the stage's fingerprint, outputs included, and DVC alone says whether a stage is
out of date: one that is not shows as Cached, and a cached result is never believed over the files.
A stage whose input is wrong has failed; one that was killed or broke down is tried again.
"""

import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prefect import task
from prefect.context import TaskRunContext
from prefect.states import Completed, State

from tasks.stage import StageError, run_stage, slots, standing, standing_when_begun, stopping


def stage_key(context: TaskRunContext, arguments: dict[str, Any]) -> str:
    """The stage's fingerprint as it stands when the task is about to run; a fresh key if it is out of date."""
    found = standing(arguments["name"])
    return f"{found.key}-{uuid.uuid4()}" if found.stale else found.key


def may_end_better(task: Any, run: Any, state: State[Any]) -> bool:
    """A retry makes sense: the stage broke down, its input was not wrong."""
    return isinstance(state.data, StageError) and not stopping.is_set()


@task(cache_key_fn=stage_key, persist_result=True)
def reproduce(name: str, occupied: Mapping[str, int] | None = None, root: str | None = None) -> State[str]:
    """Bring one stage up to date; its own output goes to the task's log.

    Args:
        name: the stage.
        occupied: slots it takes of the resources' concurrency limits.
        root: the project's folder, for a worker that was started elsewhere.

    Raises:
        StageError: it was killed or broke down; Prefect tries again.
    """
    if root is not None and Path.cwd() != Path(root):
        os.chdir(root)
    if not standing_when_begun(name).stale:
        return Completed(name="Cached", message=f"{name} is up to date", data="up to date")
    with slots(occupied or {}):
        return run_stage(name)
