"""Trials in several workers: each keeps a live trialist, and with it an engine, from one trial to the next.

A trial depends on candidate and problems alone, so workers change no outcome, only when it comes.
"""

import atexit
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from multiprocessing.connection import Connection
from typing import NamedTuple, Protocol

from l2s.core.errors import EngineError
from l2s.core.row import Row
from l2s.generation.engines.gpus import GPUS, share_gpus
from l2s.search.live.trialist import LiveSettings, LiveTrialist
from l2s.search.outcome import Outcome
from l2s.search.space import Candidate


class Told(NamedTuple):
    """What a worker found out, and what it has to say."""

    outcomes: list[Outcome]
    sentences: list[str]


class Promise(Protocol):
    """What comes of a call in a worker."""

    def result(self) -> Told:
        """Wait for it; what was raised there is raised here."""
        ...


class Worker(Protocol):
    """Calls functions of this module one after the other, in a process that has begun by :func:`begin`."""

    def submit(self, function: Callable[..., Told], /, *arguments: object) -> Promise:
        """Call it with the arguments when all before are done."""
        ...


class SpreadTrialist:
    """A trialist whose candidates are answered by workers."""

    def __init__(
        self, here: LiveTrialist, workers: Sequence[Worker], say: Callable[[str], None] = lambda sentence: None
    ) -> None:
        """Ask nothing yet.

        Args:
            here: has the workers' settings; it merges what is asked for by digest, and answers nothing.
            workers: as :func:`processes` has them.
            say: told what the workers have to say, each sentence once.
        """
        self._here, self._workers = here, workers
        self._say = cache(say)  # which is called with no sentence twice
        self._places: dict[str, int] = {}

    @property
    def inputs(self) -> str:
        """Digest of all but candidate and problem that decides an outcome."""
        return self._here.inputs

    def digest(self, candidate: Candidate) -> str:
        """Digest of the candidate's weights; it is merged here."""
        return self._here.digest(candidate)

    def baseline(self, problems: Sequence[Row]) -> list[Outcome]:
        """Outcomes of the slow run, of each worker a part."""
        size = -(-len(problems) // len(self._workers))
        parts = [list(problems[start : start + size]) for start in range(0, len(problems), size)]
        promised = [worker.submit(answer_slow, part) for worker, part in zip(self._workers, parts, strict=False)]
        return [outcome for one in promised for outcome in self._take(one)]

    def answer(self, asked: Sequence[tuple[Candidate, Sequence[Row]]]) -> list[list[Outcome]]:
        """Outcomes of several candidates, all at once."""
        load = [0] * len(self._workers)
        promised = []
        for candidate, problems in asked:
            place = self._place(candidate, load)
            load[place] += len(problems)
            promised.append(self._workers[place].submit(answer_trial, candidate, list(problems)))
        return [self._take(one) for one in promised]

    def _place(self, candidate: Candidate, load: list[int]) -> int:
        """The worker that has least to do; the candidate's last, which has it merged, if there are several."""
        last = self._places.get(candidate.key)
        if last is None or load[last] > min(load):
            last = self._places[candidate.key] = load.index(min(load))
        return last

    def _take(self, promise: Promise) -> list[Outcome]:
        try:
            found = promise.result()
        except BrokenExecutor:
            raise EngineError(
                "a worker ended before its trial was done, as it does where memory is short; lower the number of "
                "jobs: the search goes on where it was"
            ) from None
        for sentence in found.sentences:
            self._say(sentence)
        return found.outcomes


@contextmanager
def processes(settings: LiveSettings, count: int) -> Iterator[list[ProcessPoolExecutor]]:
    """Workers that are processes of this machine, on a GPU each one of its own; they end with the block or with us.

    Raises:
        EngineError: there are too few GPUs.
    """
    decoding, devices = settings.decoding, [""] * count
    if decoding.device != "cpu":
        each = decoding.tensor_parallel_size * decoding.data_parallel_size
        devices = share_gpus(decoding.device, each, count, f"an engine for each of {count} jobs")
        settings = replace(settings, device="cuda")
    context = multiprocessing.get_context("spawn")
    ends, alive = context.Pipe(duplex=False)
    pools = [
        ProcessPoolExecutor(1, mp_context=context, initializer=_begin_process, initargs=(settings, device, ends))
        for device in devices
    ]
    try:
        yield pools
        for pool in pools:
            pool.shutdown()
    finally:
        alive.close()  # which ends those that are amid something
        for pool in pools:
            pool.shutdown()


def begin(settings: LiveSettings) -> None:
    """Make this process a worker."""
    said = list[str]()
    trialist = LiveTrialist(settings, say=said.append)
    atexit.register(trialist.close)
    _own[:] = [(trialist, said)]


def answer_trial(candidate: Candidate, problems: list[Row]) -> Told:
    """Answer some problems with one candidate, in a worker."""
    ((trialist, said),) = _own
    return Told(trialist.answer([(candidate, problems)])[0], list(said))


def answer_slow(problems: list[Row]) -> Told:
    """Answer some problems with the slow model, in a worker."""
    ((trialist, said),) = _own
    return Told(trialist.baseline(problems), list(said))


_own: list[tuple[LiveTrialist, list[str]]] = []
"""This process's trialist and what it said, if it is a worker."""


def _begin_process(settings: LiveSettings, device: str, alive: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is the parent's, which ends its workers
    threading.Thread(target=_end_with, args=(alive,), daemon=True).start()
    if device:
        os.environ[GPUS] = device
    begin(settings)


def _end_with(alive: Connection) -> None:
    """End at once when the other end is closed, by the parent or with it."""
    alive.poll(None)
    os._exit(1)
