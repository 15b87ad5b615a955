"""Work for a command to do while all it does is wait for threads that compute."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from l2s.progress import Item, Track

_waiting: list[Callable[[], object]] = []


@contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[None]:
    """Do ``work`` if something is waited for in the block; if it fails, who needs it does it again and says so."""
    _waiting.append(work)
    try:
        yield
    finally:
        if work in _waiting:
            _waiting.remove(work)


def working(track: Track) -> Track:
    """The same, doing what waits to be done as soon as the first item is there, and so more are under way."""

    def tracked(
        items: Iterable[Item], label: str, total: float | None = None, weight: Callable[[Item], float] | None = None
    ) -> Iterator[Item]:
        for item in track(items, label, total, weight):
            yield item
            while _waiting:
                with suppress(Exception):  # whatever it is: it must not end the loop, and is met again afterwards
                    _waiting.pop()()

    return tracked
