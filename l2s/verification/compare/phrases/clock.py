r"""Clock: times of day, ``08:34 P.M.`` and ``20:34``, ``noon`` and ``12:00``; no half named may be either."""

import re
from typing import NamedTuple

from l2s.verification.compare.phrases.words import worded

_HALF = r"(?P<half>[ap])\.? ?m\.?|(?P<o>o'? ?clock)|(?P<word>noon|midnight|midday)"
_TIME = re.compile(
    rf"(?:at )?(?P<hour>[0-9]{{1,2}})(?: ?[:.h] ?(?P<minute>[0-9]{{2}})(?: ?: ?(?P<second>[0-9]{{2}}))?)? ?"
    rf"(?:{_HALF})?(?: in the (?P<part>morning|afternoon|evening))?"
)
_SPOKEN = re.compile(
    r"(?:an? )?(quarter|half|(?:five|ten|twenty|[0-9]{1,2})(?: minutes)?) (past|after|to|before) ([0-9]{1,2})"
)
_MINUTES = {"quarter": 15, "half": 30, "five": 5, "ten": 10, "twenty": 20}
_PARTS = {"morning": "a", "afternoon": "p", "evening": "p", "noon": "p", "midday": "p", "midnight": "a"}


class Time(NamedTuple):
    """A time of day."""

    seconds: int
    """Since midnight, as written where no half of the day is named."""
    half: bool
    """Whether it says which half of the day it is in."""
    certain: bool
    """Whether it is a time for certain rather than a ratio or a number."""


def same_times(gold: str, answer: str) -> bool | None:
    """Whether two times of day are the same; None unless both are times and one of them is so for certain."""
    said = gold + answer
    if not (any(mark in said for mark in (":", "past", "lock")) or "m" in said.lower()):
        return None
    mine, theirs = _time(gold), _time(answer)
    if (mine is None) != (theirs is None):
        mine, theirs = mine or _hour(gold), theirs or _hour(answer)
    if mine is None or theirs is None or not (mine.certain or theirs.certain):
        return None
    if mine.half == theirs.half:
        return mine.seconds == theirs.seconds
    plain, known = (theirs, mine) if mine.half else (mine, theirs)
    written = plain.seconds
    return known.seconds == written or (3600 <= written < 13 * 3600 and (known.seconds - written) % (12 * 3600) == 0)


def _hour(text: str) -> Time | None:
    """A bare number beside a time of day."""
    bare = worded(text)
    return Time(3600 * int(bare), False, False) if bare.isdecimal() and len(bare) < 3 and int(bare) < 24 else None


def _time(text: str) -> Time | None:
    text = re.sub(r"\\[;,: ]|~|[{}$\\]|text", " ", worded(text)).lower()
    text = re.sub(r"\s+", " ", text).strip()
    text, spoken = _SPOKEN.subn(_in_digits, text)
    if text in ("noon", "midnight", "midday"):
        return Time(0 if text == "midnight" else 12 * 3600, True, True)
    match = _TIME.fullmatch(text)
    if match is None or (match["minute"] is None and not match["half"] and not match["o"] and not match["word"]):
        return None
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    half = match["half"] or _PARTS.get(match["word"] or match["part"] or "", "")
    if hour > 24 or minute > 59 or second > 59 or (match["word"] and (hour, minute) != (12, 0)):
        return None
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    said = bool(half) or hour > 12 or hour == 0
    return Time((hour % 24) * 3600 + minute * 60 + second, said, bool(half or match["o"] or spoken))


def _in_digits(spoken: "re.Match[str]") -> str:
    """``quarter past 5`` as ``5:15``."""
    words, side, hour = spoken.groups()
    said = words.removesuffix(" minutes")
    minutes = _MINUTES[said] if said in _MINUTES else int(said)
    if side in ("past", "after") or not minutes:
        return f"{hour}:{minutes:02}"
    return f"{(int(hour) - 2) % 12 + 1}:{60 - minutes:02}"
