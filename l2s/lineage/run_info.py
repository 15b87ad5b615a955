"""The run info of a step: clock, machine, commit."""

import os
import platform
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from l2s.lineage.record import RunInfo

COUNTED = ("*.py", "*.yaml", "*.yml", "*.toml", "*.sh")
"""Files whose changes since the commit are named: sources and parameters, not data."""


class Clock:
    """Started when a step starts: now, or at a moment that was noted, of which the time and a count of seconds."""

    def __init__(self, started: datetime | None = None, from_then: float | None = None) -> None:
        self.started = started or datetime.now(UTC)
        self.from_then = time.perf_counter() if from_then is None else from_then

    def occasion(self, record: str, root: Path, prefect_run: str | None = None) -> RunInfo:
        """Now that the step is done.

        Args:
            record: digest of the record.
            root: a folder of the git repository, if there is one.
            prefect_run: id of the Prefect flow run.
        """
        commit, dirty = commit_of(root)
        return RunInfo(
            record=record,
            started=self.started.isoformat(timespec="milliseconds"),
            seconds=round(time.perf_counter() - self.from_then, 3),
            machine=machine(),
            commit=commit,
            dirty=dirty,
            prefect_run=prefect_run,
            peak_memory_bytes=_peak_memory(),
        ).sealed()


def commit_of(root: Path) -> tuple[str | None, tuple[str, ...]]:
    """HEAD, and the counted files that differ from it or are not in it; None and nothing outside git."""
    command = ["git", "status", "--porcelain=v2", "--branch", "--untracked-files=all", "-z", "--", *COUNTED]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return None, ()
    lines = done.stdout.split("\0") if done.returncode == 0 else []
    heads = [line.removeprefix("# branch.oid ") for line in lines if line.startswith("# branch.oid ")]
    commit = heads[0] if heads and heads[0] != "(initial)" else None
    return commit, tuple(sorted(filter(None, map(_changed, lines))))


def _changed(line: str) -> str:
    """The file that a line of git's status names; renamed ones by their new name."""
    fields = {"1": 8, "2": 9, "u": 10, "?": 1}.get(line[:1])
    return line.split(" ", fields)[-1] if fields and line[1:2] == " " else ""


def machine() -> dict[str, str | int]:
    """What kind of machine this is; neither its name nor its address."""
    found: dict[str, str | int] = {
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "processor": processor(),
        "cores": os.cpu_count() or 1,
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
    }
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        found["gpu"] = ", ".join(torch.cuda.get_device_name(place) for place in range(torch.cuda.device_count()))
    return found


def processor() -> str:
    """What the processor calls itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _peak_memory() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
