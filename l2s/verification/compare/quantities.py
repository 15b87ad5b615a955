"""Quantities: values with what follows them — units, degrees, percent signs, a base."""

from l2s.verification.compare.evaluation import exact
from l2s.verification.compare.scalars import same_scalar
from l2s.verification.parsing import units
from l2s.verification.parsing.expressions import Expression, contains, nodes, number


def same_quantities(gold: Expression, answer: Expression) -> bool:
    """Values with what follows them: units, degrees, percent signs, a base. Words equal only themselves."""
    if has_words(gold) or has_words(answer):
        return gold.kind == answer.kind == "words" and str(gold.parts[0]).lower() == str(answer.parts[0]).lower()
    (mine, unit), (theirs, other) = measured(gold), measured(answer)
    mine, theirs = _without_letter(mine, other), _without_letter(theirs, unit)
    if units.conflict(unit, other):
        return False
    if "based" in (mine.kind, theirs.kind):
        if mine.kind == theirs.kind:
            return mine.parts == theirs.parts
        digits = theirs.parts[0] if theirs.kind == "number" else None
        return mine.kind == "based" and digits == mine.parts[0] and theirs.parts[1] is None
    if (mine.kind == "percent") != (theirs.kind == "percent"):
        if units.canonical(unit) or units.canonical(other):
            return False
        percent, plain = (mine, theirs) if mine.kind == "percent" else (theirs, mine)
        return same_scalar(percent.children()[0], plain) or same_scalar(_hundredth(percent.children()[0]), plain)
    if mine.kind == "percent":
        mine, theirs = mine.children()[0], theirs.children()[0]
    if (mine.kind == "degrees") != (theirs.kind == "degrees"):
        angle, plain = (mine, theirs) if mine.kind == "degrees" else (theirs, mine)
        return same_scalar(angle.children()[0], plain) or (contains(plain, "constant") and same_scalar(angle, plain))
    return same_scalar(unmeasured(mine), unmeasured(theirs))


def _hundredth(expression: Expression) -> Expression:
    value = exact(expression)
    return Expression("quotient", (expression, number(100))) if value is None else number(value / 100)


def measured(expression: Expression) -> tuple[Expression, str]:
    """The value and its unit; dollars before a value are no more than dollars behind it."""
    if expression.kind == "quantity":
        value, unit = expression.parts
        assert isinstance(value, Expression)
        return measured(value)[0], str(unit)
    return expression, ""


def _without_letter(expression: Expression, unit: str) -> Expression:
    """``36 m`` without its last factor, where the other side says that m is a unit."""
    if unit and expression.kind == "product":
        value, last = expression.children()
        if last.kind == "symbol" and units.canonical(str(last.parts[0])) == units.canonical(unit) != "":
            return value
    return expression


def unmeasured(expression: Expression) -> Expression:
    """Without units anywhere inside."""
    if not contains(expression, "quantity"):
        return expression
    if expression.kind == "quantity":
        return unmeasured(expression.children()[0])
    parts = tuple(unmeasured(part) if isinstance(part, Expression) else part for part in expression.parts)
    return Expression(expression.kind, parts)


def has_words(expression: Expression) -> bool:
    """Whether words stand in it that are no unit behind a value."""
    return any(node.kind == "words" for node in nodes(expression))
