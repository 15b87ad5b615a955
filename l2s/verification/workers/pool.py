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
from contextlib import suppress
from pathlib import Path
from typing import cast

from l2s.core.errors import EngineError
from l2s.verification.outcome import Outcome
from l2s.verification.parsing.limits import exceeds_limits
from l2s.verification.workers.worker import main as run_worker

SECONDS_A_PAIR = 2.5
"""After this long a worker is killed and the pair's outcome is ``limit``; half a second below the 3 s promised."""
_ATTEMPTS = 2
_SECONDS_TO_SPARE = 0.25
_SECONDS_TO_START = 120.0
_STARTS = 3
"""Times the first start that a pair waits for a later one."""
_MAX_IDLE = max(2, os.cpu_count() or 1)


class Worker:
    """One process and its two pipes; used by one thread at a time."""

    def __init__(self) -> None:
        package_root = str(Path(__file__).parents[3])
        paths = [package_root, *filter(None, [os.environ.get("PYTHONPATH")])]
        self.process = _started(
            [sys.executable, "-P", "-c", f"from {run_worker.__module__} import main; main()"],
            {**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )
        self.ready = False

    def send(self, request: dict[str, str]) -> None:
        """Hand over one pair; the process must be ready.

        Raises:
            BrokenPipeError: the process died.
        """
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request).encode() + b"\n")

    def wait_until_ready(self, seconds: float) -> bool:
        """Whether the process has said within ``seconds`` that it is ready.

        Raises:
            BrokenPipeError: the process died.
            EngineError: it cannot start, e.g. because Math-Verify is not installed.
        """
        if not self.ready and (reply := self._read(time.monotonic() + seconds)):
            if error := json.loads(reply).get("error"):
                self.stop()
                raise EngineError(_not_started(error))
            self.ready = True
        return self.ready

    def receive(self, seconds: float) -> str | None:
        """The status of the pair, or None if the process is still at it.

        Raises:
            BrokenPipeError: the process died.
        """
        reply = self._read(time.monotonic() + seconds)
        status: str | None = json.loads(reply)["status"] if reply else None
        return status

    def stop(self) -> None:
        """Kill the process, reap it and close its pipes; harmless when repeated."""
        self.process.kill()
        self.process.wait()
        self.close()

    def close(self) -> None:
        """Close the pipes."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

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


def _started(command: list[str], environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,  # an interrupt at the terminal is the parent's to handle
            env=environment,
        )
    except OSError as error:
        raise EngineError(_not_started(str(error))) from None


def _not_started(why: str) -> str:
    return (
        f"the grading worker ({sys.executable}, {run_worker.__module__}) did not start: {why}; "
        "expected math-verify to be installed beside l2s"
    )


class Pool:
    """Idle workers, handed out one to a thread; a new one starts when none is idle."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[Worker] = []
        self._start = 0.0

    def ask(self, request: dict[str, str], seconds: float = SECONDS_A_PAIR) -> str:
        """The worker's status for a pair; ``limit`` where time ran out or workers died over it.

        The time covers whatever happens to the pair, a worker's start too; more than it is waited for a start only
        on a machine where the pool's first one, which no pair's time holds, took more than a third of it.

        Raises:
            EngineError: no worker can start.
        """
        self._warm_up()
        deadline = time.monotonic() + max(seconds, _STARTS * self._start)
        for _ in range(_ATTEMPTS):
            worker = self._take()
            try:
                status = self._asked(worker, request, deadline, seconds)
            except BrokenPipeError:  # perhaps something else killed it, so the pair gets another chance
                worker.stop()
                continue
            except BaseException:
                worker.stop()
                raise
            if status is not None or not worker.ready:  # one that still starts is there for the next pair
                self._give_back(worker)
                return status or "limit"
            worker.stop()
            return "limit"
        return "limit"

    def _asked(self, worker: Worker, request: dict[str, str], deadline: float, seconds: float) -> str | None:
        """The status, or None where the deadline comes first."""
        if not worker.wait_until_ready(deadline - time.monotonic()):
            return None
        deadline = min(deadline, time.monotonic() + seconds)
        worker.send(request)
        status = worker.receive(min(deadline - time.monotonic(), _SECONDS_TO_SPARE))
        if status is None:
            self._keep_spare()
            status = worker.receive(deadline - time.monotonic())
        return status

    def _warm_up(self) -> None:
        """Wait for the pool's first worker."""
        if self._start:
            return
        begun = time.monotonic()
        worker = self._take()
        with suppress(BrokenPipeError):
            if worker.wait_until_ready(_SECONDS_TO_START):
                self._start = time.monotonic() - begun
        if not worker.ready:
            worker.stop()
            raise EngineError(_not_started("it ended or said nothing while starting"))
        self._give_back(worker)

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
            worker.process.poll()  # no child of this process: nothing is waited for, and no warning follows
            worker.close()
        self._idle = []

    def _take(self) -> Worker:
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.process.poll() is None:
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
            if len(self._idle) < _MAX_IDLE:
                self._idle.append(worker)
                return
        worker.stop()


POOL = Pool()
"""The process's own pool."""


def compared_by(grader: str, gold: str, answer: str) -> Outcome:
    """What a worker process says of a pair, by the rules of ``l2s`` or of ``math-verify``."""
    if exceeds_limits(gold) or exceeds_limits(answer):
        return "limit"
    return cast(Outcome, POOL.ask({"grader": grader, "gold": gold, "answer": answer}))


atexit.register(POOL.close)
os.register_at_fork(after_in_child=POOL.forget)
