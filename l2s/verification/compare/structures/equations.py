"""Equations and inequalities in symbols: the same where one is the other times a factor."""

from collections.abc import Sequence

from l2s.verification.compare.values.quantities import measured_apart, unmeasured
from l2s.verification.compare.values.scalars import proportional, vanishes
from l2s.verification.parsing.expressions import Expression, contains, nodes, number, substituted, symbols, variables

_MAX_BARS = 6
"""Fractions that are brought over one bar."""


def same_equations(gold: Sequence[Expression], answer: Sequence[Expression]) -> bool:
    """Whether two equations, as their two sides, are one up to a factor, or one is the other solved for a variable."""
    mine, theirs = (_difference(sides) for sides in (gold, answer))
    if symbols(mine) != symbols(theirs) or measured_apart(gold, answer):
        return False
    if proportional(mine, theirs):
        return True
    if len(variables(mine)) > 1 and (divided(mine) or divided(theirs)):
        mine, theirs = above(mine), above(theirs)
        if proportional(mine, theirs):
            return True
    return _solved_by(gold, theirs) or _solved_by(answer, mine)


def same_inequalities(sign: str, gold: Sequence[Expression], other: str, answer: Sequence[Expression]) -> bool:
    """Whether two inequalities, as their signs and sides, are one up to a factor, turned round where it is negative."""
    if (sign in ("le", "ge")) != (other in ("le", "ge")) or measured_apart(gold, answer):
        return False
    mine, theirs = (_difference(sides) for sides in (gold, answer))
    if (sign in ("<", "le")) != (other in ("<", "le")):
        theirs = Expression("negative", (theirs,))
    return proportional(mine, theirs, positive=True)


def _difference(sides: Sequence[Expression]) -> Expression:
    return unmeasured(sides[0]).minus(unmeasured(sides[1]))


def divided(expression: Expression) -> bool:
    """Whether a variable stands below a fraction's bar."""
    return any(node.kind == "quotient" and variables(node.children()[1]) for node in nodes(expression))


def above(expression: Expression) -> Expression:
    """What stands above the bar once all is over one; an equation between two variables vanishes where it does."""
    return _over_one_bar(expression, [_MAX_BARS])[0]


def _over_one_bar(expression: Expression, left: list[int]) -> tuple[Expression, Expression | None]:
    """Above and below; nothing below stands for one."""
    if not contains(expression, "quotient"):
        return expression, None
    kind, parts = expression.kind, [_over_one_bar(child, left) for child in expression.children()]
    if kind == "negative":
        return Expression("negative", (parts[0][0],)), parts[0][1]
    if kind == "product":
        return Expression("product", (parts[0][0], parts[1][0])), _times(parts[0][1], parts[1][1])
    if kind == "quotient":
        left[0] -= 1
        one, other = parts
        up, down = _times(one[0], other[1]), _times(one[1], other[0])
        return up or number(1), down
    if kind != "sum" or left[0] < 0:
        return expression, None
    total, below = parts[0]
    for up, down in parts[1:]:
        crossed = _times(total, down) or number(0), _times(up, below) or number(0)
        total, below = Expression("sum", crossed), _times(below, down)
    return total, below


def _times(one: Expression | None, other: Expression | None) -> Expression | None:
    return Expression("product", (one, other)) if one and other else one or other


def _solved_by(sides: Sequence[Expression], other: Expression) -> bool:
    """Whether ``name = value`` is what an equation, linear in the name, says of it."""
    for name, value in (sides, sides[::-1]):
        if name.kind == "symbol" and name.name not in symbols(value):
            variable = name.name
            moved = [substituted(other, variable, Expression("sum", (value, number(step)))) for step in (0, 1, 2)]
            curved = Expression("sum", (moved[2], Expression("product", (number(-2), moved[1])), moved[0]))
            return vanishes(moved[0]) and vanishes(curved) and not vanishes(moved[1])
    return False
