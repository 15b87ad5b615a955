r"""Symbolic: pairs that need algebra, compared by Math-Verify. Imported only inside worker processes.

Departures from plain Math-Verify, each because it calls different things equal: only a formula that
parses as a whole counts (a fragment or a bare string never does), a formula with an ellipsis is not
parsed, a list is no point or interval (``1,2`` is not ``(1,2)``), and numbers it calls equal must also
agree in relative terms (it compares absolutely, so 1/2004! and 1/2006! would be the same).
"""

import logging
import re

import sympy
from math_verify import LatexExtractionConfig, parse, verify

from l2s.verification.parsing.normalised import normalised

logging.disable(logging.CRITICAL)

_WHOLE_FORMULA = [LatexExtractionConfig(boxed_match_priority=-1)]
_ELLIPSIS = re.compile(r"\\[lcvd]?dots|\.\.\.|…")
_CLOSE = sympy.Rational(1, 10**6)


def compare(gold: str, answer: str) -> str:
    """``correct``, ``incorrect``, or ``unparsed`` where either side is not a formula as a whole."""
    parsed_gold, parsed_answer = _formula(gold), _formula(answer)
    if parsed_gold is None or parsed_answer is None:
        return "unparsed"
    if _list_beside_point(parsed_gold, parsed_answer) or _list_beside_point(parsed_answer, parsed_gold):
        return "incorrect"
    equal = verify([parsed_gold], [parsed_answer], timeout_seconds=None)
    return "correct" if equal and not _far_apart(parsed_gold, parsed_answer) else "incorrect"


def compare_plainly(gold: str, answer: str) -> str:
    """Math-Verify as it comes, on ``$…$``: what it does not parse it compares as text."""
    parsed = [parse(text if "$" in text else f"${text}$", parsing_timeout=None) for text in (gold, answer)]
    if not all(parsed):
        return "unparsed"
    return "correct" if verify(parsed[0], parsed[1], timeout_seconds=None) else "incorrect"


def _formula(text: str) -> "sympy.Basic | None":
    text = normalised(text)
    if _ELLIPSIS.search(text) or "$" in text.replace(r"\$", ""):
        return None
    parsed = parse(f"${text}$", _WHOLE_FORMULA, fallback_mode="no_fallback", parsing_timeout=None)
    return parsed[0] if parsed else None


def _list_beside_point(one: "sympy.Basic", other: "sympy.Basic") -> bool:
    return isinstance(one, sympy.FiniteSet) and isinstance(other, sympy.Tuple | sympy.Interval)


def _far_apart(gold: "sympy.Basic", answer: "sympy.Basic") -> bool:
    """Whether both are numbers whose difference is not small beside them."""
    if not all(isinstance(side, sympy.Expr) and side.is_number for side in (gold, answer)):
        return False
    difference = sympy.Abs((gold - answer).doit().evalf(30))
    size = sympy.Abs(gold.doit().evalf(30))
    return bool(difference > _CLOSE * size) if difference.is_comparable and size.is_comparable else False
