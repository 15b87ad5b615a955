"""Workers: killable processes that do the algebra, kept warm from one call to the next.

Plain child processes over pipes, so they can be used from any thread, from daemon processes, tasks and
test runners alike, and stopped whatever they are computing. None starts before the first pair needs one.
"""

import atexit
import json
import os
import select
import subprocess
import sys
import threading
import time
from pathlib import Path

import l2s
from l2s.errors import EngineError

SECONDS_A_PAIR = 2.5
"""After this long a worker is killed and the pair's outcome is ``limit``; half a second below the 3 s promised."""
_ATTEMPTS = 2
_SECONDS_TO_SPARE = 0.25
_SECONDS_TO_START = 120.0
_MOST_IDLE = max(2, os.cpu_count() or 1)


class Worker:
    """One process and its two pipes; used by one thread at a time."""

    def __init__(self) -> None:
        package_root = str(Path(l2s.__file__).parent.parent)
        paths = [package_root, *filter(None, [os.environ.get("PYTHONPATH")])]
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "l2s.verification.workers.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,  # an interrupt at the terminal is the parent's to handle
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )
        self.ready = False

    def send(self, request: dict[str, str]) -> None:
        """Hand over one pair, once the process is ready.

        Raises:
            BrokenPipeError: the process died.
            EngineError: it cannot start, e.g. because Math-Verify is not installed.
        """
        self._wait_until_ready()
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request).encode() + b"\n")

    def receive(self, seconds: float) -> str | None:
        """The status of the pair, or None if the process is still at it.

        Raises:
            BrokenPipeError: the process died.
        """
        reply = self._read(time.monotonic() + seconds)
        status: str | None = json.loads(reply)["status"] if reply else None
        return status

    def alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.poll() is None

    def stop(self) -> None:
        """Kill the process, reap it and close its pipes; harmless when repeated."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def _wait_until_ready(self) -> None:
        if self.ready:
            return
        try:
            reply = self._read(time.monotonic() + _SECONDS_TO_START)
        except BrokenPipeError:
            reply = None
        greeting = json.loads(reply) if reply else {"error": "it ended or said nothing while starting"}
        if "error" in greeting:
            self.stop()
            raise EngineError(
                f"the grading worker ({sys.executable} -m l2s.verification.workers.worker) did not start: "
                f"{greeting['error']}; expected math-verify to be installed beside l2s"
            )
        self.ready = True

    def _read(self, deadline: float) -> bytes | None:
        """One line, or None when time runs out."""
        assert self.process.stdout is not None
        handle = self.process.stdout.fileno()
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        line = b""
        while (left := deadline - time.monotonic()) > 0:
            if poll.poll(1000 * left):
                part = os.read(handle, 65536)
                line += part
                if not part:
                    raise BrokenPipeError("the worker died")
                if line.endswith(b"\n"):
                    return line
        return None


class Pool:
    """Idle workers, handed out one to a thread; a new one starts when none is idle."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[Worker] = []

    def ask(self, request: dict[str, str], seconds: float = SECONDS_A_PAIR) -> str:
        """The worker's status for a pair; ``limit`` where it was killed or died over it.

        Raises:
            EngineError: no worker can start.
        """
        for _ in range(_ATTEMPTS):
            worker = self._take()
            try:
                worker.send(request)
                status = worker.receive(min(seconds, _SECONDS_TO_SPARE))
                if status is None:
                    self._keep_spare()
                    status = worker.receive(seconds - _SECONDS_TO_SPARE)
            except BrokenPipeError:  # perhaps something else killed it, so the pair gets another chance
                worker.stop()
                continue
            except BaseException:
                worker.stop()
                raise
            if status is None:
                worker.stop()
                return "limit"
            self._give_back(worker)
            return status
        return "limit"

    def close(self) -> None:
        """Stop the idle workers; the pool stays usable."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.stop()

    def forget(self) -> None:
        """Drop the workers without touching them: after a fork they belong to the parent."""
        self._lock = threading.Lock()
        for worker in self._idle:
            worker.process.returncode = 0
            for pipe in (worker.process.stdin, worker.process.stdout):
                if pipe is not None:
                    pipe.close()
        self._idle = []

    def _take(self) -> Worker:
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.alive():
                    return worker
                worker.stop()
        return Worker()

    def _keep_spare(self) -> None:
        """Start a worker while another struggles, so that the next pair need not wait for its start."""
        with self._lock:
            if not self._idle:
                self._idle.append(Worker())

    def _give_back(self, worker: Worker) -> None:
        with self._lock:
            if len(self._idle) < _MOST_IDLE:
                self._idle.append(worker)
                return
        worker.stop()


POOL = Pool()
"""The process's own pool."""
atexit.register(POOL.close)
os.register_at_fork(after_in_child=POOL.forget)
