"""Building: parts of a formula's tree that are made of other parts — determinants, finite sums, what brackets mean."""

from fractions import Fraction
from functools import reduce

from l2s.verification.parsing.expressions import Expression, function, number, substituted
from l2s.verification.parsing.tokens import UnreadableError

MAX_ROWS = 5
"""The most rows of a determinant that is written out."""
MAX_TERMS = 60
"""The most terms of a sum or product that is written out."""


def written_out(bounds: dict[str, Expression]) -> tuple[str, range] | None:
    r"""Index and values of ``\sum_{k=1}^{5}``; None where they are no few whole numbers."""
    start, end = bounds.get("_"), bounds.get("^")
    if start is None or end is None or start.kind != "relation" or start.parts[0] != "=" or len(start.parts) != 3:
        return None
    index, first = start.children()
    low, high = _whole(first), _whole(end)
    if index.kind != "symbol" or low is None or high is None or {low.denominator, high.denominator} != {1}:
        return None
    return (index.name, range(int(low), int(high) + 1)) if 0 <= high - low < MAX_TERMS else None


def finite(name: str, body: Expression, index: str, values: range) -> Expression:
    """A sum or product of few terms, written out."""
    terms = [substituted(body, index, number(value)) for value in values]
    if name == "sum":
        return Expression("sum", tuple(terms))
    return reduce(lambda left, right: Expression("product", (left, right)), terms)


def enclosed(opening: str, closing: str, inside: Expression) -> Expression:
    """What stands between two brackets as the group, tuple, interval, set, floor or ceiling they make of it.

    Raises:
        UnreadableError: they do not belong together.
    """
    items = inside.children() if inside.kind == "list" else (inside,)
    if opening not in ("(", "[") or closing not in (")", "]"):
        return _in_pair(opening, closing, inside, items)
    if len(items) == 2:
        return Expression("interval", (*items, opening + closing))
    if (opening, closing) == ("(", ")"):
        return inside if len(items) == 1 else Expression("tuple", items)
    if (opening, closing) == ("[", "]"):
        return Expression("tuple", (*items, "["))
    raise UnreadableError("no formula: brackets of two kinds")


_PAIRS = {"{": "}", r"\{": r"\}", "langle": "rangle", "lfloor": "rfloor", "lceil": "rceil"}


def _in_pair(opening: str, closing: str, inside: Expression, items: tuple[Expression, ...]) -> Expression:
    if _PAIRS.get(opening) != closing:
        raise UnreadableError("no formula: a bracket is not closed")
    if opening in ("lfloor", "lceil"):
        return function("floor" if opening == "lfloor" else "ceil", inside)
    if opening == "langle":
        return Expression("tuple", items)
    return Expression("set", items) if opening == r"\{" or inside.kind == "list" else inside


def grouped(items: list[Expression], separators: list[str], between: str) -> list[Expression]:
    """``p = 5, q = 2; p = 7, q = 2`` as the points between its semicolons; other lists as they are."""
    if not all(item.kind == "relation" and item.parts[0] == "=" and len(item.parts) == 3 for item in items):
        return items
    groups: list[list[Expression]] = [[items[0]]]
    for item, separator in zip(items[1:], separators, strict=True):
        if separator == between:
            groups.append([])
        groups[-1].append(item)
    names = [[item.children()[0] for item in group] for group in groups]
    if between == "or" and not all(group == names[0] and len(set(group)) == len(group) for group in names):
        return items
    return [Expression("tuple", tuple(item.children()[1] for item in group)) for group in groups]


def _whole(bound: Expression) -> Fraction | None:
    """A bound that is a number as it stands."""
    inner = bound.children()[0] if bound.kind == "negative" else bound
    if inner.kind != "number":
        return None
    return inner.value if inner is bound else -inner.value


def determinant(matrix: Expression) -> Expression:
    """The determinant of a matrix of numbers or formulas, written out by its first row."""
    rows = [row.children() for row in matrix.children()]
    if any(len(row) != len(rows) for row in rows) or len(rows) > MAX_ROWS:
        raise UnreadableError("no determinant")
    if len(rows) == 1:
        return rows[0][0]
    terms = []
    for place, cell in enumerate(rows[0]):
        rest = [Expression("tuple", tuple(row[:place] + row[place + 1 :])) for row in rows[1:]]
        term = Expression("product", (cell, determinant(Expression("matrix", tuple(rest)))))
        terms.append(negative(term) if place % 2 else term)
    return Expression("sum", tuple(terms))


def negative(expression: Expression) -> Expression:
    """Minus the expression; a number keeps its digits."""
    if expression.kind == "number":
        return Expression("number", (-expression.value, *expression.parts[1:]))
    return Expression("negative", (expression,))
