r"""Transcript: where a response first states its final answer, what it answered before, whether it loops.

Text alone is looked at; there is no tokenizer here. A value is *stated* where it follows a relation (=, ≈, :), a
verb of result ("is", "gives") or stands in a box (``RELATIONS``). The *answers* of a transcript are, in order, its
boxes, what follows "answer is" or "answer:", the value stated last before each phrase at which the model starts
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

BOX = "boxed{"
ANNOUNCEMENTS = ("answer is", "answer:", "answer to be")
RELATIONS = ("=", "= ", "=$", "= $", "≈ ", ": ", "boxed{", "is ", "is $", "are ", "gives ", "#### ")
"""What stands right before a value that is stated, and not merely mentioned."""
_VALUE = re.compile(
    r"[\s:*]*(?:\\\(|\\\[|\$+)?\s*(?:\\boxed\{)?\s*"
    r"(\\d?frac\{[^{}]{1,30}\}\{[^{}]{1,30}\}|[-−+]?\d[\d,]*(?:\.\d+)?(?:/\d+)?|\$?[A-J]\b)"
)
_NUMBER = re.compile(r"(?:=|is)\s*\$?\s*([-−]?\d[\d,]*(?:\.\d+)?(?:/\d+)?)")
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
        marks: (character, is it explicit) of every box and announcement (its end) and every restart (its start).
    """
    final = None if answer is None else plain(answer)
    found, before = list[str](), 0
    for at, explicit in marks:
        value = _after(text, at) if explicit else _before(text, at, before)
        before = at
        if value:
            found.append(value)
    if final is not None and (not found or found[-1] != final):
        found.append(final)
    earlier = found if final is None else found[:-1]
    right = (plain(gold), final) if correct else (plain(gold),)
    return Reading(
        stated_at=None if answer is None else first_statement(text, answer),
        answers=len(found),
        changed=len(found) > 1 and any(one != other for one, other in itertools.pairwise(found)),
        corrected=correct and any(value not in right for value in earlier),
        spoiled=not correct and any(value in right for value in earlier),
        looping=loops(text) or ((end := text.rfind("</think>")) >= 0 and loops(text[:end])),
    )


def first_statement(text: str, answer: str) -> int | None:
    """Characters up to the end of the first place that states ``answer``."""
    if not answer or answer not in text:
        return None
    before = len(text) + 1
    for relation in RELATIONS:
        stated = relation + answer
        start = text.find(stated, 0, before - 1)
        while start >= 0:
            end = start + len(stated)
            if _stands_alone(text, end):
                before = end
                break
            start = text.find(stated, start + 1, before - 1)
    return before if before <= len(text) else None


def loops(text: str) -> bool:
    """Whether the text ends in a repetition: a period at least three times, over at least 60 characters."""
    tail = text[-TAIL:].rstrip()
    mark = tail[-LOOP_CHARACTERS // LOOP_TIMES :]
    if len(tail) < LOOP_CHARACTERS:
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
    if end == len(text) or not (text[end].isalnum() or text[end] in ".,/"):
        return True
    return not text[end].isalnum() and not text[end + 1 : end + 2].isdigit()


def _after(text: str, at: int) -> str | None:
    """What is stated right after a phrase that announces an answer; a box is left to its own mark."""
    if text.startswith(BOX, at - len(BOX)):
        content = _braced(text, at)
        return plain(content) if content else None
    found = _VALUE.match(text, at, at + LONGEST)
    return plain(found.group(1)) if found and "boxed" not in found.group(0) else None


def _before(text: str, at: int, before: int) -> str | None:
    """The number that an equation or "is" states last before a restart, and after the mark before it."""
    least, end = max(before, at - NEAR), at
    while (place := max(text.rfind("=", least, end), text.rfind("is ", least, end))) >= 0:
        if found := _NUMBER.match(text, place, at):
            return plain(found.group(1))
        end = place
    return None


def _braced(text: str, start: int) -> str | None:
    """What stands in braces whose opening one is just before ``start``; None if they do not close near."""
    end = text.find("}", start, start + LONGEST)
    while end >= 0 and text.count("{", start, end) > text.count("}", start, end):
        end = text.find("}", end + 1, start + LONGEST)
    return text[start:end] if end >= 0 else None
