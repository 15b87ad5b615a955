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

STEPS = ((None, 2.0), (signal.SIGINT, 10.0), (signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0))
"""What running stages are sent when their run is interrupted, and for how many seconds it may work. Ctrl-C at a
terminal reaches them without us, so at first nothing is."""


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
        if number is not None:
            for process in _stages_of(os.getpid()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, number)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and _stages_of(os.getpid()):
            time.sleep(0.1)


def _stages_of(run: int) -> list[int]:
    """Descendants that run a stage for DVC, which says so in their environment."""
    parents = {int(entry.name): _parent(int(entry.name)) for entry in Path("/proc").glob("[0-9]*")}
    found = []
    for process in parents:
        above = process
        while above and above != run:
            above = parents.get(above, 0)
        if above == run and process != run and _runs_stage(process):
            found.append(process)
    return found


def _runs_stage(process: int) -> bool:
    try:
        return b"DVC_STAGE=" in Path(f"/proc/{process}/environ").read_bytes()
    except OSError:
        return False  # it ended meanwhile


def _parent(process: int) -> int:
    fields = _fields(process)
    return int(fields[1]) if fields and fields[0] != "Z" else 0
