r"""Calculus: which pairs are worth the algebra of a worker process — sums, products, integrals and limits.

All else our own reader knows, or nothing does: what neither can read is not parsed, and no algebra is asked.
"""

import re

_OPERATOR = re.compile(r"\\(?:sum|prod|i{1,3}nt|oint|lim|limsup|liminf|sup)(?![A-Za-z])|[∑∏∫]")
_TABLE = re.compile(r"\\begin\s?\{[a-zA-Z]*(?:matrix|array)\}")
_BEYOND = re.compile(r"\\[lcvd]?dots|\.\.\.|…|\\(?:big)?(?:cup|cap)|\\begin\s?\{(?:cases|align|aligned)")
_SENTENCE_WORD = re.compile(r"(?<![A-Za-z\\{])[A-Za-z]{3,}(?= )")
_PLAIN_WORD = re.compile(r"(?<![A-Za-z])[A-Za-z]{3,}(?![A-Za-z])")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_WORDS = re.compile(r"\\(?:text|mathrm|operatorname|mbox)\*?\s?\{[^{}]*\}|\\[A-Za-z]+")
_LETTER = re.compile(r"[A-Za-z]")
_BOUND = re.compile(
    r"\\(?:sum|prod|lim)(?:\\limits)?\s?_\s?\{?\s?([A-Za-z])\s?(?:=|\\to|\\rightarrow|\\in|\\ge|\\le|>)"
)
_DERIVATIVE = re.compile(
    r"\\frac\s?\{\s?d(?:\s?\^\s?\{?[1-9]\}?)?\s?([A-Za-z])\s?\}\s?\{\s?d\s?([A-Za-z])(?:\s?\^\s?\{?[1-9]\}?)?\s?\}"
)
_DIFFERENTIAL = re.compile(r"(?:\\mathrm\s?\{\s?d\s?\}|\\,d|(?<![A-Za-z\\])d)\s?([A-Za-z])(?![A-Za-z])")
_NAMED = re.compile(r"^\W*(?:[A-Za-z](?:_\w)?|[A-Za-z]\([A-Za-z]\))\s?=(?!=)")
_STATED = re.compile(
    r"^[$\s]*\\(?:sum|prod|i{1,3}nt|oint|lim)(?![A-Za-z])[^=]*?(?:=[^=]*?)??[^_{=]=\s?([^={}]{1,60})[.$\s]*$"
)
_NAMES = frozenset("eid")
"""Letters that may be constants or part of an integral."""


def needs_algebra(gold: str, answer: str) -> bool:
    """Whether algebra may find two formulas equal that our own reader does not know."""
    if _BEYOND.search(gold) or _BEYOND.search(answer) or _is_told(gold) or _is_told(answer):
        return False
    if _OPERATOR.search(gold) or _OPERATOR.search(answer):
        return True
    return bool(_TABLE.search(gold) and _TABLE.search(answer)) and "=" not in gold + answer


def different_letters(gold: str, answer: str) -> bool:
    """Whether one formula speaks of a variable that the other does not know, bound ones apart."""
    names = _NAMES | {"C"} if r"\int" in gold + answer else _NAMES
    return bool((free_letters(gold) ^ free_letters(answer)) - names)


def different_derivatives(gold: str, answer: str) -> bool:
    r"""Whether two texts derive one function by different variables, ``\frac{dy}{dx}`` and ``\frac{dy}{dt}``."""
    if "frac" not in gold or "frac" not in answer:
        return False
    mine, theirs = (dict(_DERIVATIVE.findall(text)) for text in (gold, answer))
    return any(mine[name] != theirs[name] for name in mine.keys() & theirs.keys())


def items(text: str) -> list[str]:
    """What commas and semicolons outside of all brackets part."""
    found, depth = [""], 0
    for sign in text:
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(sign, 0)
        if sign in ",;" and depth == 0:
            found.append("")
        else:
            found[-1] += sign
    return [item.strip() for item in found]


def stated_value(text: str) -> str | None:
    r"""The value that a calculation ends on, ``1/2`` of ``\lim … = 1/2``; None where it ends on none."""
    match = _STATED.match(text) if "=" in text and len(items(text)) == 1 else None
    return match[1].strip() if match else None


def free_letters(text: str) -> set[str]:
    """Letters of a formula that no sum, product, limit or integral binds; not those of a name before ``=``."""
    bound = {*_BOUND.findall(text), *(_DIFFERENTIAL.findall(text) if r"\int" in text else ())}
    return set(_LETTER.findall(_WORDS.sub(" ", _NAMED.sub("", text, count=1)))) - bound


def _is_told(text: str) -> bool:
    """Whether this is a sentence rather than a formula."""
    return len(_SENTENCE_WORD.findall(text)) > 1 or len(_PLAIN_WORD.findall(_COMMAND.sub(" ", text))) > 5
