r"""Environments: what only lays a formula out, ``aligned`` and its kin, written as the formula in a line.

A row that begins with a relation goes on from the row above; any other is a statement of its own. Systems in braces
are lists; ``cases`` with conditions stay, for their conditions count.
"""

import re

_LAYOUT = re.compile(
    r"\\begin\s?\{((?:align(?:ed|at)?|gather(?:ed)?|split|equation|eqnarray|multline|flalign)\*?)\}(?:\{[0-9]\})?"
    r"(.*?)\\end\s?\{\1\}",
    re.DOTALL,
)
_SYSTEM = re.compile(
    r"\\left\s?\\(?:\{|lbrace)\s*\\begin\s?\{(array|matrix|aligned)\}(?:\s?\{[lcr| ]{1,9}\})?"
    r"(.*?)\\end\s?\{\1\}\s*\\right\s?\.",
    re.DOTALL,
)
_CASES = re.compile(r"\\begin\s?\{[dr]?cases\}(.*?)\\end\s?\{[dr]?cases\}", re.DOTALL)
_ROW = re.compile(r"\\\\(?:\s?\[[0-9.]{1,5}[a-z]{2}\])?|\\cr(?![a-z])|\\newline")
_CONDITION = re.compile(r"\\(?:text|mathrm|mbox)\s?\{\s*,?\s*(?:if|for|when|where)\s*\}|,?\s*\b(?:if|when)\b")
_GOES_ON = re.compile(r"\s*(?:=|<|>|\\(?:le|ge|leq|geq|approx|equiv|Rightarrow|iff)(?![a-z])|[-+])")


def unrolled(text: str) -> str:
    """``text`` without environments of layout."""
    text = _SYSTEM.sub(lambda match: _in_a_line(match[2]), text)
    text = _LAYOUT.sub(lambda match: _in_a_line(match[2]), text)
    return _CASES.sub(lambda match: _cases(match[1]), text)


def _cases(inside: str) -> str:
    if "&" not in inside:
        return _in_a_line(inside)
    return rf"\begin{{cases}}{_CONDITION.sub(' ', inside)}\end{{cases}}"


def _in_a_line(inside: str) -> str:
    written = ""
    for row in _ROW.split(re.sub(r"(?<!\\)&", " ", inside)):
        row = row.strip().rstrip(",;.").strip()
        if row:
            written += row if not written else f" {row}" if _GOES_ON.match(row) else f", {row}"
    return written
