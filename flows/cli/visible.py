"""Control characters in what is printed are shown, not obeyed: names come from files that others wrote."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook
from rich.segment import Segment

from l2s.core.shown import plain_name


class Visible(RenderHook):
    """What a console is about to print, with its texts made plain; what the console itself sends stays."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Called by Rich with everything that is printed."""
        return [_Plain(renderable) for renderable in renderables]


class _Plain:
    def __init__(self, renderable: Any) -> None:
        self.renderable = renderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        for segment in console.render(self.renderable, options):
            yield segment if segment.control else Segment(_shown(segment.text), segment.style)


def _shown(text: str) -> str:
    if text.replace("\n", "").isprintable():
        return text
    return "\n".join(map(plain_name, text.split("\n")))
