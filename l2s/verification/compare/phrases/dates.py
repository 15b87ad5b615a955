"""Dates: ``July 4, 1776``, ``4 July 1776``, ``the 4th of July``, ``1776-07-04``; an answer may say more, not less."""

import re
from typing import NamedTuple

from l2s.verification.compare.phrases.words import worded

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMES = "january february march april may june july august september october november december sept"
_MONTH = rf"(?P<month>{'|'.join(sorted((*_NAMES.split(), *_MONTHS), key=len, reverse=True))})\.?"
_DAY = r"(?:the )?(?P<day>[0-9]{1,2})(?: ?(?:st|nd|rd|th))?"
_YEAR = r"(?:,? (?:in )?(?P<year>[0-9]{3,4}))?"
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY = rf"(?:on )?(?:(?P<weekday>{'|'.join(_WEEKDAYS)}),? )?"
_WRITTEN = (
    re.compile(rf"{_WEEKDAY}{_MONTH} {_DAY}{_YEAR}"),
    re.compile(rf"{_WEEKDAY}{_DAY} (?:day )?(?:of )?{_MONTH}{_YEAR}"),
    re.compile(r"(?P<weekday>)(?P<year>[0-9]{4})[-/](?P<month>[0-9]{1,2})[-/](?P<day>[0-9]{1,2})"),
)
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Date(NamedTuple):
    """A day; what is not said is None."""

    month: int
    day: int
    year: int | None
    weekday: str | None


def same_dates(gold: str, answer: str) -> bool | None:
    """Whether two dates are the same day; None unless both are dates, one with letters or both as in ISO 8601."""
    lettered = any(month in gold.lower() or month in answer.lower() for month in _MONTHS)
    if not lettered and not (_ISO.fullmatch(gold.strip()) and _ISO.fullmatch(answer.strip())):
        return None
    mine, theirs = _date(gold), _date(answer)
    if mine is None or theirs is None:
        return None
    said = zip((mine.year, mine.weekday), (theirs.year, theirs.weekday), strict=True)
    return (mine.month, mine.day) == (theirs.month, theirs.day) and all(one in (None, other) for one, other in said)


def _date(text: str) -> Date | None:
    text = re.sub(r"\^?\{?\\?(?:text|mathrm)?\{? ?(st|nd|rd|th) ?\}{0,2}", r"\1", worded(text).lower())
    text = re.sub(r"\s+", " ", re.sub(r"\\[;,: ]|~|[{}$\\]", " ", text)).strip()
    match = next(filter(None, (written.fullmatch(text) for written in _WRITTEN)), None)
    if match is None:
        return None
    month, day = match["month"], int(match["day"])
    number = int(month) if month.isdigit() else _MONTHS.index(month[:3]) + 1
    if not (1 <= number <= 12 and 1 <= day <= 31):
        return None
    return Date(number, day, int(match["year"]) if match["year"] else None, match["weekday"] or None)
