"""Regions: which parts of a response are thinking, and which are what it says to its reader.

What stands before a closing mark that nothing opened is thinking too, for a chat template may have opened it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from l2s.verification.extract import markup
from l2s.verification.extract.languages import PLAIN, SCALES


def any_of(marks: Iterable[str]) -> str:
    """A regular expression for any of them, the longest first."""
    return "|".join(re.escape(mark) for mark in sorted(set(marks), key=len, reverse=True))


_OPENING = {opening.lower() for opening, _ in markup.THINKING}
_THINKING = re.compile(any_of(mark for pair in markup.THINKING for mark in pair), re.IGNORECASE)
_LONGEST = 1_000_000
_CONTAINER = re.compile(any_of(markup.CONTAINERS), re.IGNORECASE)
_OVER = re.compile(any_of((*markup.END_TOKENS, *markup.OTHER_TURNS)))
_TAGGED_END = re.compile(rf"(?:{any_of(closing for _, closing in markup.ANSWER_TAGS)})\s*$", re.IGNORECASE)
_TAG = re.compile(any_of(opening for opening, _ in markup.ANSWER_TAGS), re.IGNORECASE)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[ \t]*([A-Za-z+#]*)[^\n`]*$", re.MULTILINE)
_CODE = re.compile(r"\b(?:print|import|return|def|for|while|const|let|printf|assert)\b[^\n]*[(:;=\"]")
_LANGUAGES = "python py python3 sympy c cpp java javascript js ts r julia matlab bash sh rust go sql"
_PROGRAMS = frozenset(_LANGUAGES.split())
_TO_PLAIN = re.compile(f"[{re.escape(''.join(PLAIN))}]")
"""Where most of a long text is ASCII, several times as fast as a table of translations."""
_SCALED = re.compile(rf"(?<![0-9.,])([0-9]{{1,12}})(?:\.([0-9]{{1,8}}))? ?({any_of(SCALES)})(?![0-9])")


@dataclass(frozen=True)
class Regions:
    """A response by who it is meant for."""

    outside: list[str]
    """What stands outside of thinking, in order; the last may be blank."""
    thinking: str
    """All closed thinking."""
    closed: bool
    """Thinking was closed at least once."""
    unclosed: bool
    """Thinking was opened and is open at the end."""


def regions(response: str) -> Regions:
    """``response`` cut at every mark of thinking."""
    response = _spoken(_ended(response))
    outside: list[str] = []
    thinking: list[str] = []
    position, inside, closed = 0, False, False
    for mark in _THINKING.finditer(response):
        part, position = response[position : mark.start()], mark.end()
        if mark.group().lower() in _OPENING:
            (thinking if inside else outside).append(part)
            inside = True
        else:
            if not inside:  # the template opened it, or this closes it again
                thinking += outside
                outside.clear()
            thinking.append(part)
            inside, closed = False, True
    rest = response[position:]
    if inside and _TAGGED_END.search(rest[-200:]):
        answered = [tag.start() for tag in _TAG.finditer(rest)]
        if answered:
            return Regions([rest[answered[-1] :]], "".join([*thinking, rest[: answered[-1]]]), True, False)
    (thinking if inside else outside).append(rest)
    return Regions(outside, "\n".join(thinking), closed, inside)


def spoken_to_reader(text: str) -> str:
    """A part outside of thinking up to where the turn ends, without containers; digits of every script as ASCII."""
    text = _CONTAINER.sub("\n", text)
    start = 0
    for mark in _OVER.finditer(text):
        if text[start : mark.start()].strip():
            text = text[start : mark.start()]
            break
        start = mark.end()
    else:
        text = text[start:]
    if text.isascii():
        return text
    text = _TO_PLAIN.sub(lambda sign: PLAIN[sign[0]], text)
    return _SCALED.sub(_unscaled, text) if any(word in text for word in SCALES) else text


def without_code(text: str) -> str:
    """Without fenced blocks that are programs; of other fenced blocks the fences alone go."""
    if "```" not in text and "~~~" not in text:
        return text
    kept, position, opened = [], 0, None
    for fence in _FENCE.finditer(text):
        if opened is None:
            kept.append(text[position : fence.start()])
            opened, position = fence[1].lower(), fence.end()
        else:
            block = text[position : fence.start()]
            kept.append("" if opened in _PROGRAMS or (not opened and _CODE.search(block)) else block)
            opened, position = None, fence.end()
    return "".join([*kept, text[position:]])


def _ended(response: str) -> str:
    """The last million characters of a response; whether thinking was open before them still shows."""
    if len(response) <= _LONGEST:
        return response
    before = response[:-_LONGEST]
    marks = [(before.rfind(mark), mark) for pair in markup.THINKING for mark in pair]
    place, mark = max(marks)
    return (mark if place >= 0 and mark.lower() in _OPENING else "") + response[-_LONGEST:]


def _spoken(response: str) -> str:
    """``response`` with the plain words that divide thinking from the rest as a closing mark."""
    for opening, closing in markup.SPOKEN_THINKING:
        if response.lstrip().startswith(opening) and closing in response:
            thought, _, final = response.rpartition(closing)
            return f"{thought}</think>{final}"
    return response


def _unscaled(match: "re.Match[str]") -> str:
    """``60万`` as 600000, ``1.5亿`` as 150000000."""
    whole, part, word = match.groups()
    places = SCALES[word]
    part = part or ""
    return (whole + part.ljust(places, "0")).lstrip("0") if len(part) <= places else match.group()
