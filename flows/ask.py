"""Ask the warm worker to run a stage, and stand in for it: ``python -I -S ask.py SOCKET STAGE [NAME]``.

The worker runs the stage with this process's folder, environment and three standard streams; signals are
passed on to it, and this process ends the way it ended. If nobody answers, or the worker declines, the
plain command runs in this process's place. Nothing is imported that takes time: this runs once a stage.
"""

import os
import signal
import socket
import sys

PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
KILLED = 137


def main(address: str, arguments: list[str]) -> int:
    """Have the stage run; return its exit code."""
    child: list[int] = []
    early: list[int] = []

    def pass_on(number: int, _: object) -> None:
        os.killpg(child[0], number) if child else early.append(number)

    for number in map(int, PASSED_ON):
        signal.signal(number, pass_on)
    try:
        worker = socket.socket(socket.AF_UNIX)
        worker.connect(address)
        _send(worker, arguments)
    except OSError:  # it ended a moment ago
        return _run_plainly(arguments, early)
    answers = worker.makefile("rb")
    started = _number(answers.readline(), b"started")
    if started is None:
        return _run_plainly(arguments, early)
    child.append(started)
    for number in early:
        os.killpg(started, number)
    code = _number(answers.readline(), b"ended")
    if code is None:
        return KILLED  # the worker was killed, and its stages with it
    return code if code >= 0 else _die_by(-code)


def _send(worker: socket.socket, arguments: list[str]) -> None:
    """Folder, arguments and environment, NUL between them, after their length; with the standard streams."""
    environment = [key + b"=" + value for key, value in os.environb.items()]
    parts = [os.getcwdb(), b"%d" % len(arguments), *map(os.fsencode, arguments), *environment]
    message = b"\0".join(parts)
    socket.send_fds(worker, [len(message).to_bytes(8, "big")], [0, 1, 2])
    worker.sendall(message)


def _number(line: bytes, word: bytes) -> int | None:
    """The number after ``word``; None if the line says something else, or the worker is gone."""
    said, _, number = line.partition(b" ")
    return int(number) if said == word and line.endswith(b"\n") else None


def _run_plainly(arguments: list[str], early: list[int]) -> int:
    """Become the command that runs without a warm worker, unless a signal came before."""
    for number in map(int, PASSED_ON):
        signal.signal(number, signal.SIG_DFL)
    for number in early:
        return _die_by(number)
    os.environ.pop("L2S_WARM", None)
    os.execvp("sh", ["sh", os.path.join(os.path.dirname(__file__), "stage.sh"), *arguments])


def _die_by(number: int) -> int:
    """End by the signal that ended the stage, so that the caller sees the same."""
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    return 128 + number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
