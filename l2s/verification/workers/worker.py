"""One worker process: :func:`main` in an interpreter of its own, JSON lines in, JSON lines out.

A request is ``{"grader", "gold", "answer"}``, a reply ``{"status"}``; nothing but text crosses, for
unpickling a parsed formula can evaluate it in the reader. The process ends when its input does, so it
does not outlive a parent that was killed; should it be deep in a computation just then, a limit on
its processor time ends it, which no signal handler or thread could inside one big multiplication.
"""

import json
import os
import resource
import signal
import sys
from typing import IO, Any

MEMORY_LIMIT = 1024**3
"""Bytes of address space."""
CPU_SECONDS = 4
"""Processor time one pair may take before the kernel ends the process; beyond the parent's own 3 s."""
OWN_SECONDS = 2.0
"""After this long a pair is given up from within, which leaves the process warm; the parent's kill comes later."""
_FORBIDDEN = ("os.", "subprocess.", "socket.", "shutil.", "ctypes.", "pty.", "urllib.", "ftplib.", "webbrowser.")
_HARMLESS = ("os.listdir", "os.scandir", "os.walk", "os.fwalk")


class TimeUpError(BaseException):
    """The pair's own time is over; no ``except Exception`` of a library swallows it."""


def main() -> None:
    """Announce readiness, then answer requests until the input ends."""
    replies = _private_stdout()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.dont_write_bytecode = True
    try:
        from l2s.verification.workers import symbolic
    except ImportError as error:
        _send(replies, {"error": f"{type(error).__name__}: {error}"})
        return
    compare = {"l2s": symbolic.compare, "math-verify": symbolic.compare_plainly}
    compare["l2s"]("x+1", "1+x")  # the parser builds its tables on first use, outside any pair's time
    signal.signal(signal.SIGALRM, _time_is_up)
    sys.addaudithook(_refuse)
    _send(replies, {"ready": True})
    for line in sys.stdin.buffer:
        request = json.loads(line)
        _allow_processor_time()
        _send(replies, {"status": _outcome(compare[request["grader"]], request["gold"], request["answer"])})


def _outcome(compare: Any, gold: str, answer: str) -> str:
    try:
        signal.setitimer(signal.ITIMER_REAL, OWN_SECONDS)
        try:
            status: str = compare(gold, answer)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except (MemoryError, RecursionError, TimeUpError):
        return "limit"
    except Exception:  # Math-Verify and SymPy raise any kind on formulas they do not understand
        return "unparsed"
    return status


def _time_is_up(*_: object) -> None:
    raise TimeUpError


def _private_stdout() -> IO[bytes]:
    """The reply pipe under a descriptor of its own, so that nothing a library prints can forge a reply."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return replies


def _allow_processor_time() -> None:
    spent = resource.getrusage(resource.RUSAGE_SELF)
    used = int(spent.ru_utime + spent.ru_stime)
    resource.setrlimit(resource.RLIMIT_CPU, (used + CPU_SECONDS, resource.RLIM_INFINITY))


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """Audit hook: comparing formulas neither starts programs, nor writes files, nor reaches the network."""
    writes = event == "open" and isinstance(arguments[1], str) and any(mode in arguments[1] for mode in "wax+")
    if writes or (event.startswith(_FORBIDDEN) and event not in _HARMLESS):
        raise PermissionError(f"a grading worker may not do this: {event}")


def _send(replies: IO[bytes], reply: dict[str, Any]) -> None:
    replies.write(json.dumps(reply).encode() + b"\n")
    replies.flush()
