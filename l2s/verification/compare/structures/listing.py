"""Listing: what a formula lists — items, the values behind names, the rows of a table, the parts of a union."""

import re
from collections.abc import Sequence

from l2s.verification.compare.structures.shapes import assigned, dimensions, is_name
from l2s.verification.parsing.expressions import SETS, Expression, substituted, symbol, symbols

_LETTER = re.compile(r"[A-Za-z]+(?:_\w+)?")
"""What may be called otherwise, as no event may: ``P(X = 2)``."""


def set_of(expression: Expression) -> Expression | None:
    """The set of numbers that this is, or that it says a name lies in; else None."""
    if expression.kind == "relation":
        values = assigned(expression)
        return values[0] if len(values) == 1 and values[0].kind in SETS else None
    return expression if expression.kind in SETS else None


def items_of(expression: Expression) -> list[Expression] | None:
    """What a list or set holds; None for a tuple, a point, an interval."""
    if expression.kind in ("list", "set") or (expression.kind == "tuple" and expression.parts[-1] == "["):
        return list(expression.children())
    if expression.kind == "relation":
        values = assigned(expression)
        if len(values) == 1 and values[0].kind in ("list", "set"):
            return list(values[0].children())
        return [expression]
    return None if expression.kind in ("tuple", *SETS) else [expression]


def of_one_name(items: list[Expression]) -> bool:
    """Whether all values of a list have the same name, as in ``x = 1 or x = 2``; each then counts once."""
    return len(items) > 1 and all(item.kind == "relation" for item in items) and len(set(map(name_of, items))) == 1


def of_same_name(mine: list[Expression], theirs: list[Expression]) -> bool:
    """Whether both sides give all their values one name, the same."""
    names = {name_of(item) for item in (*mine, *theirs) if item.kind == "relation"}
    return len(names) == 1


def of_many_names(items: list[Expression]) -> bool:
    """Whether each value has a plain name of its own, as in ``a = 1, b = 2``: then their order tells them apart."""
    names = [name_of(item) for item in items if item.kind == "relation"]
    letters = all(name.kind == "symbol" and len(name.name) == 1 for name in names)
    return letters and len(set(names)) == len(names) == len(items)


def of_many_things(items: list[Expression], others: list[Expression]) -> bool:
    """Whether each value counts a thing of its own, ``2 boys, 3 girls``, and the others name none: order tells."""
    things = {item.parts[1] for item in items if item.kind == "quantity"}
    return 1 < len(things) == len(items) and not any(item.kind == "quantity" for item in others)


def by_names(mine: list[Expression], theirs: list[Expression]) -> list[tuple[Expression, Expression]]:
    """Each equation beside the other side's for the same name; empty unless both sides name the same things once."""
    if not all(item.kind == "relation" and item.name == "=" for item in (*mine, *theirs)):
        return []
    one, other = ({name_of(item): item for item in items} for items in (mine, theirs))
    if len(one) < len(mine) or len(other) < len(theirs) or one.keys() != other.keys():
        return []
    return [(one[name], other[name]) for name in one]


def name_of(item: Expression) -> Expression:
    """The side of an equation that names the other: the left one, unless it is a value."""
    sides = item.children()
    return sides[-1] if len(sides) == 2 and not is_name(sides[0]) and is_name(sides[1]) else sides[0]


def unnamed(items: list[Expression]) -> list[Expression]:
    """The values behind names, where each equation gives one."""
    found = []
    for item in items:
        values = assigned(item) if item.kind == "relation" else [item]
        found.append(values[0] if values else item)
    return found


def parts_of(union: Expression) -> list[Expression]:
    """What a union joins, unions within it taken apart."""
    return [part for child in union.children() for part in (parts_of(child) if child.kind == "union" else [child])]


def as_matrix(expression: Expression) -> Expression | None:
    """``[[1, 2], [3, 4]]`` as the matrix it is."""
    rows = expression.children()
    if expression.kind not in ("tuple", "interval") or str(expression.parts[-1]) not in ("[", "[]"):
        return None
    if not all(row.kind in ("tuple", "interval") and str(row.parts[-1]) in ("[", "[]") for row in rows):
        return None
    tuples = tuple(Expression("tuple", row.children()) for row in rows)
    return Expression("matrix", tuples) if len({len(row.parts) for row in tuples}) == 1 else None


def row_of(expression: Expression) -> Sequence[Expression] | None:
    """The entries of a tuple, a point or a vector, in order; else None."""
    if expression.kind == "tuple" or (expression.kind == "interval" and expression.parts[2] in ("()", "[]")):
        return expression.children()
    if expression.kind == "matrix" and 1 in dimensions(expression):
        return [cell for row in expression.children() for cell in row.children()]
    return None


def renamed_values(gold: Expression, answer: Expression, values: list[Expression]) -> list[Expression]:
    """The values of ``f(t)`` with ``x`` for ``t``, where the gold answer is about ``f(x)``; empty elsewhere."""
    if gold.kind != "function" or answer.kind != "function" or gold.parts[0] != answer.parts[0]:
        return []
    (old,), (new,) = (side.children() if len(side.children()) == 1 else (side,) for side in (answer, gold))
    if old.kind != "symbol" or new.kind != "symbol" or old == new:
        return []
    name = old.name
    if not _LETTER.fullmatch(name) or (name.isupper() and not any(name in symbols(value) for value in values)):
        return []  # P(A) = 0.3 is not P(B) = 0.3
    other = symbol(f"{new.name} of the answer")  # f(t) = x + 1 is another function of x
    return [substituted(substituted(value, new.name, other), name, new) for value in values]
