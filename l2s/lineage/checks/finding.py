"""Finding: one thing that is not as the lineage says."""

from typing import Any, NamedTuple


class Finding(NamedTuple):
    """A mismatch."""

    file: str
    """Where."""
    what: str
    """Of it: a tensor, a row, a number, a link; empty for the whole."""
    expected: str
    found: str

    def __str__(self) -> str:
        what = f"{self.what}: " if self.what else ""
        return f"{self.file}: {what}expected {self.expected}, found {self.found}"


def short(value: Any, most: int = 80) -> str:
    """A value as a sentence shows it."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"
