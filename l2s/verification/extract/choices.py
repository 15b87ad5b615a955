"""Choices: a letter that a response chooses, as in "Answer: (B)", "B is correct", "it must be B"."""

import re

_LETTER = r"(?:\\text\{ ?)?\(?(?:\*\*)?\(?([A-J])\)?(?:\*\*)?\)?\}?"
_NO_MORE = r"(?![A-Za-z0-9'’=^_+*/\\{]| ?[=^+/(]| and | or | & |, ?\(?[A-J]\b(?! (?:is|are|was)\b))"
_BEHIND = r"(?=[).:,;*]|\s*$|\s*\n| [-–—] | \(| (?:because|since|as|for|is|are)\b)"
_ANNOUNCED = re.compile(
    r"(?i:\banswers?[*: ]{0,4}|\b(?:answer|option|choice)[* ]{0,3}(?:[:：=]|is|must be|should be|would be|has to be))"
    rf"(?:[*\s]{{1,4}}|(?<=[:：=]))[\s*$:：]{{0,4}}(?:option |choice )?{_LETTER}(?:[.)]|\b)[*$]{{0,3}}"
    rf"{_BEHIND}{_NO_MORE}",
    re.MULTILINE,
)
_CHOSEN = re.compile(
    r"\b(?i:(?:(?:correct|right|best|final) (?:option|choice)(?: is)?"
    r"|(?:i|we)(?:'d| would| will|'ll)? (?:choose|pick|select|go with|answer)(?: option| choice)?"
    r"|it (?:must|has to|should) be(?: option| choice)?|(?:so|thus|hence|therefore),?(?: it(?:'s| is)|(?= \())"
    r"|option|choice))"
    rf"[ :*]{{1,4}}{_LETTER}(?![A-Za-z0-9=^_+*/\\])(?! (?:and|or) \(?[A-J]\b)"
    r"(?! (?:is|are|was) (?:not|wrong|incorrect|false|too)\b)"
)
_IS_RIGHT = re.compile(
    r"(?:^|[.!?:;,(]\s{0,2}|\b(?:[Ss]o|[Tt]hus|[Hh]ence|[Tt]herefore|that|then|means|think|believe) "
    r"|\b(?:[Oo]ption|[Cc]hoice|[Aa]nswer) )\(?\*{0,2}\(?([A-J])\)?\*{0,2}\)? is (?:therefore |clearly |thus )?"
    r"(?:the |my |our )?(?:only )?(?:(?:final |most )?(?:correct|right|best|accurate)(?: (?:answer|option|choice|one))?"
    r"|(?:final )?(?:answer|choice|option))\b(?! (?:only )?if\b)",
    re.MULTILINE,
)
_LETTER_ALONE = re.compile(r"[A-J](?![A-Za-z])(?<![A-Za-z].)")
_ASKED, _PICKED = (
    re.compile(r"(?i:answer|option|choice)"),
    re.compile(r"(?i:option|choice|choose|pick|select|with|be|it's|it is|so|thus|hence|therefore),? "),
)
_JUDGED = re.compile(r"[A-J]\)?\*{0,2}\)? is ")
"""What must stand in a text for each of the three: quickly looked for."""
_LONGEST_END = 2_000
_WHOLLY = re.compile(r"(?:^|\n)\s{0,9}(?:\*\*|\$|\\\()?\(?([A-J])[).]?(?:\*\*|\$|\\\))?[.!]?\s{0,9}$")
_FIRST = re.compile(r"\s{0,9}\(?([A-J])[).:] ?(?=[A-Za-z])")
_ANY_FIRST = re.compile(r"^\s{0,9}\(?([A-J])[).:] ?", re.MULTILINE)
_BOLD = re.compile(r"\*\*\(?([A-J])\)?[.]?\*\*")


def chosen(text: str, start: int = 0) -> tuple[str, int] | None:
    """The last letter that ``text`` chooses in words from ``start`` on, near its end, and where it stands."""
    start = max(start, len(text) - _LONGEST_END)
    if _LETTER_ALONE.search(text, start) is None:
        return None
    found = [
        (match.start(), match[1])
        for pattern, words in ((_ANNOUNCED, _ASKED), (_CHOSEN, _PICKED), (_IS_RIGHT, _JUDGED))
        if words.search(text, start)
        for match in pattern.finditer(text, start)
        if not _denied(text, match.start() + (match.group()[0] in ".!?:;,"), match.end())
    ]
    if not found:
        return None
    place, letter = max(found)
    return letter, place


def lone_choice(text: str) -> str | None:
    """A letter that is all there is, or leads a text of one choice (``B) because …``), or stands last in bold."""
    if found := _WHOLLY.search(text[-60:]):
        return found[1] if len(text.strip()) < 8 or "\n" in text[-60:] else None
    if (found := _FIRST.match(text)) and len(_ANY_FIRST.findall(text[:5000])) == 1:
        return found[1]
    bold = _BOLD.findall(text[-300:])
    return bold[-1] if len(set(bold)) == 1 else None


def _denied(text: str, start: int, end: int) -> bool:
    """Whether the words around take the choice back: it is not B; is it B?"""
    before, after = text[max(0, start - 30) : start], text[end : end + 25]
    denied = re.search(r"\b(?:not|n't|isn't|if|whether|why|neither|nor|incorrect|wrong)\b[^.,;\n]{0,12}$", before)
    return bool(denied or re.match(r"[*).\s]{0,4}\?|[*)]{0,3} (?:is|are|was) (?:not|wrong|incorrect|false)\b", after))
