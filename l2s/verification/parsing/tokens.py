r"""Tokens: the words of a formula, from LaTeX and from plain text alike (``\sqrt{2}``, ``sqrt(2)``)."""

import re
from typing import NamedTuple

from l2s.core.errors import L2SError
from l2s.verification.parsing.units import is_unit
from l2s.verification.parsing.vocabulary import FUNCTIONS, NAMES, PLAIN_WORDS, SHORT_UNITS, is_word


class UnreadableError(L2SError):
    """Not a formula as a whole, or one that is not understood here."""


UNREAD = (UnreadableError, ArithmeticError, ValueError, TypeError, RecursionError)
"""What reading or evaluating untrusted formulas may end in: not understood, undefined, or too large."""


class Token(NamedTuple):
    """One word."""

    kind: str
    r"""``number``, ``letter``, ``name`` (a command or known word, without backslash), ``text``, ``sign``, ``end``."""
    value: str
    spaced: bool
    """Whether space stands before it."""


_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<number>[0-9]+(?:\.[0-9]+|\.(?=/))?(?:[eE][-+]?[0-9]{1,3}(?![0-9.A-Za-z]))?|\.[0-9]+)"
    r"|\\text\{(?P<text>(?:[^{}]|\{[^{}]*\})*)\}|\\(?P<command>[A-Za-z]+)\*?|\\(?P<escaped>[{}|%$&#_\\])"
    r"|(?P<word>[A-Za-z]+|[\u4e00-\u9fff]+)|(?P<sign>\*\*|<=|>=|!=|==|=>|->|[-+*/^_=<>!|()\[\]{},;:&%'])|(?P<money>[€£¥$])"
)
_FUNCTION_FIRST = re.compile(
    r"(arcsin|arccos|arctan|sqrt|sinh|cosh|tanh|sin|cos|tan|cot|sec|csc|ln|log)(?=[a-zA-Z]{1,2}$)"
)
_LONG_RUN = re.compile(r"(?<![A-Za-z\\])(?!(?:[pbBvV]|small)?matrix|array|text)[A-Za-z]{4,}")
_JOINTS = ("or", "and", "in")
_MONEY = {"$": "dollars", "€": "euros", "£": "GBP"}
_SIGNS = {"**": "^", "<=": "le", ">=": "ge", "!=": "ne", "==": "="}
MAX_TOKENS = 2_000


def tokens(text: str) -> list[Token]:
    """The words of spelled ``text``, an ``end`` last.

    Raises:
        UnreadableError: a character that no formula has, or too many words.
    """
    found: list[Token] = []
    position, spaced = 0, False
    told = any(is_word(run) for run in _LONG_RUN.findall(text))
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or len(found) > MAX_TOKENS:
            raise UnreadableError(f"no formula: {text[position : position + 20]!r}")
        position = match.end()
        if match.lastgroup == "space":
            spaced = True
            continue
        found.extend(_of(match.lastgroup or "", match, spaced, told))
        spaced = False
    if found and found[-1].kind == "name" and found[-1].value in FUNCTIONS:  # "5th floor"
        found[-1] = found[-1]._replace(kind="text")
    found.append(Token("end", "", spaced))
    return found


def _of(group: str, match: "re.Match[str]", spaced: bool, told: bool) -> list[Token]:
    value = match[group]
    if told and group == "word" and len(value) < 4 and value not in _JOINTS and is_word(value):
        return [Token("text", value, spaced)]
    if group == "number":
        return [Token("number", value, spaced)]
    if group == "command":
        return [_named(value, spaced)]
    if group == "word":
        return _word(value, spaced)
    if group == "text":
        return _text(value)
    if group == "escaped":
        return _escaped(value, spaced)
    if group == "money":
        return [Token("text", _MONEY[value], spaced)] if value in _MONEY else []
    return [Token("sign", _SIGNS.get(value, value), spaced)]


def _named(name: str, spaced: bool) -> Token:
    name = NAMES.get(name, name)
    return Token("name" if name[0].isalpha() else "sign", name, spaced)


def _escaped(value: str, spaced: bool) -> list[Token]:
    if value == "$":
        return [Token("text", "dollars", spaced)]
    return [Token("sign", "\\" + value if value in "{}\\" else value, spaced)]


def _word(word: str, spaced: bool) -> list[Token]:
    """A known word as if it were a command; short runs letter by letter; ``ABC`` and longer words whole."""
    lower = word if word in FUNCTIONS else word.lower()
    if not word.isascii() or (len(word) > 2 and is_unit(word)):
        return [Token("text", word, spaced)]
    if lower in ("degrees", "degree", "deg"):
        return [Token("sign", "^", spaced), Token("name", "circ", False)]
    if lower in PLAIN_WORDS:
        return [_named(lower, spaced)]
    if match := _FUNCTION_FIRST.match(word):
        return [Token("name", match[1], spaced), *_word(word[match.end() :], False)]
    if word.isupper():
        return [Token("letter", word, spaced)]
    if len(word) < 4 and lower not in SHORT_UNITS:
        return [Token("letter", letter, spaced and n == 0) for n, letter in enumerate(word)]
    return [Token("text", word, spaced)]


def _text(content: str) -> list[Token]:
    r"""What stands in ``\text{…}``: a separator, a number, a letter, or words."""
    words = content.strip()
    lower = words.lower().strip(" ,;")
    if not words:
        return []
    if words in (",", ";", ":"):
        return [Token("sign", words, True)]
    if lower in ("and", "or", "and/or", "or else"):
        return [Token("name", lower[:3].strip("/"), True)]
    if lower in ("%", "percent", r"\%", "pct"):
        return [Token("sign", "%", True)]
    if (lower in FUNCTIONS and not is_unit(lower)) or lower in ("sh", "ch"):
        return [Token("name", NAMES.get(lower, lower), True)]
    if lower in ("degrees", "degree", "deg"):
        return [Token("sign", "^", True), Token("name", "circ", False)]
    if re.fullmatch(r"[-+]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?", words):
        return tokens(words.replace(",", ""))[:-1]
    if re.fullmatch(r"[-+0-9./, ()]*[0-9][-+0-9./, ()]*", words):
        return tokens(words)[:-1]
    if len(words) == 1 and words in "eidxyzt":
        return [Token("letter", words, True)]
    if joined := re.fullmatch(r"([a-z]+\.?) (and|or)", words):
        return [Token("text", joined[1], True), Token("name", joined[2], True)]
    if joined := re.fullmatch(r"(and|or) ([^a-z]+)", words):
        return [Token("name", joined[1], True), *tokens(joined[2])[:-1]]
    return [Token("text", words, True)]
