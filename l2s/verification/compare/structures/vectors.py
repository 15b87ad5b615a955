r"""Vectors: sums of unit vectors, ``3\mathbf{i} - 2\mathbf{j}``, beside points; their letters are no numbers."""

import re
from collections.abc import Sequence

from l2s.verification.compare.structures.listing import row_of
from l2s.verification.parsing.expressions import Expression, number, substituted, symbols

_UNITS = ("uniti", "unitj", "unitk")
_WRITTEN = re.compile(
    r"\\(?:mathbf|boldsymbol|bm|vec|hat|overrightarrow)\s?"
    r"(?:\{\s?(?:\\hat\s?)?\{?\\?([ijk])(?:math)?\}?\s?\}|\\?([ijk])(?:math)?(?![A-Za-z]))"
)
_PLAIN = re.compile(r"(?<![A-Za-z\\{])([ijk])(?![A-Za-z])")


def with_unit_vectors(gold: str, answer: str) -> tuple[str, str]:
    """Both texts with their unit vectors as names of their own, where one of them has j or k as such."""
    if not any(
        letter != "i" for text in (gold, answer) for pair in _WRITTEN.findall(text) for letter in pair if letter
    ):
        return gold, answer
    named = [_WRITTEN.sub(lambda match: rf"\unit{match[1] or match[2]} ", text) for text in (gold, answer)]
    first, second = (text if r"\unit" in text else _PLAIN.sub(r"\\unit\1 ", text) for text in named)
    return first, second


def components(vector: Expression, point: Expression) -> Sequence[Expression] | None:
    """The factors of the unit vectors in a sum of them, as many as the point beside it has entries."""
    row, names = row_of(point), symbols(vector)
    if row is None or not names & set(_UNITS) or not 2 <= len(row) <= 3:
        return None
    found = []
    for unit in _UNITS[: len(row)]:
        factor = vector
        for other in _UNITS:
            factor = substituted(factor, other, number(int(other == unit)))
        found.append(factor)
    return None if names & set(_UNITS[len(row) :]) else found
