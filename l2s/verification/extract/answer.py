r"""The answer a response gives. What is read, in order, stands in docs/grading.md.

A response is untrusted text of any size. Every pass here is linear in its length: braces are matched
once with a stack, and no regular expression has two unbounded repeats in a row.

Thinking comes first: once it is closed, what stands outside is asked, and only where that says nothing does a box
inside the closed thinking count. While thinking is open nothing has been answered, so a box there is no answer.
"""

import re
from dataclasses import dataclass

from l2s.verification.extract.announced import announced
from l2s.verification.extract.boxes import last_box, taken_back, trimmed
from l2s.verification.extract.choices import chosen, lone_choice
from l2s.verification.extract.closing import closing_value, open_display
from l2s.verification.extract.languages import NEXT_PROBLEM
from l2s.verification.extract.markup import ANSWER_TAGS
from l2s.verification.extract.patterns import BOLD
from l2s.verification.extract.regions import any_of, regions, spoken_to_reader, without_code

_TAGGED = re.compile(
    rf"(?:{any_of(opening for opening, _ in ANSWER_TAGS)})(.*?)({any_of(closing for _, closing in ANSWER_TAGS)}|$)",
    re.IGNORECASE | re.DOTALL,
)
_NEXT_PROBLEM = re.compile(
    rf"^[ \t#*>]{{0,6}}(?:{any_of(NEXT_PROBLEM)})(?: ?[0-9]{{1,3}})?[ *]{{0,3}}[:：]|^#{{2,4}} ?Instruction",
    re.MULTILINE | re.IGNORECASE,
)
_BOLD_NUMBER = re.compile(r"(?:\\?\$|\\\(|[-+])?\$?(?:\\frac|[0-9])[^A-Za-z\n]*(?<![.:])")
_WHOLLY_BOLD = re.compile(
    r"(?:^|\n)\s{0,9}\*\*"
    r"(?!(?:step|part|case|problem|question|solution|proof|conclusion|final|summary|note|answer|check|example)\b)"
    r"([^*\n]{1,60}?)[.!]?\*\*[.!]?\s{0,9}$",
    re.IGNORECASE,
)
_DOUBT = re.compile(
    r"\b(?:but|wait|however|hmm+|let me|let's|to make sure|double.?check|verify|alternatively|actually|hold on)\b",
    re.IGNORECASE,
)
_GIVES_UP = re.compile(r"\b(?:not|cannot|unable|unclear|unsure|unknown|sorry|\w+n['’]t)\b", re.IGNORECASE)
_SHORT = 200
_MAX_PROBLEMS = 3


@dataclass(frozen=True)
class Found:
    """What a response answers, and where that stands."""

    answer: str | None
    in_thinking: bool = False
    """It stands inside closed thinking, and nothing outside answers."""
    unreadable: bool = False
    """A grader's own rules fail on the response."""


def extract_answer(response: str, *, cut: bool = False, unclosed: bool | None = None) -> str | None:
    """The answer ``response`` gives, without its box, dollars and final full stop; None if it gives none.

    Args:
        response: any text.
        cut: the token limit ended it. Only a closed box outside open thinking then counts: a phrase
            may have lost its end. Without closed thinking and without word on ``unclosed`` it is taken as open.
        unclosed: whether thinking was left open, where the caller knows (a template may have opened it).
    """
    return find_answer(response, cut=cut, unclosed=unclosed).answer


def find_answer(response: str, *, cut: bool = False, unclosed: bool | None = None) -> Found:
    """The answer as :func:`extract_answer` finds it, with word on where the answer stands."""
    found = regions(response)
    if found.unclosed or (unclosed if unclosed is not None else cut and not found.closed):
        return Found(None)
    outside = _first_problem(found.outside)
    last = outside[-1]
    if cut:
        return Found(_tagged(last, closed=True) or last_box(last)[0])
    for part in reversed(outside):
        if answer := _stated(part):
            return Found(answer)
    value = closing_value(last)
    given_up = len(last) < _SHORT and _GIVES_UP.search(last)
    if value is None and found.closed and not given_up and (box := last_box(found.thinking)[0]):
        return Found(box, in_thinking=True)
    return Found(value)


def _first_problem(outside: list[str]) -> list[str]:
    """The parts without code and without other problems that a base model goes on to after its answer."""
    parts: list[str] = []
    for part in outside:
        text = without_code(spoken_to_reader(part))
        for place in list(_NEXT_PROBLEM.finditer(text))[:_MAX_PROBLEMS]:
            before = text[: place.start()]
            if before.strip() and (_stated(before) or closing_value(before)):
                return [*parts, before]
        parts.append(text)
    return parts


def _stated(text: str) -> str | None:
    """A tagged, boxed, announced or chosen answer, or a bold one."""
    if answer := _tagged(text):
        return answer
    box, end = last_box(text)
    if box and taken_back(text, end) and (later := announced(text[end:])):
        return later[0]
    letter = chosen(text, end)
    if box:
        return letter[0] if letter else box
    phrase = announced(text)
    if open_display(text) or _unfinished(text):
        places = [found[1] for found in (letter, phrase) if found]
        if places and _DOUBT.search(text, max(places)):
            return None
    if letter and (phrase is None or (letter[1] + 20 > phrase[1] and phrase[0].strip("() .*") != letter[0])):
        return letter[0]
    return phrase[0] if phrase else _in_bold(text)


def _tagged(text: str, closed: bool = False) -> str | None:
    """What stands in the last answer tag that says something."""
    for tag in reversed(list(_TAGGED.finditer(text)) if "<" in text or "[" in text or "◁" in text else []):
        content = tag[1].strip()
        if (closed and not tag[2]) or not re.search(r"\w", content):
            continue
        return last_box(content)[0] or (_said(content) if len(content.split()) > 3 else None) or trimmed(content)
    return None


def _said(content: str) -> str | None:
    return (found[0] if (found := announced(content)) else None) or closing_value(content)


def _in_bold(text: str) -> str | None:
    bold = [found.group(1) for found in BOLD.finditer(text) if _BOLD_NUMBER.fullmatch(found.group(1))]
    if bold:
        return trimmed(bold[-1]) or None
    if letter := lone_choice(text):
        return letter
    alone = _WHOLLY_BOLD.search(text[-200:])
    if alone and not alone[1].rstrip().endswith((":", "?")):
        return closing_value(alone[1]) if re.search(r"[:：=]", alone[1]) else trimmed(alone[1]) or None
    return None


def _unfinished(text: str) -> bool:
    """Whether the last sentence stops in the middle."""
    last = text.rstrip().rsplit("\n", 1)[-1]
    return last[-1:] in tuple(",:;+-=*/(&\\") or (len(last.split()) > 2 and last[-1:].isalpha())
