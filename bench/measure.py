"""What a command takes: wall and CPU seconds, and the memory that is its own, over its whole process tree."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

POLL = 0.02
"""Seconds between two looks at a process's memory."""


@dataclass(frozen=True)
class Run:
    """One run of a command."""

    seconds: float
    """Wall time from its start to its end."""
    cpu_seconds: float
    """User and system time, of all its threads and children."""
    anonymous: int
    """Bytes at the peak: anonymous, shared and swapped memory; mapped files are not in it. Sampled."""
    resident: int
    """Bytes at the peak with mapped files (VmHWM), summed over the process tree."""
    code: int
    """Exit code; negative: the signal that ended it."""


def measure(command: Sequence[str], log: Path, environment: Mapping[str, str], folder: Path | None = None) -> Run:
    """Run ``command`` to its end and measure it; what it prints goes to ``log``. Linux only: reads /proc.

    If this process is interrupted, the command and its children end too.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=dict(environment), cwd=folder,
            start_new_session=True,
        )  # fmt: skip
        waiter = _Waiter(process)
        anonymous, resident = 0, dict[int, int]()
        try:
            while not waiter.ended.wait(POLL):
                found = [_memory(pid) for pid in tree(process.pid)]
                anonymous = max(anonymous, sum(own for own, _, _ in found))
                resident |= {pid: peak for _, peak, pid in found if peak}
        finally:
            if not waiter.ended.is_set():
                os.killpg(process.pid, signal.SIGKILL)
                waiter.ended.wait()
    usage = waiter.usage
    return Run(
        seconds=waiter.at - started,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        anonymous=anonymous,
        resident=sum(resident.values()),
        code=waiter.code,
    )


def end_on_terminate() -> None:
    """Let a request to terminate end this process as an interrupt does: what it measures ends first."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


class _Waiter:
    """Waits for a process in a thread of its own, so that its end is noticed at once."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.ended = threading.Event()
        self._process = process
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        _, status, self.usage = os.wait4(self._process.pid, 0)
        self.at = time.perf_counter()
        self.code = os.waitstatus_to_exitcode(status)
        self._process.returncode = self.code
        self.ended.set()


def tree(pid: int) -> list[int]:
    """A process and all its descendants that are alive."""
    found = [pid]
    for parent in found:
        for file in Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(child) for child in _text(file).split()]
    return found


def _memory(pid: int) -> tuple[int, int, int]:
    """Bytes that are the process's own, bytes resident at its peak, and its id; zeros if it has ended."""
    lines = dict(line.split(":", 1) for line in _text(Path(f"/proc/{pid}/status")).splitlines() if ":" in line)
    kilobytes = {key: int(lines[key].split()[0]) for key in ("RssAnon", "RssShmem", "VmSwap", "VmHWM") if key in lines}
    own = sum(kilobytes.get(key, 0) for key in ("RssAnon", "RssShmem", "VmSwap"))
    return 1024 * own, 1024 * kilobytes.get("VmHWM", 0), pid


def _text(file: Path) -> str:
    """A file under /proc; empty if its process ended meanwhile."""
    try:
        return file.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
