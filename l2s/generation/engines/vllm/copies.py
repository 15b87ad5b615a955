"""Copies of a model in vLLM, each in a process and on GPUs of its own, each with its share of the problems.

A response depends on its own prompt and seed, so sharing out changes nothing but the time. A copy ends
with this process, whatever ends it.
"""

import multiprocessing
import os
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from multiprocessing.context import SpawnProcess
from typing import Any, Protocol

from l2s.core.errors import EngineError, L2SError
from l2s.generation.controls.control import Control
from l2s.generation.engines.engine import Engine, Generated
from l2s.generation.prompts.prompt import Prompt
from l2s.generation.prompts.tokenizer import Written
from l2s.generation.settings import PromptParams, SamplingParams

POLL = 1.0
"""Seconds between two looks at whether a copy still runs."""
GPUS = "CUDA_VISIBLE_DEVICES"


class Closable(Engine, Protocol):
    """An engine that gives its memory back."""

    def close(self) -> None:
        """Stop it."""
        ...


class VllmCopies:
    """An engine made of several."""

    def __init__(self, make: Callable[[], Closable], devices: Sequence[str]) -> None:
        """Make one here, for prompts and texts; it starts nothing.

        Args:
            make: makes the engine, in this process and in each copy's.
            devices: for each copy the GPUs it sees, as CUDA_VISIBLE_DEVICES names them.
        """
        self._make, self._one, self._devices = make, make(), list(devices)
        one = self._one
        self.name, self.tokenizer_digest, self.notes = one.name, one.tokenizer_digest, one.notes

    def prompt(self, problem: str, params: PromptParams) -> Written:
        """The prompt as text and as token ids."""
        return self._one.prompt(problem, params)

    def text(self, ids: list[int]) -> str:
        """Text of a response: special tokens shown, the final stop token left out."""
        return self._one.text(ids)

    def generate(
        self, prompts: Sequence[Prompt], sampling: SamplingParams, control: Control, style: PromptParams
    ) -> Iterator[Generated]:
        """Responses in the order in which they finish."""
        context = multiprocessing.get_context("spawn")
        results: Any = context.Queue()
        asked, total = (sampling, control, style), len(self._devices)
        copies = [
            context.Process(target=_serve, args=(self._make, device, list(prompts), place, total, asked, results))
            for place, device in enumerate(self._devices)
        ]
        try:
            for copy in copies:
                copy.start()
            yield from _collected(copies, results)
        finally:
            for copy in copies:
                if copy.is_alive():
                    copy.terminate()
                copy.join()

    def close(self) -> None:
        """Nothing runs between two calls of :meth:`generate`."""


def visible_gpus(tensor_parallel_size: int, data_parallel_size: int) -> list[str]:
    """Share out the GPUs that this process sees.

    Raises:
        EngineError: there are too few.
    """
    import torch

    named = os.environ.get(GPUS)
    found = named.split(",") if named else [str(place) for place in range(torch.cuda.device_count())]
    needed = tensor_parallel_size * data_parallel_size
    if len(found) < needed:
        raise EngineError(
            f"tensor_parallel_size {tensor_parallel_size} times data_parallel_size {data_parallel_size} takes "
            f"{needed} GPUs, and {len(found)} are visible; lower one of them"
        )
    starts = range(0, needed, tensor_parallel_size)
    return [",".join(found[start : start + tensor_parallel_size]) for start in starts]


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
        elif isinstance(found, str):
            raise EngineError(found)
        else:
            running.discard(place)


def _serve(
    make: Callable[[], Closable], device: str, prompts: list[Prompt], place: int, copies: int,
    asked: tuple[SamplingParams, Control, PromptParams], results: Any,
) -> None:  # fmt: skip
    """One copy: generate every ``copies``-th prompt from ``place`` on."""
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    os.environ[GPUS] = device
    mine = list(range(place, len(prompts), copies))
    try:
        engine = make()
        for done in engine.generate([prompts[index] for index in mine], *asked):
            results.put((place, replace(done, index=mine[done.index])))
        engine.close()
    except L2SError as error:
        results.put((place, str(error)))
    else:
        results.put((place, None))


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
