r"""Announcements: the phrases after which an answer follows, in every language of the table.

``Answer: 42``, ``the answer is 42``, ``#### 42``, a heading "Final Answer" above the value, ``A: 42`` at the start of
a line, ``答案是``, ``Die Antwort lautet``; and ``42 as the answer``, where it stands before. The last one that says
something counts. "The answer is not 42", "if the answer is 42" and "is the answer 42?" announce nothing.
"""

import re

from l2s.verification.extract.boxes import trimmed
from l2s.verification.extract.languages import ANSWER_WORDS, DECIMAL_COMMA
from l2s.verification.extract.patterns import NOT, NUMBER
from l2s.verification.extract.values import localised, reduced, value_in

_SAYS = (
    r"(?:is|was|will be|would be|must be|should be|has to be|comes (?:out )?to|becomes|equals|turns out to be"
    r"|=|[:：]|are)"
)
_ENGLISH = re.compile(
    r"(?<![A-Za-z])answers?(?: (?:to|for|of|in) [^\n:]{1,100}?)?(?:,? (?:therefore|then|thus|hence),?)?[ *}\"'_]{0,5}"
    rf"(?:[:：]|(?<![a-z]){_SAYS}(?![A-Za-z])[ :：]{{0,3}})"
    r"|^[ \t]*####|^[ \t#*_]{1,9}(?:the )?(?:final |correct )?answer[ *_:：]{0,5}$|^[ \t*]{0,4}ans[ *]{0,3}[:：.=]"
    r"|^[ \t*]{0,4}A[ *]{0,2}[:：](?=[ \t*]*[^\s*])",
    re.IGNORECASE | re.MULTILINE,
)
_AS_ANSWER = re.compile(r",? as (?:the|our|my|its|your) (?:final |correct )?(?:answer|result)\b")
_BEFORE = re.compile(rf"(?<![\w.])({NUMBER})(?: [A-Za-z]{{2,14}}){{0,2}}$")
_LANGUAGE_OF = {word.lower(): code for code, words in reversed(ANSWER_WORDS.items()) for word in words}
_SPACELESS = re.compile("|".join(re.escape(word) for code in ("ja", "zh", "ko", "th") for word in ANSWER_WORDS[code]))
_FILLER = re.compile(
    r"[^\n0-9$\\:：=]{0,40}?[:：=]\s*|[^\n0-9$\\]{0,40}?(?=[-−]?[$\\]?[$\\]?[0-9(\\])|[^\n0-9$\\]{0,30}?(?<![A-Za-z])(?=\(?[A-J]\)?(?:\W{0,4}$|[^\x00-\x7f]))"
)
_LETTER = re.compile(r"\(?([A-J])\)?[^A-Za-z0-9]{0,8}")
_DOLLARS = re.compile(r"(?<!\\)\$")
_SENTENCE_END = re.compile(r"[.!。！।](?=\s|\*|$)|[;；](?=\s)")
_ASIDE = re.compile(r"(?<=[0-9)}$])(?: \(?|, )(?:because|since|which|where|as|not|and not|rather than|instead of)\b.*$")
_DENIED_BEFORE = re.compile(
    r"\b(?:if|whether|unless|assume|suppose|what|that) (?:the |my |our |your )?(?:\w+ )?$"
    r"|\b(?:wrong|incorrect|false) $"
    r"|\b(?:not the case|wrong|incorrect|false|untrue|nobody (?:says|said|thinks|claims)) that (?:the )?(?:\w+ )?$"
    r"|\b(?:might|could|may|would|initially|at first|first) (?:think|thought|guess(?:ed)?|say|said|expect(?:ed)?"
    r"|believed?|assumed?)(?: that)? (?:the )?(?:\w+ )?$"
    r"|\bif [^.\n]{1,40}\b(?:were|had)\b[^.\n]{0,30}, (?:then )?(?:the )?(?:\w+ )?$"
    r"|\b(?:not|\w+n['’]t) (?:think|believe|agree|say|mean|true|correct)(?: that)? (?:the |my |our |your )?(?:\w+ )?$",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"(?:clearly |certainly |definitely |surely )?(?:not|never|n't|unlikely|unclear|unknown|either)\b", re.IGNORECASE
)
_JUDGED = re.compile(
    r"[^.\n]{0,60}[ ,](?:which|but (?:that|it|this)) (?:is|was) (?:wrong|incorrect|not (?:right|correct))\b"
    r"|[^.\n]{0,60}\.\s{1,3}(?:wait|no|hmm+|oh|oops|actually)[,.! ]{1,4}(?:no[,.] )?(?:that|this|it)(?:['’]s| is| was)"
    r" (?:wrong|incorrect|not (?:right|correct)|a mistake)\b",
    re.IGNORECASE,
)
_SPELLED_AGAIN = re.compile(r"(?<=[0-9]) \((?:[a-z -]{3,40})\)$")
_SEVERAL = re.compile(r"(\$[^$]{1,60}\$(?:(?:, (?:and |or )?| and | or )\$[^$]{1,60}\$){1,8})\.?\s*$")
_NOT = re.compile(NOT, re.IGNORECASE)
_LONGEST_PHRASE = 500
_LONGEST_END = 3_000
"""Characters that are looked through first, in every language; before them in English alone."""
_MAX_LOOKED_AT = 50
"""Announcements looked at, from the last back."""


def announced(text: str) -> tuple[str, int] | None:
    """What the last announcement of ``text`` announces, and where it begins to."""
    end_part = text.rfind("\n", 0, max(0, len(text) - _LONGEST_END)) + 1
    for since in (end_part, 0) if end_part and ("answer" in text.lower() or "####" in text) else (end_part,):
        for start, end, language in _announcements(text, since)[: -_MAX_LOOKED_AT - 1 : -1]:
            if language == "before":
                return text[start:end], start
            if phrase := _announced(text, start, end, language):
                return phrase, end
    return None


def _announcements(text: str, since: int) -> list[tuple[int, int, str]]:
    """Start, end and language of each from ``since`` on, in order."""
    found = [(match.start(), match.end(), "en") for match in _ENGLISH.finditer(text, since)]
    if len(text) - since > 2 * _LONGEST_END:
        return found
    for match in _AS_ANSWER.finditer(text, since):
        if value := _BEFORE.search(text, max(0, match.start() - 80), match.start()):
            found.append((value.start(1), value.end(1), "before"))
    lower = text[since:].lower()
    if words := [word for word in _LANGUAGE_OF if word in lower]:
        pattern = re.compile(r"(?<![^\W\d_])(?:" + "|".join(map(re.escape, words)) + ")", re.IGNORECASE)
        found += [(one.start(), one.end(), _LANGUAGE_OF[one.group().lower()]) for one in pattern.finditer(text, since)]
    if not text.isascii():
        found += [(match.start(), match.end(), "zh") for match in _SPACELESS.finditer(text, since)]
    return sorted(set(found))


def _announced(text: str, start: int, end: int, language: str) -> str | None:
    if language == "en" and _DENIED_BEFORE.search(text, max(0, start - 100), start):
        return None
    said = text[end : end + _LONGEST_PHRASE].lstrip(" \t\r\n*}:：_").split("\n", 1)[0]
    if language == "en":
        phrase = first_phrase(said).rstrip("_ ")
        phrase = phrase.removesuffix("}") if phrase.count("}") > phrase.count("{") else phrase
        phrase = _SPELLED_AGAIN.sub("", phrase)
        return None if _DENIED.match(phrase) or _JUDGED.match(text, end) or phrase.endswith("?") else reduced(phrase)
    said = said.replace("**", "")
    filler = _FILLER.match(said)
    if filler is None or _NOT.search(filler.group()):
        return None
    phrase = first_phrase(said[filler.end() :].lstrip(" *:："))
    if phrase.endswith(("?", "？")):
        return None
    if language in DECIMAL_COMMA:
        phrase = localised(phrase)
    if letter := _LETTER.fullmatch(phrase):
        return letter[1]
    return value_in(phrase) or (phrase if len(phrase) < 40 else None) or None


def first_phrase(line: str) -> str:
    """The mathematics or the bold words a line starts with, else its first sentence."""
    for opening, closing in ((r"\(", r"\)"), (r"\[", r"\]"), ("**", "**")):
        if line.startswith(opening) and (end := line.find(closing, len(opening))) > 0:
            return trimmed(line[len(opening) : end])
    dollars = "$$" if line.startswith("$$") else "$"
    if line.startswith("$"):
        found = _DOLLARS.search(line, len(dollars))
        if found and not (line[found.start() - 1] == " " and line[found.end() : found.end() + 1].isdigit()):
            several = _SEVERAL.match(line)
            return several[1].replace("$", "") if several else line[len(dollars) : found.start()].strip()
    line = _ASIDE.sub("", line)
    stop = _SENTENCE_END.search(line)
    return trimmed(line[: stop.start()] if stop else line)
