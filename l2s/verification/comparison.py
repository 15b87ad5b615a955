r"""Comparison: whether an answer equals the gold answer, by the type each is written as.

Lists and sets have no order, tuples and points have one, intervals have their ends with their brackets; a
list is no point. An equation is itself up to a factor; a name before a value (``x = 5``) is no part of it.
"""

from collections.abc import Sequence

from l2s.verification.equations import same_equations, same_inequalities
from l2s.verification.evaluation import exact
from l2s.verification.expressions import Expression, contains, symbols, variables
from l2s.verification.intervals import pieces, same_pieces
from l2s.verification.quantities import measured, same_quantities, unmeasured
from l2s.verification.shapes import assigned, dimensions, shaped, solutions
from l2s.verification.tokens import UnreadableError

_MOST_ITEMS = 48
"""Items of a list without order, for each is compared with each."""
_SETS = ("interval", "set", "union", "difference", "intersection")
_NO_SCALARS = ("list", "tuple", "interval", "set", "words", "matrix")
_EQUALITIES = {"=", "approx"}


def same(gold: Expression, answer: Expression) -> bool:
    """Whether two formulas are equal.

    Raises:
        UnreadableError: they hold what cannot be compared here.
    """
    gold, answer = shaped(gold), shaped(answer)
    if gold == answer:
        return True
    found = _by_solutions(gold, answer)
    if found is not None:
        return found
    if "relation" in (gold.kind, answer.kind):
        return _same_relation(gold, answer)
    if "list" in (gold.kind, answer.kind):
        return _same_lists(gold, answer)
    if gold.kind in _SETS or answer.kind in _SETS:
        return _same_sets(gold, answer)
    if "tuple" in (gold.kind, answer.kind) or "matrix" in (gold.kind, answer.kind):
        return _same_tables(gold, answer)
    if "ratio" in (gold.kind, answer.kind):
        return _same_ratios(gold, answer)
    return same_quantities(gold, answer)


def _by_solutions(gold: Expression, answer: Expression) -> bool | None:
    """Inequalities, and sets beside them, as the sets of numbers they leave."""
    mine, theirs = solutions(gold), solutions(answer)
    if mine is None and theirs is None:
        return None
    if mine and theirs and mine[0] != theirs[0]:
        return False if {mine[0], theirs[0]} <= symbols(gold) | symbols(answer) else None
    one = mine[1] if mine else _set_of(gold)
    other = theirs[1] if theirs else _set_of(answer)
    if one is None or other is None:
        return None
    found = pieces(one), pieces(other)
    return None if found[0] is None or found[1] is None else same_pieces(found[0], found[1])


def _set_of(expression: Expression) -> Expression | None:
    if expression.kind == "relation":
        values = assigned(expression)
        return values[0] if len(values) == 1 and values[0].kind in _SETS else None
    return expression if expression.kind in _SETS else None


def _same_relation(gold: Expression, answer: Expression) -> bool:
    if gold.kind == answer.kind == "relation":
        return _same_relations(gold, answer)
    if gold.kind == "relation":
        return any(same(value, answer) for value in assigned(gold))
    if gold.kind == "list" and any(item.kind == "relation" for item in gold.children()) and len(gold.children()) > 1:
        return _same_lists(gold, answer)
    lenient = not variables(gold) and gold.kind not in ("words", "list")
    return any(same(gold, value) for value in assigned(answer, lenient))


def _same_relations(gold: Expression, answer: Expression) -> bool:
    (mine, *left), (theirs, *right) = gold.parts, answer.parts
    signs = str(mine).split(), str(theirs).split()
    if set(signs[0]) | set(signs[1]) <= _EQUALITIES | {"in"}:
        if _same_assignments(gold, answer):
            return True
        both_two = len(left) == len(right) == 2 and signs[0] == signs[1] == ["="]
        if not both_two:
            return False
        if any(contains(side, *_NO_SCALARS) for side in (*gold.children(), *answer.children())):
            return _all_same(gold.children(), answer.children())
        return same_equations(gold.children(), answer.children())
    if len(left) == len(right) == 2 and len(signs[0]) == 1 and set(signs[0] + signs[1]) <= {"<", ">", "le", "ge"}:
        return same_inequalities(signs[0][0], gold.children(), signs[1][0], answer.children())
    return signs[0] == signs[1] and _all_same(gold.children(), answer.children())


def _same_assignments(gold: Expression, answer: Expression) -> bool:
    """Values of the same name; names of functions of whatever variable may differ, ``y`` and ``f(x)``."""
    mine, theirs = assigned(gold), assigned(answer)
    if not mine or not theirs:
        return False
    names = gold.children()[0], answer.children()[0]
    if names[0] != names[1] and all(name.kind == "symbol" for name in names) and not symbols(mine[0]):
        return False
    return any(_quietly_same(one, other) for one in mine for other in theirs)


def _quietly_same(one: Expression, other: Expression) -> bool:
    try:
        return same(one, other)
    except UnreadableError:
        return False


def _same_lists(gold: Expression, answer: Expression) -> bool:
    mine, theirs = _items(gold), _items(answer)
    if mine is None or theirs is None:
        return _named_in_order(gold, answer) or _named_in_order(answer, gold)
    mine, theirs = _distinct(mine), _distinct(theirs)
    if _matched(mine, theirs):
        return True
    named = [any(item.kind == "relation" for item in items) for items in (mine, theirs)]
    return ((all(named) and _of_one_name(mine, theirs)) or named[0] != named[1]) and _matched(
        _unnamed(mine), _unnamed(theirs)
    )


def _items(expression: Expression) -> list[Expression] | None:
    """What a list or set holds; None for a tuple, a point, an interval."""
    if expression.kind in ("list", "set"):
        return list(expression.children())
    if expression.kind == "tuple" and expression.parts[-1] == "[":
        return list(expression.children())
    if expression.kind == "relation":
        values = assigned(expression)
        if len(values) == 1 and values[0].kind in ("list", "set"):
            return list(values[0].children())
        return [expression]
    if expression.kind in ("tuple", "interval", "union", "difference", "intersection"):
        return None
    return [expression]


def _of_one_name(mine: list[Expression], theirs: list[Expression]) -> bool:
    """Whether one side gives all its values the same name, as in ``x = 1 or x = 2``."""
    return any(len({_name(item) for item in items if item.kind == "relation"}) == 1 for items in (mine, theirs))


def _name(item: Expression) -> Expression:
    return item.children()[0]


def _unnamed(items: list[Expression]) -> list[Expression]:
    """The values behind names, where each equation gives one."""
    found = []
    for item in items:
        values = assigned(item) if item.kind == "relation" else [item]
        found.append(values[0] if values else item)
    return found


def _named_in_order(listed: Expression, point: Expression) -> bool:
    """``x = 1, y = 2`` beside ``(1, 2)``, or several of them beside several points."""
    if listed.kind != "list" or point.kind not in ("tuple", "interval") or str(point.parts[-1]) in ("[]", "[)", "(]"):
        return False
    items = listed.children()
    if not all(item.kind == "relation" and assigned(item) for item in items):
        return False
    names = {_name(item) for item in items}
    return len(names) == len(items) and _all_same([assigned(item)[0] for item in items], point.children())


def _matched(mine: Sequence[Expression], theirs: Sequence[Expression]) -> bool:
    """Whether each of one has its equal among the other, one to one."""
    if len(mine) != len(theirs):
        return False
    left = list(theirs)
    for item in mine:
        for n, other in enumerate(left):
            if _quietly_same(item, other):
                del left[n]
                break
        else:
            return False
    return True


def _same_sets(gold: Expression, answer: Expression) -> bool:
    if gold.kind == answer.kind == "interval":
        return gold.parts[2] == answer.parts[2] and _all_same(gold.children(), answer.children())
    if gold.kind == answer.kind == "set":
        return _matched(_distinct(gold.children()), _distinct(answer.children()))
    if "set" in (gold.kind, answer.kind) and not {gold.kind, answer.kind} & {
        "union",
        "difference",
        "intersection",
        "interval",
    }:
        mine, theirs = _items(gold), _items(answer)
        return mine is not None and theirs is not None and _matched(mine, theirs)
    if {gold.kind, answer.kind} <= set(_SETS):
        one, other = pieces(gold), pieces(answer)
        if one is not None and other is not None:
            return same_pieces(one, other)
        return gold.kind == answer.kind == "union" and _matched(_parts(gold), _parts(answer))
    return _same_tables(gold, answer)


def _distinct(items: Sequence[Expression]) -> list[Expression]:
    """Each item once; a double root is one solution."""
    found: list[Expression] = []
    if len(items) > _MOST_ITEMS:
        raise UnreadableError("too many items")
    for item in items:
        if not any(_quietly_same(item, other) for other in found):
            found.append(item)
    return found


def _parts(union: Expression) -> list[Expression]:
    return [part for child in union.children() for part in (_parts(child) if child.kind == "union" else [child])]


def _same_tables(gold: Expression, answer: Expression) -> bool:
    """Matrices, tuples and points, in order; a vector may be written either way."""
    if gold.kind == answer.kind == "matrix":
        return dimensions(gold) == dimensions(answer) and all(
            _all_same(one.children(), other.children())
            for one, other in zip(gold.children(), answer.children(), strict=True)
        )
    mine, theirs = _row(gold), _row(answer)
    return mine is not None and theirs is not None and _all_same(mine, theirs)


def _row(expression: Expression) -> Sequence[Expression] | None:
    if expression.kind == "tuple" or (expression.kind == "interval" and expression.parts[2] in ("()", "[]")):
        return expression.children()
    if expression.kind == "matrix" and 1 in dimensions(expression):
        return [cell for row in expression.children() for cell in row.children()]
    return None


def _same_ratios(gold: Expression, answer: Expression) -> bool:
    """``3:4`` is ``6:8`` and 3/4; words behind both, as in ``10:30 AM``, must be the same."""
    one, other = (side.children() if side.kind == "ratio" else (side,) for side in (gold, answer))
    behind = [measured(side[-1])[1].lower().replace(".", "") for side in (one, other)]
    if all(behind) and behind[0] != behind[1]:
        return False
    one, other = (tuple(unmeasured(part) for part in side) for side in (one, other))
    if len(one) == len(other):
        first, second = [exact(part) for part in one], [exact(part) for part in other]
        if any(value in (None, 0) for value in (*first, *second)):
            return _all_same(one, other)
        pairs = [a / b for a, b in zip(first, second, strict=True) if a is not None and b is not None]
        return len(set(pairs)) == 1
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    if len(longer) != 2 or len(shorter) != 1 or exact(longer[1]) == 0:
        return False
    return same(Expression("quotient", tuple(longer)), shorter[0])


def _all_same(one: Sequence[Expression], other: Sequence[Expression]) -> bool:
    return len(one) == len(other) and all(same(mine, theirs) for mine, theirs in zip(one, other, strict=True))
