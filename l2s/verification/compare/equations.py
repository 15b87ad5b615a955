"""Equations and inequalities in symbols: the same where one is the other times a factor."""

from collections.abc import Sequence

from l2s.verification.compare.quantities import unmeasured
from l2s.verification.compare.scalars import proportional, vanishes
from l2s.verification.parsing.expressions import Expression, number, substituted, symbols


def same_equations(gold: Sequence[Expression], answer: Sequence[Expression]) -> bool:
    """Whether two equations, as their two sides, are one up to a factor, or one is the other solved for a variable."""
    mine, theirs = (_difference(sides) for sides in (gold, answer))
    if symbols(mine) != symbols(theirs):
        return False
    if proportional(mine, theirs):
        return True
    return _solved_by(gold, theirs) or _solved_by(answer, mine)


def same_inequalities(sign: str, gold: Sequence[Expression], other: str, answer: Sequence[Expression]) -> bool:
    """Whether two inequalities, as their signs and sides, are one up to a factor, turned round where it is negative."""
    if (sign in ("le", "ge")) != (other in ("le", "ge")):
        return False
    mine, theirs = (_difference(sides) for sides in (gold, answer))
    if (sign in ("<", "le")) != (other in ("<", "le")):
        theirs = Expression("negative", (theirs,))
    return proportional(mine, theirs, positive=True)


def _difference(sides: Sequence[Expression]) -> Expression:
    return Expression("sum", (unmeasured(sides[0]), Expression("negative", (unmeasured(sides[1]),))))


def _solved_by(sides: Sequence[Expression], other: Expression) -> bool:
    """Whether ``name = value`` is what an equation, linear in the name, says of it."""
    for name, value in (sides, sides[::-1]):
        if name.kind == "symbol" and str(name.parts[0]) not in symbols(value):
            variable = str(name.parts[0])
            moved = [substituted(other, variable, Expression("sum", (value, number(step)))) for step in (0, 1, 2)]
            curved = Expression("sum", (moved[2], Expression("product", (number(-2), moved[1])), moved[0]))
            return vanishes(moved[0]) and vanishes(curved) and not vanishes(moved[1])
    return False
