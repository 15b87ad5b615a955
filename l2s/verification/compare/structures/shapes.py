r"""Shapes: one form for what is written in several — both signs of ±, values behind names, sets from inequalities."""

import re
from collections.abc import Callable
from itertools import product
from typing import cast

from l2s.verification.compare.values.evaluation import exact, line
from l2s.verification.parsing.expressions import (
    SETS,
    Expression,
    contains,
    function,
    nodes,
    number,
    symbol,
    symbols,
    variables,
)
from l2s.verification.parsing.tokens import UnreadableError

INFINITY = Expression("constant", ("infty",))
EVERYTHING = Expression("interval", (Expression("negative", (INFINITY,)), INFINITY, "()"))
NOTHING = Expression("set", ())
_ORDER = {"<": (False, True), "le": (True, True), ">": (False, False), "ge": (True, False)}
TURNED = {"<": ">", ">": "<", "le": "ge", "ge": "le"}
"""The sign of an inequality read from right to left."""
_MAX_EITHER = 6
_SIZE_OF_X = function("abs", symbol("x"))
"""An equation for ``x`` rather than a name for a value."""


def shaped(expression: Expression) -> Expression:
    """The expression with brackets around a matrix dropped, factors taken into it, ± and words for sets resolved."""
    kind = expression.kind
    if kind == "words":
        return {"mathbb R": EVERYTHING}.get(expression.name, expression)
    if kind == "such":
        return shaped(expression.children()[0])
    if kind == "constant" and expression.parts[0] == "emptyset":
        return NOTHING
    if kind == "tuple" and len(expression.children()) == 1:
        inner = shaped(expression.children()[0])
        return inner if inner.kind == "matrix" else Expression("tuple", (inner, "["))
    if contains(expression, "matrix") and kind in ("product", "quotient", "negative", "sum"):
        return _matrix(expression)
    if kind == "function" and expression.parts[0] == "transpose" and expression.children()[0].kind != "matrix":
        return Expression("tuple", shaped(expression.children()[0]).children())
    if kind == "list":
        return _listed(expression)
    if kind == "interval" and expression.parts[-1] == "()" and contains(expression, "either"):
        return Expression("list", (*(shaped(point) for point in alternatives(expression)), "or"))
    if kind in (*SETS, "tuple", "relation", "ratio"):
        expression = expression.mapped(shaped)
    if kind == "set":
        return Expression("set", tuple(item for part in expression.children() for item in alternatives(part)))
    if contains(expression, "either") and kind not in ("union", "interval", "matrix"):
        found = alternatives(expression)
        return found[0] if len(found) == 1 else Expression("list", (*found, "or"))
    return expression


def _listed(expression: Expression) -> Expression:
    """A list whose lists and alternatives are its own items, a name before the first ones left to it."""
    items: list[Expression] = []
    for child in expression.children():
        inner = shaped(child)
        if child.kind == "such" and (solved := solutions(inner)):  # a set of its own beside others
            inner = solved[1]
        items.extend(inner.children() if inner.kind == "list" else alternatives(inner))
    return Expression("list", (*items, str(expression.parts[-1])))


def alternatives(expression: Expression) -> list[Expression]:
    """The expression with its upper signs of ± and with its lower ones; itself where there is none."""
    if expression.kind == "list":
        return [item for child in expression.children() for item in alternatives(child)]
    if not contains(expression, "either"):
        return [expression]
    if sum(node.kind == "either" for node in nodes(expression)) > _MAX_EITHER:
        raise UnreadableError("too many ±")
    return [_with_sign(expression, True), _with_sign(expression, False)]


def _with_sign(expression: Expression, upper: bool) -> Expression:
    if expression.kind == "either":
        sign, left, right = expression.parts
        left, right = (_with_sign(cast(Expression, part), upper) for part in (left, right))
        plus = (sign == "pm") == upper
        if left == number(0):
            return right if plus else Expression("negative", (right,))
        return Expression("sum", (left, right if plus else Expression("negative", (right,))))
    return expression.mapped(_with_sign, upper)


def _matrix(expression: Expression) -> Expression:
    """A matrix with its scalar factors inside; other arithmetic of matrices is not done."""
    kind, children = expression.kind, expression.children()
    if kind == "negative":
        return _each(shaped(children[0]), lambda cell: Expression("negative", (cell,)))
    if kind == "quotient" and not contains(children[1], "matrix"):
        return _each(shaped(children[0]), lambda cell: Expression("quotient", (cell, children[1])))
    if kind == "product":
        left, right = (shaped(child) for child in children)
        if left.kind == "matrix" and right.kind != "matrix" and not contains(right, "matrix"):
            left, right = right, left
        if right.kind == "matrix" and not contains(left, "matrix"):
            return _each(right, lambda cell: Expression("product", (left, cell)))
    if kind == "sum":
        terms = [shaped(child) for child in children]
        if all(term.kind == "matrix" for term in terms) and len({dimensions(term) for term in terms}) == 1:
            return _added(terms)
    raise UnreadableError("arithmetic of matrices")


def _each(matrix: Expression, change: Callable[[Expression], Expression]) -> Expression:
    if matrix.kind != "matrix":
        raise UnreadableError("arithmetic of matrices")
    return matrix.mapped(lambda row: row.mapped(change))


def _added(terms: list[Expression]) -> Expression:
    rows = []
    for parts in zip(*(term.children() for term in terms), strict=True):
        cells = zip(*(row.children() for row in parts), strict=True)
        rows.append(Expression("tuple", tuple(Expression("sum", cell) for cell in cells)))
    return Expression("matrix", tuple(rows))


def dimensions(matrix: Expression) -> tuple[int, int]:
    """Rows and columns."""
    rows = matrix.children()
    return len(rows), len(rows[0].children())


def is_name(expression: Expression) -> bool:
    """Whether this only names what the other side of an equation says: ``x``, ``f(x)``, ``|AB|``, ``S_1:S_2``."""
    kind, children = expression.kind, expression.children()
    if kind == "symbol":
        return expression.parts[0] not in ("e", "i")
    if kind == "words":
        return True
    if kind == "quantity":
        return is_name(children[0])
    if kind == "function":
        name = expression.name
        return (name == "abs" and is_name(children[0])) or name.endswith("()")
    if kind in ("tuple", "interval", "ratio"):
        return all(is_name(child) for child in children)
    if kind == "quotient" and all(_is_differential(child) for child in children):
        return True
    if kind in ("product", "quotient"):
        names = symbols(expression)
        figure = any(name[0].isupper() or "'" in name for name in names) or (kind == "quotient" and "d" in names)
        return figure and not contains(expression, "number", "sum") and all(is_name(child) for child in children)
    return False


def names_differ(one: Expression, other: Expression) -> bool:
    """Whether two names name different things: ``f'`` and ``f``, ``f(x)`` and ``x``, ``|x|`` and ``x``."""
    for name, within in ((one, other), (other, one)):
        if name.kind == "function" and name.name in ("abs", "f()", "g()", "h()") and name.children() == (within,):
            return within.kind == "symbol" and not within.name.isupper()  # |AB| and AB are one length
    if {one.kind, other.kind} - {"symbol", "function"} or not (is_name(one) and is_name(other)):
        return False
    events = one.kind == other.kind == "function" and one.name == other.name and one != other
    if events and all(any(not re.fullmatch(r"[A-Za-z]\w*", name) for name in symbols(side)) for side in (one, other)):
        return True  # E(2X), E(3X)
    inverse = [name.name.endswith("^-1()") for name in (one, other)]
    if inverse[0] != inverse[1] and _stem(one.name) == _stem(other.name):
        return True
    return one.name.count("'") != other.name.count("'")


def name_themselves(names: tuple[Expression, Expression], values: tuple[Expression, ...]) -> bool:
    """Whether two names differ and a value speaks of one, as in ``x' = 2x`` and ``y' = 2x``: so no other will do."""
    if {name.kind for name in names} - {"symbol", "function"}:
        return False
    told = {_stem(node.name) for one in values for node in nodes(one) if node.kind in ("symbol", "function")}
    stems = [_stem(name.name) for name in names]
    return stems[0] != stems[1] and bool(told & set(stems))


def _stem(name: str) -> str:
    """A name without its index, primes and arguments."""
    return re.split(r"[_'(^]", name, maxsplit=1)[0]


def _is_differential(expression: Expression) -> bool:
    r"""``dy`` or ``dx``, the parts of a derivative."""
    parts = expression.children() if expression.kind == "product" else (expression,)
    return [part.kind for part in parts] == ["symbol", "symbol"] and parts[0].name == "d"


def assigned(relation: Expression, lenient: bool = False) -> list[Expression]:
    """The values an equation or membership gives to a name: the last, and what it is said to be about.

    Args:
        relation: a relation.
        lenient: whether a left side that is no name may be passed over too, as in ``a + b = 5``.
    """
    signs, sides = relation.name.split(), list(relation.children())
    if signs == ["in"]:
        return [sides[1]] if is_name(sides[0]) or lenient else []
    if not all(sign in ("=", "approx", "equiv", "cong") for sign in signs) or "equiv" in signs:
        return []
    if sides[0] == _SIZE_OF_X:
        return []
    equal = sides[: signs.index("approx") + 1] if "approx" in signs else sides
    about = sides[len(equal) :]
    if len(equal) == 1 and about:
        return about if is_name(equal[0]) else [equal[0], *about]
    if is_name(equal[0]) or lenient:
        return [equal[-1], *about]
    turned = len(equal) == 2 and equal[1].kind == "symbol" and is_name(equal[1]) and not variables(equal[0])
    return [equal[0]] if turned else []


def unchained(relation: Expression) -> Expression | None:
    """``x = y = 2`` as ``x = 2, y = 2``; None where not every side but the last is a name."""
    sides = relation.children()
    names = sides[:-1]
    if relation.kind != "relation" or set(relation.name.split()) != {"="} or len(names) < 2:
        return None
    if not all(name.kind == "symbol" for name in names) or len(set(names)) < len(names) or symbols(sides[-1]):
        return None
    return Expression("list", (*(Expression("relation", ("=", name, sides[-1])) for name in names), "and"))


def solutions(expression: Expression) -> tuple[str, Expression] | None:
    """The variable and the set of its values that inequalities in one variable leave, if they are linear."""
    if expression.kind == "list" and all(child.kind == "relation" for child in expression.children()):
        return _joined(expression)
    if expression.kind != "relation":
        return None
    signs, sides = expression.name.split(), expression.children()
    if len(signs) == 1 and signs[0] in (*_ORDER, "ne"):
        return _half_line(signs[0], sides[0], sides[1])
    if len(signs) == 2 and all(sign in _ORDER for sign in signs) and _ORDER[signs[0]][1] == _ORDER[signs[1]][1]:
        low, middle, high = sides if _ORDER[signs[0]][1] else sides[::-1]
        if not is_name(middle) or variables(low) or variables(high):
            return None
        closed = [_ORDER[sign][0] for sign in (signs if _ORDER[signs[0]][1] else signs[::-1])]
        if middle.kind == "function" and middle.parts[0] == "abs":
            return _between(middle, (low, closed[0]), (high, closed[1]))
        brackets = ("[" if closed[0] else "(") + ("]" if closed[1] else ")")
        return _key(middle), Expression("interval", (low, high, brackets))
    return None


def _half_line(sign: str, left: Expression, right: Expression) -> tuple[str, Expression] | None:
    below = True
    if is_name(right) and not variables(left):
        left, right, below = right, left, False
    elif not (is_name(left) and not variables(right)):
        return _absolute(sign, left, right) or _linear(sign, left, right)
    if sign == "ne":
        return _key(left), Expression("difference", (EVERYTHING, Expression("set", (right,))))
    closed, less = _ORDER[sign]
    if left.kind == "function" and left.parts[0] == "abs":
        return _around(left, right, closed, less == below)
    return _key(left), _ray(right, closed, less == below)


def _ray(end: Expression, closed: bool, below: bool) -> Expression:
    if below:
        return Expression("interval", (EVERYTHING.parts[0], end, "(]" if closed else "()"))
    return Expression("interval", (end, INFINITY, "[)" if closed else "()"))


def _absolute(sign: str, left: Expression, right: Expression) -> tuple[str, Expression] | None:
    """``|2x - 1| < a`` as the two inequalities it is; None where it is none, or its bound is negative."""
    if right.kind == "function":
        sign, left, right = TURNED.get(sign, sign), right, left
    bound = exact(right)
    if left.kind != "function" or left.parts[0] != "abs" or sign not in TURNED or bound is None or bound < 0:
        return None
    inside = left.children()[0]
    upper, lower = _linear(sign, inside, right), _linear(TURNED[sign], inside, Expression("negative", (right,)))
    if upper is None or lower is None:
        return None
    return upper[0], Expression("intersection" if _ORDER[sign][1] else "union", (upper[1], lower[1]))


def _around(left: Expression, bound: Expression, closed: bool, inside: bool) -> tuple[str, Expression]:
    """``|x| < a`` and ``|x| > a``."""
    minus = Expression("negative", (bound,))
    if inside:
        found = Expression("interval", (minus, bound, "[]" if closed else "()"))
    else:
        found = Expression("union", (_ray(minus, closed, True), _ray(bound, closed, False)))
    return _key(left.children()[0]), found


def _between(middle: Expression, low: tuple[Expression, bool], high: tuple[Expression, bool]) -> tuple[str, Expression]:
    """``a < |x| < b``, for an ``a`` that is not negative."""
    outside = _around(middle, low[0], low[1], False)[1]
    inside = _around(middle, high[0], high[1], True)[1]
    return _key(middle.children()[0]), Expression("intersection", (outside, inside))


def _linear(sign: str, left: Expression, right: Expression) -> tuple[str, Expression] | None:
    between = left.minus(right)
    names = variables(between)
    if len(names) != 1 or contains(between, "words", "interval", "set", "constant"):
        return None
    (name,) = names
    found = line(between, name)
    if found is None:
        return None
    start, slope = found
    root = number(-start / slope)
    if sign == "ne":
        return name, Expression("difference", (EVERYTHING, Expression("set", (root,))))
    closed, less = _ORDER[sign]
    return name, _ray(root, closed, less == (slope > 0))


def _joined(expression: Expression) -> tuple[str, Expression] | None:
    found = [solutions(child) or _stated(child) for child in expression.children()]
    if not any(solutions(child) for child in expression.children()):
        return None
    known = [item for item in found if item is not None]
    if len(known) != len(found) or len({name for name, _ in known}) != 1:
        return None
    sets = [values for _, values in known]
    joints = str(expression.parts[-1]).split()
    holes = any(child.parts[0] == "ne" for child in expression.children())
    either = "or" in joints or not ("and" in joints or holes)
    joined = sets[0]
    for values in sets[1:]:
        joined = Expression("union" if either else "intersection", (joined, values))
    return known[0][0], joined


def _stated(relation: Expression) -> tuple[str, Expression] | None:
    r"""``a = 1`` and ``a \in S`` as sets, where they stand beside inequalities."""
    sides = relation.children()
    if len(sides) != 2 or not is_name(sides[0]) or variables(sides[1]):
        return None
    if relation.parts[0] == "=":
        return _key(sides[0]), Expression("set", (sides[1],))
    return (_key(sides[0]), sides[1]) if relation.parts[0] == "in" and sides[1].kind in SETS else None


def apart(expression: Expression) -> Expression | None:
    r"""Points whose signs are chosen each for itself, ``(\pm 1, \pm 2)`` as four of them; None if there are none."""
    if expression.kind in ("list", "set"):
        found = [apart(child) for child in expression.children()]
        if not any(found):
            return None
        items = [points or child for points, child in zip(found, expression.children(), strict=True)]
        return shaped(Expression("list", (*items, "and")))
    signs = [child for child in expression.children() if contains(child, "either")]
    point = expression.kind == "tuple" or (expression.kind == "interval" and expression.parts[-1] == "()")
    if not point or not (expression.kind == "tuple") < len(signs) <= _MAX_EITHER:
        return None
    if len({node.parts[0] for node in nodes(expression) if node.kind == "either"}) > 1:  # ± goes with ∓
        return None
    choices = product(*(alternatives(child) for child in expression.children()))
    points = [Expression(expression.kind, (*choice, *expression.parts[len(choice) :])) for choice in choices]
    return Expression("list", (*points, "and"))


def _key(expression: Expression) -> str:
    return expression.name if expression.kind == "symbol" else repr(expression)
