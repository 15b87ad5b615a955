"""No orphans: a stage's command ends when the process that asked for it is gone.

DVC starts a command through a shell; if DVC is killed outright (``kill -9``), nothing tells the
command, and it would go on writing beside the next run.
"""

import os
import threading
import time
from pathlib import Path


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
