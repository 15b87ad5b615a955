"""How numbers are written: a mean never without its interval, a true minus, no digits that only pretend."""

from dataclasses import dataclass

from l2s.core.row import Row
from l2s.core.shown import given_text


@dataclass(frozen=True)
class Cell:
    """One number in a table."""

    text: str
    """As it is read."""
    interval: str = ""
    """``[low, high]``; empty where the number is no estimate."""
    value: float | str | None = None
    """What the column is sorted by; null comes last."""


NOTHING = Cell("–")


@dataclass(frozen=True)
class Column:
    """One column: which key of a row, and how it is written."""

    key: str
    heading: str
    hint: str
    """What the number is, in a sentence or less."""
    scale: float = 1.0
    """100 for shares; negative turns a reduction into a change."""
    digits: int | None = 1
    """After the point; None: all, of a number that was chosen and not measured."""
    unit: str = ""
    signed: bool = False
    least: float = 0.0
    """What rounds to less is written ``<`` and this: more digits would only pretend."""

    def cell(self, row: Row) -> Cell:
        """The number with its interval, where the row has them."""
        value = row.get(self.key)
        if value is None:
            return NOTHING
        low, high = row.get(f"{self.key}_low"), row.get(f"{self.key}_high")
        interval = ""
        if low is not None and high is not None:
            ends = (high, low) if self.scale < 0 else (low, high)
            interval = f"[{', '.join(self.number(end) for end in ends)}]"
        return Cell(self.number(value) + self.unit, interval, self.scale * value)

    def text(self, row: Row) -> str:
        """``98.4 % [96.9, 99.2]``."""
        cell = self.cell(row)
        return f"{cell.text} {cell.interval}".strip()

    def number(self, value: float) -> str:
        """The bare number in this column's scale and digits."""
        if self.digits is None:
            return given_text(self.scale * value)
        if 0 <= value < self.least / 2:
            return f"<{self.least:g}"
        return decimal(self.scale * value, self.digits, self.signed)

    def is_known(self, rows: list[Row]) -> bool:
        """Whether any row has this number."""
        return any(row.get(self.key) is not None for row in rows)


def decimal(number: float, digits: int, signed: bool = False) -> str:
    """A number with thousands separated, a true minus, and no minus before a zero."""
    form = f"{'+' if signed else ''},.{digits}f"
    return format(round(number, digits) + 0.0, form).replace("-", "−")
