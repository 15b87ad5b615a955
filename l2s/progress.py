"""Track: how a long loop is shown, passed in as an argument.

A terminal draws a bar, a Prefect task logs tenths, a test shows nothing; the library does not know.
"""

import sys
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
    """Draw a Rich progress bar on stderr where that is a terminal."""
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
    columns: list[Any] = [TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()]
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        row = progress.add_task(label, total=total)
        for item in items:
            yield item
            progress.advance(row, weight(item) if weight else 1.0)


def reported(report: Callable[[str], None]) -> Track:
    """A track that calls ``report`` at each tenth: for logs, where a bar would be noise."""

    def track(
        items: Iterable[Item], label: str, total: float | None = None, weight: Callable[[Item], float] | None = None
    ) -> Iterator[Item]:
        if total is None and isinstance(items, Sequence):
            total = float(len(items))
        done, tenth = 0.0, 0
        for item in items:
            yield item
            done += weight(item) if weight else 1.0
            if total and int(10 * done / total) > tenth:
                tenth = int(10 * done / total)
                report(f"{label}: {min(100, 10 * tenth)} %")

    return track
