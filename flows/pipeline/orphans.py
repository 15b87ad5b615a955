"""No orphans: a stage's command ends when the process that asked for it is gone.

DVC starts a command through a shell; if DVC is killed outright (``kill -9``), nothing tells the
command, and it would go on writing beside the next run.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import psutil

STEPS = ((signal.SIGINT, 10.0), (signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0))
"""What running stages are sent when their run is interrupted, and for how many seconds it may work."""


def end_with_ancestors(generations: int = 3, interval: float = 0.5) -> None:
    """Watch this process's ancestors from a daemon thread; exit at once when one of them is gone."""
    watched = _ancestors(os.getpid(), generations)
    if watched:
        threading.Thread(target=_watch, args=(watched, interval), daemon=True).start()


def _watch(watched: dict[int, str], interval: float) -> None:
    while all(_started(process) == start for process, start in watched.items()):
        time.sleep(interval)
    os._exit(137)


def _ancestors(process: int, generations: int) -> dict[int, str]:
    """Process ids and start times, nearest first; the system's own first process is left out."""
    found: dict[int, str] = {}
    for _ in range(generations):
        fields = _fields(process)
        if not fields or int(fields[1]) <= 1:
            break
        process = int(fields[1])
        found[process] = _started(process)
    return found


def _started(process: int) -> str:
    """When a process started, in clock ticks; empty when it is gone or dead."""
    fields = _fields(process)
    return fields[19] if fields and fields[0] != "Z" else ""


def _fields(process: int) -> list[str]:
    """Fields of /proc/<pid>/stat from the state on (the name before them may hold blanks)."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


@contextlib.contextmanager
def stopping_stages(stopping: threading.Event) -> Iterator[None]:
    """Within the block, an interrupt of this process (SIGINT, SIGTERM) sets the event and ends its running stages."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        if not stopping.is_set():
            stopping.set()
            threading.Thread(target=_stop_stages, daemon=True).start()
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop_stages() -> None:
    for number, patience in STEPS:
        for process in _stages():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process, number)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and _stages():
            time.sleep(0.1)


def _stages() -> list[int]:
    """Descendants that run a stage: forked by a fork server, each the leader of a group of its own (``worker.py``)."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == process.pid and "multiprocessing.forkserver" in " ".join(process.cmdline()):
                found.append(process.pid)
    return found
