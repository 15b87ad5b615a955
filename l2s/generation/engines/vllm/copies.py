"""Copies of a model in vLLM, each in a process and on GPUs of its own, each with its share of the problems.

On a CPU there is one. What vLLM replaces in torch and finds in other packages is then its own process's: its start
fails where Numba is loaded, and it takes ``torch.set_num_threads`` away. A response depends on its own prompt and
seed, so sharing out changes nothing but the time. A copy ends with this process, whatever ends it.
"""

import multiprocessing
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from multiprocessing.context import SpawnProcess
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from l2s.core.errors import EngineError, L2SError
from l2s.core.scratch import Scratch
from l2s.generation.controls.control import Control
from l2s.generation.engines.engine import Engine, Generated, Weights
from l2s.generation.engines.gpus import GPUS
from l2s.generation.engines.vllm.folders import written
from l2s.generation.prompts.prompt import Prompt
from l2s.generation.settings import PromptParams, SamplingParams

POLL = 1.0
"""Seconds between two looks at whether a copy still runs."""
PATIENCE = 20.0
"""Seconds that a copy has to end in good order."""


class VllmCopies:
    """An engine made of several, which start with the first response asked for."""

    def __init__(self, make: Callable[[], Engine], devices: Sequence[str], folder: Path) -> None:
        """Make one here, for prompts and texts; it starts nothing.

        Args:
            make: makes the engine, in this process and in each copy's.
            devices: for each copy the GPUs it sees, as CUDA_VISIBLE_DEVICES names them.
            folder: of the model.
        """
        self._folder = folder
        self._written: Scratch | None = None
        """Where weights lie that the copies have taken."""
        self._reloaded: tuple[Path, str] | None = None
        self._make, self._one, self._devices = make, make(), list(devices)
        self.name, self.words, self.notes = self._one.name, self._one.words, self._one.notes
        self._running: _Running | None = None
        self._end: Callable[[], object] | None = None

    def generate(
        self, prompts: Sequence[Prompt], sampling: SamplingParams, control: Control, style: PromptParams
    ) -> Iterator[Generated]:
        """Responses in the order in which they finish."""
        if not prompts:
            return
        try:
            yield from self._asked(self._started(), Generate(list(prompts), sampling, control, style))
        except BaseException:  # they are in the middle of something that nobody wants any more
            self.close()
            raise

    def reload(self, weights: Weights, digest: str, *, proven: bool = False) -> None:
        """Have every copy take other weights, see :class:`~l2s.generation.engines.engine.Engine`."""
        if isinstance(weights, Path):
            folder = weights
        else:
            self._written = written(self._folder, weights)
            folder = self._written.path
        self._one.reload(folder, digest, proven=proven)
        self.name, self._reloaded = self._one.name, (folder, digest)
        if self._running is not None:
            try:
                list(self._asked(self._running, Reload(folder, digest)))
            except BaseException:
                self.close()
                raise

    @staticmethod
    def _asked(running: "_Running", request: "Generate | Reload") -> Iterator[Generated]:
        for ask in running.asks:
            ask.put(request)
        yield from _collected(running.copies, running.results)

    def close(self) -> None:
        """Stop them and give their memory back; done at the end of the process otherwise."""
        if self._end is not None:
            self._end()
        self._running = self._end = None

    def _started(self) -> "_Running":
        if self._running is not None:
            return self._running
        context, total = multiprocessing.get_context("spawn"), len(self._devices)
        asks: list[Any] = [context.Queue() for _ in self._devices]
        results: Any = context.Queue()
        copies = [
            context.Process(target=_serve, args=(self._make, device, place, total, asks[place], results))
            for place, device in enumerate(self._devices)
        ]
        self._end = Finalize(self, _stop, (copies, asks), exitpriority=0)
        for copy in copies:
            copy.start()
        self._running = _Running(copies, asks, results)
        if self._reloaded is not None:
            list(self._asked(self._running, Reload(*self._reloaded)))
        return self._running


class Generate(NamedTuple):
    """What the copies are asked for: responses."""

    prompts: list[Prompt]
    sampling: SamplingParams
    control: Control
    style: PromptParams


class Reload(NamedTuple):
    """What the copies are asked for: to take other weights."""

    folder: Path
    digest: str


END = None
"""What the copies are asked for: to end."""


class _Running(NamedTuple):
    copies: list[SpawnProcess]
    asks: list[Any]
    """For each copy a queue of what it is to generate."""
    results: Any
    """The queue in which all of them answer."""


def _stop(copies: Sequence[SpawnProcess], asks: Sequence[Any]) -> None:
    """Signal, for a copy amid something; ask too, since a signal may miss one that is about to wait for a request."""
    for ask in asks:
        ask.put(END)
        ask.cancel_join_thread()
    for copy in copies:
        if copy.is_alive():
            copy.terminate()
            copy.join(PATIENCE)
            copy.kill()
            copy.join()


def _collected(copies: Sequence[SpawnProcess], results: Any) -> Iterator[Generated]:
    """What the copies send until each has said that it is done."""
    running = set(range(len(copies)))
    while running:
        try:
            place, found = results.get(timeout=POLL)
        except queue.Empty:
            dead = [copies[place].exitcode for place in running if not copies[place].is_alive()]
            if dead and results.empty():
                raise EngineError(f"a copy of the model ended with code {dead[0]} before it was done") from None
            continue
        if isinstance(found, Generated):
            yield found
        elif isinstance(found, L2SError):
            raise found
        else:
            running.discard(place)


def _serve(make: Callable[[], Engine], device: str, place: int, copies: int, asks: Any, results: Any) -> None:
    """One copy: of each list of prompts asked for, generate every ``copies``-th from ``place`` on; or take weights."""

    def end(*_: object) -> NoReturn:
        results.cancel_join_thread()  # nobody reads them any more
        sys.exit()

    signal.signal(signal.SIGTERM, end)  # what it has made is given back, semaphores for one
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is the parent's, which ends its copies
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    os.environ[GPUS] = device
    try:
        engine = make()
        while True:
            match asks.get():
                case None:
                    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it ends already
                    end()
                case Reload(folder, digest):
                    engine.reload(folder, digest)
                case Generate(prompts, sampling, control, style):
                    mine = list(range(place, len(prompts), copies))
                    for done in engine.generate([prompts[i] for i in mine], sampling, control, style):
                        results.put((place, replace(done, index=mine[done.index])))
            results.put((place, None))
    except L2SError as error:
        results.put((place, error))


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
