r"""Division: whole quotients with their remainders, ``5 R 3`` and ``5 remainder 3``."""

import re

from l2s.verification.compare.phrases.words import worded

_REMAINDER = r"(?:remainder|rem\.?|r)"
_WRITTEN = (
    re.compile(
        rf"(?:quotient(?: is| of|:)? ?)?([0-9]{{1,30}}),? ?(?:(?:with|and) )?(?:a |the )?{_REMAINDER}"
        r"(?: of| is|:| =)? ?([0-9]{1,30})"
    ),
    re.compile(r"q ?= ?([0-9]{1,30}),? ?(?:and )?r ?= ?([0-9]{1,30})"),
)


def same_divisions(gold: str, answer: str) -> bool | None:
    """Whether two quotients with remainders are the same; None unless both are such."""
    if "r" not in gold.lower() or "r" not in answer.lower():
        return None
    mine, theirs = _division(gold), _division(answer)
    return None if mine is None or theirs is None else mine == theirs


def _division(text: str) -> tuple[int, int] | None:
    text = re.sub(r"\\[;,: ]|~|[{}$\\]|text|mathrm", " ", worded(text).lower())
    text = re.sub(r"\s+", " ", text).strip()
    match = next(filter(None, (written.fullmatch(text) for written in _WRITTEN)), None)
    return (int(match[1]), int(match[2])) if match else None
