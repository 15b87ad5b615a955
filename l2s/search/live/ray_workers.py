"""Workers on a Ray cluster, an actor each: on whatever machine has a GPU for it, in the same folder there."""

import logging
import os
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

from l2s.core.errors import EngineError, L2SError
from l2s.search.live.trialist import LiveSettings
from l2s.search.live.workers import Told, begin


@contextmanager
def ray_workers(settings: LiveSettings, count: int, address: str) -> Iterator[list["RayWorker"]]:
    """So many workers on the cluster at that address; they end with the block or with us.

    Raises:
        EngineError: it has too few GPUs.
    """
    import ray

    decoding, each = settings.decoding, 0
    if decoding.device != "cpu":
        each = decoding.tensor_parallel_size * decoding.data_parallel_size
        settings = replace(settings, device="cuda")  # an actor sees those alone that it was given
    ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
    try:
        found = ray.cluster_resources().get("GPU", 0)
        if each * count > found:
            raise EngineError(
                f"an engine for each of {count} jobs takes {each * count} GPUs, and the Ray cluster has {found:g}; "
                "ask for fewer"
            )
        # no core is asked for: the stage that waits for them holds one, and there may be no other
        actor = ray.remote(_Caller).options(num_cpus=0, num_gpus=each)
        yield [RayWorker(actor.remote(os.getcwd(), settings)) for _ in range(count)]
    finally:
        ray.shutdown()


class RayWorker(NamedTuple):
    """A :class:`~l2s.search.live.workers.Worker` that is an actor."""

    actor: Any

    def submit(self, function: Callable[..., Told], /, *arguments: object) -> "RayPromise":
        """Call it in the actor when all before are done."""
        return RayPromise(self.actor.call.remote(function, *arguments))


class RayPromise(NamedTuple):
    """A :class:`~l2s.search.live.workers.Promise` of what an actor returns."""

    reference: Any

    def result(self) -> Told:
        """Wait for it."""
        import ray

        try:
            found: Told | L2SError = ray.get(self.reference)
        except ray.exceptions.RayActorError:
            raise BrokenExecutor from None
        if isinstance(found, L2SError):
            raise found
        return found


class _Caller:
    """Calls functions in the actor's process."""

    def __init__(self, folder: str, settings: LiveSettings) -> None:
        os.chdir(folder)
        begin(settings)

    def call(self, function: Callable[..., Told], *arguments: object) -> Told | L2SError:
        try:
            return function(*arguments)
        except L2SError as error:  # as it is: Ray would raise one of its own, with a traceback for a sentence
            return error
