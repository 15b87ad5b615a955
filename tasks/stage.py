"""One DVC stage: how it stands, and running it so that DVC records it.

Apart from the task, which other processes are sent by value: locks cannot be sent, this module they import.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

import voluptuous
from dvc.exceptions import DvcException
from dvc.lock import Lock, LockError
from dvc.repo import Repo, lock_repo
from prefect.concurrency.sync import concurrency
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed, State

from flows.graph import fingerprint, one_line
from flows.listings import remember
from flows.watch import log_of
from tasks import lockfile

lockfile.take_over()
WAITS = 60
"""How often a stage asks again for what another one holds for moments only: DVC's locks."""
FINAL = {2, 126, 127, 130, -2}
"""Exit codes after which another try ends the same way: wrong input or usage, no such command, interrupted."""
LIMIT = "l2s-{}"
"""Name of a resource's global concurrency limit."""
stopping = threading.Event()
"""Set when the run is being stopped: what has not begun does not."""
_own = threading.local()
_validating = threading.RLock()
_first_in_line = threading.Lock()


class StageError(Exception):
    """A stage broke down; another try may end better."""


FROM_EXCEPTION = f"{StageError.__name__}: "
"""What stands before the sentence of a StageError in its state's message."""


class Standing(NamedTuple):
    """How a stage stood when its task began."""

    name: str
    stale: bool
    key: str


def _one_at_a_time(check: Callable[..., Any]) -> Callable[..., Any]:
    """A check that one thread makes at a time.

    DVC checks its files against schemas whose compiled form all threads share, and which keeps state in a call:
    two threads that read dvc.yaml at once see errors that are not there.
    """

    @wraps(check)
    def locked(*arguments: Any, **options: Any) -> Any:
        with _validating:
            return check(*arguments, **options)

    return locked


voluptuous.Schema.__call__ = _one_at_a_time(voluptuous.Schema.__call__)


class PatientLock:
    """DVC's lock of the repository, for the threads of one process: they queue up instead of asking twice a second."""

    def __init__(self, lock: Lock) -> None:
        self.lock_between_processes = lock
        self.held = False

    def lock(self) -> None:
        """Wait for this process's other threads, then for other processes, at most a few seconds."""
        _first_in_line.acquire()
        try:
            self.lock_between_processes.lock()
        except BaseException:
            _first_in_line.release()
            raise
        self.held = True

    def unlock(self) -> None:
        """Let go, unless it could not be had again after a stage's command: DVC lets go of it even so."""
        self.lock_between_processes.unlock()
        if self.held:
            self.held = False
            _first_in_line.release()

    def __enter__(self) -> None:
        self.lock()

    def __exit__(self, *_: object) -> None:
        self.unlock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.lock_between_processes, name)


def run_stage(name: str) -> State[str]:
    """Run a stage that is out of date, through DVC; what it printed goes to the task's log.

    Raises:
        StageError: it was killed or broke down.
    """
    logger = get_run_logger()
    if stopping.is_set():
        return Failed(message=f"{name}: not begun, the run was stopped")
    started, log = time.monotonic(), log_of(name)
    log.unlink(missing_ok=True)
    try:
        for stage in _when_free(lambda: _repo().reproduce(name, single_item=True)):
            remember(stage)
    except DvcException as error:
        output, code = _tail(log), _exit_code(error)
        logger.error("%s", output or one_line(error))
        sentence = f"{name}: {output.splitlines()[-1] if output else one_line(error)}"
        if code is None or code in FINAL or stopping.is_set():
            return Failed(message=sentence)
        raise StageError(sentence) from None
    for line in _tail(log).splitlines():
        logger.info("%s", line)
    seconds = time.monotonic() - started
    logger.info("%s took %.1f s", name, seconds)
    return Completed(message=f"{name} took {seconds:.1f} s", data=f"{seconds:.1f} s")


def standing(name: str) -> Standing:
    """How the stage stands, asked of DVC; :func:`standing_when_begun` then knows it without asking."""
    found = _own.standing = _standing(name)
    return found


@contextmanager
def slots(occupied: Mapping[str, int]) -> Iterator[None]:
    """Hold slots of several limits, always taken in the same order, so that no two stages wait for each other."""
    with ExitStack() as held:
        for kind, count in sorted(occupied.items()):
            held.enter_context(concurrency(LIMIT.format(kind), occupy=count, strict=True))
        yield


def _repo() -> Repo:
    """This thread's own view of the repository, as it is on disk now."""
    if not hasattr(_own, "repo"):
        _own.repo = Repo()
        _own.repo.lock = PatientLock(_own.repo.lock)
    _own.repo._reset()
    repo: Repo = _own.repo
    return repo


def standing_when_begun(name: str) -> Standing:
    """What the cache key was made from, asked once; asked again for a retry."""
    found: Standing | None = getattr(_own, "standing", None)
    _own.standing = None
    return found if found is not None and found.name == name else _standing(name)


def _standing(name: str) -> Standing:
    def ask() -> Standing:
        repo = _repo()
        with lock_repo(repo):  # nobody writes dvc.lock meanwhile
            stage = next(iter(repo.stage.collect(name)))
            return Standing(name, bool(stage.changed()), fingerprint(stage))

    found: Standing = _when_free(ask)
    return found


def _when_free(action: Callable[[], Any]) -> Any:
    for _ in range(WAITS):
        try:
            return action()
        except (
            DvcException
        ) as error:  # a stage that ended may also fail to get the lock back: run again, from the store
            if not _is_about_lock(error):
                raise
            time.sleep(0.5)
    return action()


def _is_about_lock(error: BaseException | None) -> bool:
    return isinstance(error, LockError) or (error is not None and _is_about_lock(error.__cause__))


def _exit_code(error: BaseException | None) -> int | None:
    """How the stage's command ended; None if DVC failed before or after it."""
    while error is not None:
        if found := re.search(r"exited with (-?\d+)$", str(error)):
            return int(found[1])
        error = error.__cause__
    return None


def _tail(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-20_000:].strip() if log.is_file() else ""
