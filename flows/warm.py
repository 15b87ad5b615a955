"""A warm worker: a process that has loaded the libraries, and forks a child for each stage.

``l2s run`` starts one when stages are to run; importing torch then costs seconds once, not once a stage.
Only libraries are loaded, none of our own code, so that a stage always runs the code as it stands, and
none that start threads which a fork would lose (polars does): before each fork the worker makes sure that
it has a single thread. A stage is asked for by :mod:`flows.ask`; it gets the asker's folder, environment
and streams, leads a process group of its own, and dies with the asker, with the worker and with the run.
"""

import contextlib
import gc
import importlib
import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HOME = Path(".l2s")
SOCKET, PYTHON = "L2S_WARM", "L2S_PYTHON"
"""Name the worker's socket and this interpreter in the environment of stages."""
TENSORS = {"family", "calibrate", "merge", "generate"}
MODELS = {"family", "calibrate", "generate"}
EVERY = {"problems", "verify", "analyse", "report"} | TENSORS
LIBRARIES = (
    (EVERY, "typer"),
    (EVERY, "rich.console"),
    (EVERY, "pydantic"),
    (EVERY, "yaml"),
    (EVERY, "numpy"),
    (TENSORS, "torch"),
    (TENSORS, "safetensors.torch"),
    (MODELS, "transformers.models.auto.modeling_auto"),
    (MODELS, "transformers.models.auto.tokenization_auto"),
    (MODELS, "transformers.models.llama.modeling_llama"),
    ({"analyse", "report"}, "scipy.optimize"),
    ({"analyse", "report"}, "scipy.stats"),
    ({"report"}, "matplotlib.pyplot"),
    ({"report"}, "jinja2"),
)
"""Which kinds of stages need which library; none starts a thread that a fork would lose."""
STARTED_WITH = dict(os.environ)
"""This process's environment before it loads libraries, some of which add to it."""
PROGRAM = """
import sys
sys.path[:] = [place for place in sys.path if place]
from flows.warm import become_a_stage
become_a_stage(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
from flows.program import main
main()
"""
"""What the worker runs; what follows become_a_stage in forked children only."""
OWN = ("DVC_", "L2S_", "PREFECT_")
SHELLS = {"_", "SHLVL", "PWD", "OLDPWD", "COLUMNS", "LINES"}
"""With OWN: variables that no library reads when it is imported."""
TICK = 0.5
"""Seconds between two looks at whether the run is still there."""


@dataclass(frozen=True)
class Request:
    """What a stage is to run with."""

    folder: str
    arguments: list[str]
    environment: dict[str, str]
    streams: list[int]

    def take_over(self) -> None:
        """Make this process, just forked, what the asker would have become."""
        os.setpgid(0, 0)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for place, stream in enumerate(self.streams):
            os.dup2(stream, place)
            os.close(stream)
        os.chdir(self.folder)
        set_by_libraries = {key: value for key, value in os.environ.items() if STARTED_WITH.get(key) != value}
        os.environ.clear()
        os.environ.update(self.environment | set_by_libraries)
        sys.argv = ["l2s", "stage", *self.arguments]
        sys.stdout.reconfigure(line_buffering=os.isatty(1))  # type: ignore[union-attr]


class Declined(Exception):
    """The stage must run by the plain command."""


class Worker:
    """Listens, forks, and tells each asker how its stage ended."""

    def __init__(self, listener: socket.socket, run: int) -> None:
        self.listener = listener
        self.run = run
        """Process id of the run that this worker serves."""
        self.selector = selectors.DefaultSelector()
        self.askers: dict[int, socket.socket] = {}
        """Process id of a stage to the connection of who asked for it."""
        self.selector.register(listener, selectors.EVENT_READ, self._accept)
        self.request: Request | None = None

    def serve(self) -> Request:
        """Serve until the run is gone; returns in forked children only, with what to run."""
        while self.request is None:
            if os.getppid() != self.run:
                self.end()
            for key, _ in self.selector.select(TICK):
                answer: Callable[[], None] = key.data
                answer()
                if self.request is not None:
                    break
        return self.request

    def end(self) -> None:
        """Kill what runs and exit."""
        for child in list(self.askers):
            _kill(child)
        sys.exit(0)

    def _accept(self) -> None:
        asker, _ = self.listener.accept()
        asker.settimeout(10)  # whoever connects has its request ready
        try:
            threads = len(os.listdir("/proc/self/task"))
            if threads > 1:
                raise Declined(f"{threads} threads; a fork would lose all but one")
            request = _receive(asker)
        except (OSError, ValueError, Declined) as error:
            print(f"declined: {error}", file=sys.stderr)
            asker.close()  # without an answer, it runs the plain command
            return
        child = os.fork()
        if child == 0:
            self._forget_everything(asker)
            self.request = request
            return
        for stream in request.streams:
            os.close(stream)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.setpgid(child, child)  # the child does so as well; whoever is first
        self._follow(child, asker)

    def _follow(self, child: int, asker: socket.socket) -> None:
        """Wait for the child's end and the asker's, whichever comes first."""
        self.askers[child] = asker
        handle = os.pidfd_open(child)
        self.selector.register(handle, selectors.EVENT_READ, lambda: self._ended(child, handle))
        self.selector.register(asker, selectors.EVENT_READ, lambda: self._abandoned(child))
        self._tell(child, f"started {child}\n")

    def _ended(self, child: int, handle: int) -> None:
        self.selector.unregister(handle)
        os.close(handle)
        _, status = os.waitpid(child, 0)
        self._tell(child, f"ended {os.waitstatus_to_exitcode(status)}\n")
        asker = self.askers.pop(child)
        if asker.fileno() >= 0:
            self.selector.unregister(asker)
            asker.close()

    def _abandoned(self, child: int) -> None:
        """The asker is gone (it sends nothing, so this is its end): so ends the stage."""
        asker = self.askers[child]
        self.selector.unregister(asker)
        asker.close()
        _kill(child)

    def _tell(self, child: int, sentence: str) -> None:
        with contextlib.suppress(OSError):  # an asker that is gone is noticed by its connection
            self.askers[child].sendall(sentence.encode())

    def _forget_everything(self, asker: socket.socket) -> None:
        """In a child: close what is the worker's."""
        for key in list(self.selector.get_map().values()):
            if isinstance(key.fileobj, int):
                os.close(key.fileobj)
        for other in (self.listener, *self.askers.values()):
            other.close()
        self.selector.close()
        asker.close()


def _receive(asker: socket.socket) -> Request:
    header, streams, _, _ = socket.recv_fds(asker, 8, 3)
    try:
        if len(header) != 8 or len(streams) != 3:
            raise Declined("no request")
        return _read(_message(asker, int.from_bytes(header, "big")), list(streams))
    except BaseException:
        for stream in streams:  # or whoever reads from them would wait for us
            os.close(stream)
        raise


def _message(asker: socket.socket, size: int) -> bytes:
    message = b""
    while len(message) < size:
        piece = asker.recv(1 << 16)
        if not piece:
            raise Declined("half a request")
        message += piece
    return message


def _read(message: bytes, streams: list[int]) -> Request:
    folder, count, *rest = message.decode(errors="surrogateescape").split("\0")
    arguments, pairs = rest[: int(count)], rest[int(count) :]
    environment = dict(pair.split("=", 1) for pair in pairs)
    if other := _read_by_libraries(environment).symmetric_difference(_read_by_libraries(STARTED_WITH)):
        names = sorted({name for name, _ in other})
        raise Declined(f"the libraries were loaded with other values of {', '.join(names)}")
    return Request(folder, arguments, environment, streams)


def _read_by_libraries(environment: dict[str, str]) -> set[tuple[str, str]]:
    return {(key, value) for key, value in environment.items() if not key.startswith(OWN) and key not in SHELLS}


def _kill(child: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)


def load(modules: list[str]) -> None:
    """Import, and let thread pools that survive a fork (OpenBLAS's) end now: they come back when needed."""
    for module in modules:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()  # a child's collections then do not touch, and so copy, what it shares
    if os.fork() == 0:
        os._exit(0)
    os.wait()


@contextmanager
def warm(stages: Iterable[str]) -> Iterator[None]:
    """Keep a worker for the stages while the block runs; name it in the environment."""
    HOME.mkdir(parents=True, exist_ok=True)
    address = HOME / f"warm-{os.getpid()}.sock"  # relative: a socket's path has room for a hundred characters
    _clear()
    kinds = {stage.partition("@")[0] for stage in stages}
    modules = [module for needed_by, module in LIBRARIES if kinds & needed_by]
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(address))
        address.chmod(0o600)
        listener.listen(64)
        command = [sys.executable, "-c", PROGRAM, str(listener.fileno()), str(os.getpid()), *modules]
        with open(HOME / "warm.log", "wb") as log:
            worker = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[listener.fileno()],
                start_new_session=True,
            )
    os.environ |= {SOCKET: str(address), PYTHON: sys.executable}
    try:
        yield
    finally:
        for name in (SOCKET, PYTHON):
            os.environ.pop(name, None)
        worker.terminate()
        worker.wait()
        address.unlink(missing_ok=True)


def _clear() -> None:
    """Take away the sockets of runs that were killed, and one that had our number."""
    for left in HOME.glob("warm-*.sock"):
        run = left.stem.removeprefix("warm-")
        if run == str(os.getpid()) or not Path("/proc", run).exists():
            left.unlink(missing_ok=True)


def become_a_stage(listener: int, run: int, modules: list[str]) -> None:
    """Serve the run's stages until it is gone; returns in forked children only, as the stage's command."""
    worker = Worker(socket.socket(fileno=listener), run)
    signal.signal(signal.SIGTERM, lambda *_: worker.end())
    load(modules)
    worker.serve().take_over()
