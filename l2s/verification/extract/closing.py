r"""Closing: the result that a response ends on where it neither boxes nor announces one.

The last line if it is a formula, the value that the last sentence ends on, or the only value of a last
sentence that draws a conclusion. A sentence that was cut off says nothing.
"""

import re

_WORD = re.compile(r"(?<![A-Za-z\\{])(?!(?:sqrt|sin|cos|tan|log|frac)\b)[A-Za-z]{3,}|[\u4e00-\u9fff]{3,}")
_SPAN = re.compile(
    r"\\\((.{1,400}?)\\\)|\\\[(.{1,400}?)\\\]|\$\$([^$]{1,400})\$\$|(?<!\\)\$([^$]{1,400}?)(?<!\\)\$", re.DOTALL
)
_NUMBER = r"[-−]?(?:\\?\$|[€£])?[0-9](?:[0-9,]{0,30}[0-9])?(?:\.[0-9]{1,30})?(?:/[0-9]{1,20})?(?: ?\\?%)?"
_ENDS_ON_NUMBER = re.compile(rf"(?:^|[\s=（(是为有了])({_NUMBER})( ?[A-Za-z]{{2,14}}| ?[\u4e00-\u9fff]{{1,4}})?$")
_SAYS_NUMBER = re.compile(rf"(?:\b(?:is|are|equals|be)|=) {_NUMBER}$")
_SAYS_MONEY = re.compile(
    r"\b(?:get|gets|makes?|earns?|pays?|costs?|spends?|saves?|is|was|has|have) \\?\$[0-9][0-9,.]* dollars$"
)
_ANY_NUMBER = re.compile(rf"(?<![\w.,^{{/+*-])(?:{_NUMBER})(?![\w/^*+]|\.[0-9])")
_CONCLUDES = re.compile(
    r"^(?:thus|therefore|hence|so|consequently|in conclusion|final(?:ly)?|answer|因此|所以|故)", re.IGNORECASE
)
_IS_ANSWER = re.compile(
    rf"({_NUMBER})(?: [A-Za-z]{{2,14}}){{0,2}} is (?:the|our|my) (?:final |correct )?answer[.!]?$", re.IGNORECASE
)
_BREAK = re.compile(r"(?<=[.!?])\s+(?=[A-Z$\\*])|(?<=[。！？])")
_LONGEST = 600


def closing_value(text: str) -> str | None:
    """The value ``text`` ends on, or None."""
    lines = [line.strip() for line in text[-_LONGEST:].splitlines() if line.strip()]
    if not lines or "\\boxed" in lines[-1]:
        return None
    if lines[-1] in ("$$", r"\]") or lines[-1].endswith((r"\]", "$$")):
        block = list(_SPAN.finditer("\n".join(lines)))
        return _span(block[-1]) if block and len(lines) < 40 else None
    last = lines[-1].strip("*").strip()
    if len(last) <= 200 and not _WORD.search(last) and re.search(r"[0-9A-Za-z]", last) and len(text) > len(last) - 1:
        return _formula(last)
    sentence = _BREAK.split(last)[-1].strip() or last
    if found := _IS_ANSWER.search(sentence):
        return found[1]
    whole = sentence[-1:] in ".!。$)" or _SAYS_NUMBER.search(sentence) or _SAYS_MONEY.search(sentence)
    return _ended_on(sentence) if whole else None


def is_sentence(text: str) -> bool:
    """Whether words stand around a value."""
    return len(_WORD.findall(text)) > 1


def _formula(line: str) -> str | None:
    spans = list(_SPAN.finditer(line))
    if spans and spans[-1].end() >= len(line.rstrip(" .。")):
        return _span(spans[-1])
    return (
        line
        if re.fullmatch(r"[^$]*", line) and line[-1:] not in "-+=*/\\({[" and not line.startswith(("&", "<"))
        else None
    )


def _ended_on(sentence: str) -> str | None:
    bare = sentence.rstrip(" .!。*")
    spans = list(_SPAN.finditer(bare))
    if spans and spans[-1].end() == len(bare):
        return _span(spans[-1])
    if found := _ENDS_ON_NUMBER.search(bare):
        return (found[1] + (found[2] or "")).strip()
    if not _CONCLUDES.match(bare.lstrip("* ")):
        return None
    told = [_span(span) for span in spans if re.search("[0-9]", span.group())]
    told += _ANY_NUMBER.findall(_SPAN.sub(" ", bare))
    return told[0] if len(told) == 1 else None


def _span(match: "re.Match[str]") -> str | None:
    inside = next((group for group in match.groups() if group), "").strip().rstrip(".,").strip()
    return inside or None
