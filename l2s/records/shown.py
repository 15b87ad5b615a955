"""How rows of a summary are told in words, alike in the terminal and on the page."""

from collections.abc import Mapping
from typing import Any


def size_text(row: Mapping[str, Any]) -> str:
    """``1,000 problems``, or with several samples ``1,000 problems (4,000 responses)``."""
    problems = row.get("problems", row["n"])
    responses = f" ({row['n']:,} responses)" if problems != row["n"] else ""
    return f"{problems:,} problem{'s' if problems != 1 else ''}{responses}"


def share_text(share: float) -> str:
    """Whole percent; ``<1 %`` for the few and ``>99 %`` for all but a few, so that 0 and 100 mean none and all."""
    if 0 < share < 0.005 or 0.995 <= share < 1:
        return "<1 %" if share < 0.5 else ">99 %"
    return f"{100 * share:.0f} %"


def given_text(number: float) -> str:
    """A number that somebody chose, with all its digits: 0.95 and 0.9999 are two thresholds, and neither is 1."""
    return f"{number:,.12g}".replace("-", "−")
