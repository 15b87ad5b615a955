r"""Boxes: ``\boxed{…}`` in all its spellings, the box tokens of a tokenizer, and what stands in them.

Braces are matched once with a stack, so that a text of any size is read in linear time.
"""

import re
from itertools import pairwise

from l2s.verification.extract.markup import BOX_TOKENS
from l2s.verification.extract.regions import any_of
from l2s.verification.parsing.normalised import PAIRS

_BOX = re.compile(r"\\(?:boxed|fbox|framebox|bbox(?:\[[^\]\n]{0,40}\])?)(?![A-Za-z])[ \t]*")
_WITHOUT_BACKSLASH = re.compile(r"(?<![A-Za-z])(?:boxed|\x08?oxed)(?=\{)")
_TOKEN = re.compile(rf"({any_of(opening for opening, _ in BOX_TOKENS)})|{any_of(closing for _, closing in BOX_TOKENS)}")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_BARE = re.compile(r"[^\s\\${}]{1,200}")
_DIGITS = re.compile(r"[0-9]{1,30}(?![0-9])")
_COMMAND = re.compile(r"\\[A-Za-z]{1,20}(?:[ ]?\{[^{}]{0,200}\}){1,2}")
_LONGEST_JOINT = 60
_JOINT = re.compile(
    r"(?:[\s,;$、]|\.(?=\s{0,9}\n)|\\[()\[\],;]|\\q?quad|\\text\{|\}|\b(?:and|or|for|part|the|is)\b|和|或|\([a-z]\)|\*\*"
    r"|[A-Za-z]\w{0,3} ?=|(?<=\n)\s{0,9}(?:[0-9]{1,2}[.)]|[-*•]|\([0-9a-z]{1,3}\)) ){0,20}"
)
_APART = re.compile(r"[,;、A-Za-z和或=]|\n\s{0,9}(?:[0-9]{1,2}[.)]|[-*•]) ")
_DENIED = re.compile(
    r"\b(?:not|rather than|instead of) (?:equal to |the answer |the |an? )?(?:\$|\\[(\[])?\s?$", re.IGNORECASE
)
_TAKEN_BACK = re.compile(
    r"(?:\$|\\[)\]])?\s?(?:\?|(?:,? (?:but|which|however,?))?(?: (?:this|that|it))?,? ?(?:is|was) "
    r"(?:clearly |obviously )?(?:wrong|incorrect|false|not (?:right|correct|the answer)|a mistake))",
    re.IGNORECASE,
)
_MINUS = re.compile(r"(?:^|[=($\s])\s?[-−]\s?\\?$")


def last_box(text: str) -> tuple[str | None, int]:
    """Content of the last closed, non-empty box, with those it is joined to, and where it ends.

    Boxes side by side, joined by "and", "or" or a comma, or on lines of one list are one answer of several parts.
    """
    found: list[tuple[str, int, int]] = []
    for content, start, end in reversed(_boxes(text)):
        if _DENIED.search(text, max(0, start - 40), start):
            continue
        if found and (end > found[-1][1] or not _joined(text[end : found[-1][1]])):
            break
        if answer := trimmed(content):
            found.append((answer, start, end))
    if not found:
        return None, 0
    found.reverse()
    parts = [found[0][0]]
    for (_, _, end), (answer, start, _) in pairwise(found):
        if answer not in parts or _APART.search(text[end:start]):
            parts.append(answer)
    if len(parts) == 1 and _MINUS.search(text, max(0, found[-1][1] - 20), found[-1][1]):
        parts = [f"-{parts[0]}"]
    return ", ".join(parts), found[-1][2]


def trimmed(content: str) -> str:
    """Without surrounding space, emphasis, dollars and one full stop."""
    content = content.strip().strip("*").strip().removesuffix(".").strip()
    for opening, closing in PAIRS:
        if len(content) > len(opening) and content.startswith(opening) and content.endswith(closing):
            inner = content[len(opening) : -len(closing)]
            escaped = inner.endswith("\\") and closing.startswith("$")
            return content if opening in inner.replace(r"\$", "") or escaped else inner.strip()
    return content


def taken_back(text: str, end: int) -> bool:
    """Whether the words behind a box ask whether it is right, or say that it is not."""
    return bool(_TAKEN_BACK.match(text, end))


def _boxes(text: str) -> list[tuple[str, int, int]]:
    """Content, start and end of every closed box, in order of their starts."""
    boxes = list(_BOX.finditer(text)) or ("oxed{" in text and list(_WITHOUT_BACKSLASH.finditer(text))) or []
    closing = _closing_braces(text, {box.end() for box in boxes}) if boxes else {}
    found = _between_tokens(text) if "<|" in text else []
    for box in boxes:
        start = box.end()
        if start in closing:
            found.append((text[start + 1 : closing[start]], box.start(), closing[start] + 1))
        elif bare := _COMMAND.match(text, start) or (
            _BARE.match(text, start) if box.group().endswith((" ", "\t")) else _DIGITS.match(text, start)
        ):
            found.append((bare.group(), box.start(), bare.end()))
    return sorted(found, key=lambda box: box[1]) if "<|" in text else found


def _between_tokens(text: str) -> list[tuple[str, int, int]]:
    """Content, start and end of every box written with tokens: from the last that opens to the first that closes."""
    found: list[tuple[str, int, int]] = []
    opened: re.Match[str] | None = None
    for token in _TOKEN.finditer(text):
        if token[1]:
            opened = token
        elif opened:
            found.append((text[opened.end() : token.start()], opened.start(), token.end()))
            opened = None
    return found


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
