r"""The answer a response gives: its last box, or the phrase that announces a result.

A response is untrusted text of any size. Every pass here is linear in its length: braces are matched
once with a stack, and no regular expression has two unbounded repeats in a row.

Thinking comes first: once it is closed, what stands after the last ``</think>`` is asked first, and
only where that says nothing does a box inside the closed thinking count. While thinking is open
nothing has been answered, so a box there is no answer.
"""

import re

from l2s.verification.extract.closing import closing_value, is_sentence

_BOX = re.compile(r"\\(?:boxed|fbox)(?![A-Za-z])[ \t]*")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_BARE = re.compile(r"[^\s\\${}]{1,200}")
_OPTION = re.compile(
    r"\b(?:(?:correct|right|best|final) (?:option|choice)(?: is)?|(?:i|we) (?:choose|pick|select)(?: option| choice)?)"
    r"[ :*]{1,4}\(?([A-J])\)?(?![A-Za-z])",
    re.IGNORECASE,
)
_WHOLLY_BOLD = re.compile(
    r"(?:^|\n)\s{0,9}\*\*"
    r"(?!(?:step|part|case|problem|question|solution|proof|conclusion|final|summary|note|answer|check|example)\b)"
    r"([^*\n]{1,60}?)[.!]?\*\*[.!]?\s{0,9}$",
    re.IGNORECASE,
)
_CHOICE = re.compile(r"^[ \t*]*(?:final )?answer[ *]*[:：][ *]*\(?([A-J])\)?[.* \t]*$", re.IGNORECASE | re.MULTILINE)
_ANNOUNCED = re.compile(
    r"\banswer(?: to [^\n:]{1,100}?)?[ *]{0,5}(?:[:：]|\bis\b[ :：]{0,3}|=)|答案(?:是|为|為)?[:：]?|^[ \t]*####",
    re.IGNORECASE | re.MULTILINE,
)
_BOLD = re.compile(r"\*\*\s{0,3}([^*\n]{1,200}?)\s{0,3}\*\*")
_NUMBER = re.compile(r"(?:\\?\$|\\\(|[-+])?\$?(?:\\frac|[0-9])[^A-Za-z\n]*(?<![.:])")
_ASIDE = re.compile(r"(?<=[0-9)}$])(?: |, )(?:because|since|which|where|as)\b.*$")
_SENTENCE_END = re.compile(r"[.!。！](?=\s|\*|$)|[;；](?=\s)")
_PAIRS = (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]"))
_LONGEST_PHRASE = 500
_LONGEST_JOINT = 60
_JOINT = re.compile(
    r"(?:[\s,;$、]|\\[()\[\],;]|\\q?quad|\\text\{|\}|\b(?:and|or|for|part|the|is)\b|和|或|\([a-z]\)"
    r"|[A-Za-z]\w{0,3} ?=){0,20}"
)
_MINUS = re.compile(r"(?:^|[=($\s])\s?[-−]\s?\\?$")


def extract_answer(response: str, *, cut: bool = False, unclosed: bool | None = None) -> str | None:
    r"""The answer ``response`` gives, stripped of box, dollars and a final full stop; None if it gives none.

    Read in this order, after closed thinking first: a choice letter announced after the last box
    (``Answer: D``); the last closed, non-empty ``\boxed{…}``, ``\fbox{…}`` or ``\boxed 5``; the last of
    ``answer:``, ``the answer is``, ``####``, ``答案是``; the last bold number; the value that the text ends on.
    Boxes that stand side by side, or are joined by a comma, "and" or "or", are one answer of several parts.

    Args:
        response: any text.
        cut: the token limit ended it. Only a closed box outside open thinking then counts: a phrase
            may have lost its end. Without ``</think>`` and without word on ``unclosed`` it is taken as open.
        unclosed: whether thinking was left open, where the caller knows (a template may have opened it).
    """
    before, closed, after = response.rpartition("</think>")
    if unclosed is None:
        unclosed = cut and not closed
    if unclosed or "<think>" in after:
        return None
    if cut:
        return _last_box(after)[0]
    return _stated(after) or (_last_box(before)[0] if closed else None) or closing_value(after)


def _stated(text: str) -> str | None:
    box, end = _last_box(text)
    choices = _CHOICE.findall(text, end) if box else []
    return choices[-1] if choices else box or _announced(text)


def _last_box(text: str) -> tuple[str | None, int]:
    """Content of the last closed, non-empty box, with those it is joined to, and where it ends."""
    found: list[tuple[str, int, int]] = []
    boxes = list(_BOX.finditer(text))
    closing = _closing_braces(text, {box.end() for box in boxes}) if boxes else {}
    for box in reversed(boxes):
        start = box.end()
        if start in closing:
            content, end = text[start + 1 : closing[start]], closing[start] + 1
        elif box.group().endswith((" ", "\t")) and (bare := _BARE.match(text, start)):
            content, end = bare.group(), bare.end()
        else:
            continue
        if found and (end > found[-1][1] or not _joined(text[end : found[-1][1]])):
            break
        if answer := _trimmed(content):
            found.append((answer, box.start(), end))
    if not found:
        return None, 0
    parts = list(dict.fromkeys(answer for answer, _, _ in reversed(found)))
    if len(parts) == 1 and _MINUS.search(text, max(0, found[0][1] - 20), found[0][1]):
        parts = [f"-{parts[0]}"]
    return ", ".join(parts), found[0][2]


def _joined(between: str) -> bool:
    """Whether what stands between two boxes makes them one answer of several parts."""
    return len(between) <= _LONGEST_JOINT and bool(_JOINT.fullmatch(between))


def _closing_braces(text: str, wanted: set[int]) -> dict[int, int]:
    """Where each wanted opening brace closes; braces that never close are absent."""
    closing, opened = {}, []
    for brace in _BRACE.finditer(text):
        if brace.group() == "{":
            opened.append(brace.start())
        elif brace.group() == "}" and opened:
            start = opened.pop()
            if start in wanted:
                closing[start] = brace.start()
    return closing


def _announced(text: str) -> str | None:
    for announcement in reversed(list(_ANNOUNCED.finditer(text))):
        start = announcement.end()
        said = text[start : start + _LONGEST_PHRASE].lstrip(" \t\r\n*").split("\n", 1)[0]
        if phrase := _first_phrase(said):
            return (closing_value(f"{phrase}.") if is_sentence(phrase) else None) or phrase
    bold = [found.group(1) for found in _BOLD.finditer(text) if _NUMBER.fullmatch(found.group(1))]
    if bold:
        return _trimmed(bold[-1]) or None
    if options := _OPTION.findall(text):
        return str(options[-1]).upper()
    alone = _WHOLLY_BOLD.search(text[-200:])
    return (_trimmed(alone[1]) or None) if alone and not alone[1].rstrip().endswith(":") else None


def _first_phrase(line: str) -> str:
    """The mathematics a line starts with, else its first sentence."""
    for opening, closing in _PAIRS:
        if line.startswith(opening):
            end = line.find(closing, len(opening))
            if end > 0:
                return line[len(opening) : end].strip()
    line = _ASIDE.sub("", line)
    stop = _SENTENCE_END.search(line)
    return _trimmed(line[: stop.start()] if stop else line)


def _trimmed(content: str) -> str:
    """Without surrounding space, emphasis, dollars and one full stop."""
    content = content.strip().strip("*").strip().removesuffix(".").strip()
    for opening, closing in _PAIRS:
        if len(content) > len(opening) and content.startswith(opening) and content.endswith(closing):
            inner = content[len(opening) : -len(closing)]
            return content if opening in inner else inner.strip()
    return content
