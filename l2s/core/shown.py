"""How rows of a summary are told in words, alike in the terminal and on the page."""

import re
from collections.abc import Mapping
from typing import Any

_CONTROLS = {code: 0x2400 + code for code in range(32)} | {0x7F: 0x2421}
"""Control characters as Unicode's pictures of them: a terminal obeys them, HTML forbids some and shows none."""
_CONTROLS |= dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
_LINES = {code: shown for code, shown in _CONTROLS.items() if chr(code) not in "\n\t"}
_NAME = _CONTROLS | dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), 0xFFFD)
"""In a name nothing turns the direction of what stands beside it; a text of its own may."""
_SURROGATE = re.compile("[\ud800-\udfff]")


def plain(text: str) -> str:
    """Text of several lines that can be written as UTF-8 and shown: no control characters, no half surrogate pairs."""
    return _SURROGATE.sub("\ufffd", text.replace("\r\n", "\n")).translate(_LINES)


def plain_name(text: str) -> str:
    """The same for a name, which stands in one line."""
    return _SURROGATE.sub("\ufffd", text).translate(_NAME)


def plain_cell(text: str) -> str:
    """A cell of a CSV table: a spreadsheet takes what begins with these marks for a formula, unless it is a number."""
    shown = plain(text)
    if not shown.startswith(("=", "+", "-", "@", "\t")):
        return shown
    try:
        float(shown)
    except ValueError:
        return f"'{shown}"
    return shown


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
