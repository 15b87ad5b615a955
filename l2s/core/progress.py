"""Track: how a long loop is shown, passed in as an argument.

A terminal draws a bar, a Prefect task logs tenths, a test shows nothing; the library does not know.
"""

import itertools
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

Item = TypeVar("Item")


class Track(Protocol):
    """Iterate over ``items`` and show how far the loop is."""

    def __call__(
        self,
        items: Iterable[Item],
        label: str,
        total: float | None = None,
        weight: Callable[[Item], float] | None = None,
    ) -> Iterator[Item]:
        """``weight`` says how much of ``total`` one item is worth (default 1 each)."""
        ...


def silent(
    items: Iterable[Item], label: str, total: float | None = None, weight: Callable[[Item], float] | None = None
) -> Iterator[Item]:
    """Show nothing."""
    yield from items


def bar(
    items: Iterable[Item], label: str, total: float | None = None, weight: Callable[[Item], float] | None = None
) -> Iterator[Item]:
    """Draw a Rich progress bar on stderr where that is a terminal: share, items a second, time left."""
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    if total is None and isinstance(items, Sequence):
        total = float(len(items))
    rate = TextColumn("{task.fields[rate]}")
    columns: list[Any] = [
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        rate,
        TimeRemainingColumn(),
    ]
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        row, began = progress.add_task(label, total=total, rate=""), time.monotonic()
        for count, item in enumerate(items, 1):
            yield item
            progress.update(
                row, advance=weight(item) if weight else 1.0, rate=rate_text(count, time.monotonic() - began)
            )


def reported(report: Callable[[str], None]) -> Track:
    """A track that calls ``report`` at each tenth, with items a second and time left: for logs."""

    def track(
        items: Iterable[Item], label: str, total: float | None = None, weight: Callable[[Item], float] | None = None
    ) -> Iterator[Item]:
        if total is None and isinstance(items, Sequence):
            total = float(len(items))
        done, tenth, began = 0.0, 0, time.monotonic()
        for count, item in enumerate(items, 1):
            yield item
            done += weight(item) if weight else 1.0
            if total and int(10 * done / total) > tenth:
                tenth = int(10 * done / total)
                seconds = time.monotonic() - began
                left = f", {duration_text(seconds * (total - done) / done)} left" if done < total else ""
                report(f"{label}: {min(100, 10 * tenth)} %, {rate_text(count, seconds)}{left}")

    return track


def stepped(track: Track, method: str) -> Callable[[object], None]:
    """What is told each step of a training, to show it."""
    shown = iter(track(itertools.count(1), f"training, {method}"))

    def step(line: object) -> None:
        next(shown, None)

    return step


def rate_text(count: int, seconds: float) -> str:
    """Items a second, or a minute where they are fewer than one: ``12.5/s``, ``8.0/min``."""
    rate = count / max(seconds, 1e-9)
    return f"{rate:.1f}/s" if rate >= 1 else f"{60 * rate:.1f}/min"


def duration_text(seconds: float) -> str:
    """``45 s``, ``12 min``, ``3 h 5 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
