r"""Transcript: where a response first states its final answer, what it answered before, whether it loops.

Text alone is looked at; there is no tokenizer here. A value is *stated* where it follows a relation (=, ≈, :),
a verb of result ("is", "gives") or stands in a box. The *answers* of a transcript are, in order, its boxes,
what follows "answer is" or "answer:", the value stated last before each phrase at which the model starts
over, and the final answer. Values are compared as text, numbers as numbers; so an intermediate result that
happens to equal the answer counts as the answer, and two ways to write one expression count as two answers.
"""

import itertools
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

NEAR = 240
"""Characters before a restart in which the value stated last is looked for."""
LONGEST = 160
"""Characters of a stated answer."""
TAIL = 4000
"""Characters at the end of a text in which a loop is looked for."""
LOOP_CHARACTERS = 60
LOOP_TIMES = 3

EXPLICIT = ("boxed{", "answer is", "answer:", "answer to be")
_STATED = re.compile(
    r"(?:[=≈:→>]|boxed\{|\b(?:is|are|be|get|gets|give|gives|equals|equal to|obtain|answer|####))"
    r"(?:\s|\\\(|\\\[|[$*({]|\\boxed\{|\\approx|\\text\{)*$",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"[\s:*]*(?:\\\(|\\\[|\$+)?\s*(?:\\boxed\{)?\s*"
    r"(\\d?frac\{[^{}]{1,30}\}\{[^{}]{1,30}\}|[-−+]?\d[\d,]*(?:\.\d+)?(?:/\d+)?|\$?[A-J]\b)"
)
_LAST_VALUE = re.compile(
    r"(?:[=≈→]|\b(?:is|are|gives|get|equals))\s*\$?\s*([-−]?\d[\d,]*(?:\.\d+)?(?:/\d+)?)(?![\d.]*\d)"
)

_BLANK = re.compile(r"\\[,!;: ]|\s+")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")


class Reading(NamedTuple):
    """What one transcript says."""

    stated_at: int | None
    """Characters up to the end of the first statement of the final answer; None if it is nowhere stated."""
    answers: int
    changed: bool
    corrected: bool
    """An earlier answer was wrong and the final one is right."""
    spoiled: bool
    """An earlier answer was right and the final one is not."""
    looping: bool


def read_transcript(
    text: str, answer: str | None, gold: str, correct: bool, marks: Sequence[tuple[int, bool]]
) -> Reading:
    """Read one response.

    Args:
        text: the response.
        answer: the final answer as the grader extracted it.
        gold: the right one.
        correct: the grader's verdict.
        marks: (character, is it explicit) of every phrase of ``EXPLICIT`` (its end) and every restart (its start).
    """
    final = None if answer is None else plain(answer)
    right = {plain(gold)} | ({final} if correct and final is not None else set())
    found = [value for at, explicit in marks if (value := _after(text, at) if explicit else _before(text, at))]
    sequence = [*found, *([final] if final is not None and (not found or found[-1] != final) else [])]
    earlier = sequence[:-1] if final is not None else sequence
    return Reading(
        stated_at=None if answer is None else first_statement(text, answer),
        answers=len(sequence),
        changed=any(one != other for one, other in itertools.pairwise(sequence)),
        corrected=correct and any(value not in right for value in earlier),
        spoiled=not correct and any(value in right for value in earlier),
        looping=loops(text) or ("</think>" in text and loops(text[: text.rindex("</think>")])),
    )


def first_statement(text: str, answer: str) -> int | None:
    """Characters up to the end of the first place that states ``answer``."""
    if not answer:
        return None
    start = text.find(answer)
    while start >= 0:
        end = start + len(answer)
        if _stands_alone(text, end) and _STATED.search(text, max(0, start - 24), start):
            return end
        start = text.find(answer, start + 1)
    return None


def loops(text: str) -> bool:
    """Whether the text ends in a repetition: a period at least three times, over at least 60 characters."""
    tail = text[-TAIL:].rstrip()
    mark = tail[-LOOP_CHARACTERS // LOOP_TIMES :]
    if len(tail) < LOOP_CHARACTERS or not mark:
        return False
    before = tail.rfind(mark, 0, len(tail) - 1)
    if before < 0:
        return False
    period = len(tail) - before - len(mark)
    length = max(LOOP_TIMES * period, LOOP_CHARACTERS)
    return length <= len(tail) and tail[-length:-period] == tail[-length + period :]


@lru_cache(maxsize=1 << 16)
def plain(value: str) -> str:
    """A value as it is compared: without dollars, blanks and braces around; numbers in one form."""
    value = value.strip().strip("$*").removeprefix("\\(").removesuffix("\\)").strip().rstrip(".")
    value = _BLANK.sub("", value).replace("dfrac", "frac").replace("tfrac", "frac").replace("−", "-")
    bare = _THOUSANDS.sub("", value)
    try:
        number = float(bare)
    except ValueError:
        return value
    return f"{number:.12g}" if abs(number) < 1e15 else bare


def _stands_alone(text: str, end: int) -> bool:
    """Whether no digit or letter goes on after a value."""
    rest = text[end : end + 2]
    return not rest or not (rest[0].isalnum() or (rest[0] in ".,/" and rest[1:].isdigit()))


def _after(text: str, at: int) -> str | None:
    """What is stated right after a phrase that announces an answer; a box is left to its own mark."""
    if text.endswith("boxed{", 0, at):
        content = _braced(text, at)
        return plain(content) if content else None
    found = _VALUE.match(text, at, at + LONGEST)
    return plain(found.group(1)) if found and "boxed" not in found.group(0) else None


def _before(text: str, at: int) -> str | None:
    """The value stated last before a restart."""
    found = _LAST_VALUE.findall(text, max(0, at - NEAR), at)
    return plain(found[-1]) if found else None


def _braced(text: str, start: int) -> str | None:
    depth = 1
    for place in range(start, min(len(text), start + LONGEST)):
        depth += (text[place] == "{") - (text[place] == "}")
        if depth == 0:
            return text[start:place]
    return None
