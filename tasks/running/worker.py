"""A process for each stage, forked by Python's fork server from one that has loaded the libraries.

Importing torch and transformers then takes seconds once a run, not once a stage; a stage's memory is given back when
it ends, and one that crashes ends alone. A stage's process leads a process group of its own, and ends with all that
it started when the process that asked for it is gone.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import connection, forkserver

from l2s.core.errors import L2SError, sentence_of
from tasks.running.watched import WrittenProgress, redirect_output

BASE = ("rich.console", "pydantic", "yaml", "numpy")
LAST = "tasks.running.loaded"
_asking = threading.Lock()
"""multiprocessing reads how a process ended in whichever thread asks first, and that can be read once."""


@dataclass(frozen=True)
class Job:
    """One stage to be run, as it is sent to where tasks run."""

    name: str
    root: str
    """The project's folder."""
    command: str | None
    """What a shell runs in ``folder``, for a stage that is none of :mod:`tasks.stages`."""
    folder: str
    outputs: tuple[str, ...]
    removed: tuple[str, ...]
    """Of the outputs, those that a stage must not find."""
    libraries: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)


def load(libraries: Iterable[str]) -> None:
    """Start this process's fork server, unless it has one; it imports the libraries in the background."""
    forkserver.set_forkserver_preload([*BASE, *libraries, LAST])
    forkserver.ensure_running()


def run(job: Job) -> int:
    """Run the stage to its end; return its exit code, negative for a signal."""
    load(job.libraries)
    process = multiprocessing.get_context("forkserver").Process(target=_become, args=(job,), name=job.name)
    with _asking:
        process.start()
    connection.wait([process.sentinel])
    with _asking:
        process.join()
    code = process.exitcode
    if code:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid or 0, signal.SIGKILL)  # what it started and left behind
    return 1 if code is None else code


def _become(job: Job) -> None:
    os.setpgid(0, 0)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.chdir(job.root)
    os.environ.update(job.environment)
    redirect_output(job.name)
    sys.exit(_command(job) if job.command is not None else _stage(job.name))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.killpg(0, signal.SIGKILL)


def _stage(title: str) -> int:
    from tasks.stages import run_stage

    kind, _, name = title.partition("@")
    try:
        run_stage(kind, name or None, WrittenProgress(title), lambda sentence: print(f"{title}: {sentence}"))
    except (L2SError, OSError) as error:
        print(f"error: {sentence_of(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _command(job: Job) -> int:
    """Run a stage's command in a shell, as DVC does."""
    shell = os.environ.get("SHELL") or "/bin/sh"
    code = subprocess.call([shell, "-c", job.command or ""], cwd=job.folder)
    return code if code >= 0 else 128 - code
