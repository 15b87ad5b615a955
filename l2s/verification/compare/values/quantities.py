"""Quantities: values with what follows them — units, counted things, degrees, percent signs, a base.

Known units convert within a dimension and refuse between two; a unit that one side leaves out is accepted. What is no
known unit is words, which must say the same on both sides where both sides say something.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from l2s.verification.compare.phrases.words import said_alike, same_things
from l2s.verification.compare.values.evaluation import exact
from l2s.verification.compare.values.scalars import same_scalar
from l2s.verification.parsing.expressions import Expression, contains, nodes, number
from l2s.verification.parsing.units import Unit, measure, unit_of

_DEGREE = unit_of("deg")
_PI = Expression("constant", ("pi",))


class Measured(NamedTuple):
    """A value, its known unit, and the words behind that."""

    value: Expression
    unit: Unit | None
    words: str


def same_quantities(gold: Expression, answer: Expression) -> bool:
    """Values with what follows them: units, degrees, percent signs, a base. Words equal only themselves."""
    if has_words(gold) or has_words(answer):
        return gold.kind == answer.kind == "words" and said_alike(gold.name, answer.name)
    mine, theirs = _lettered(gold, answer), _lettered(answer, gold)
    if different_things(mine, theirs):
        return False
    units = mine.unit, theirs.unit
    if units[0] and units[1] and units[0] != units[1]:
        return _converted(mine, units[0], theirs, units[1])
    return _same_values(mine, theirs)


def different_things(mine: Measured, theirs: Measured) -> bool:
    """Whether what stands behind two values names different things, or a unit on one side and a thing on the other."""
    if not same_things(mine.words, theirs.words):
        return True
    return any(one.unit and other.words and not other.unit for one, other in ((mine, theirs), (theirs, mine)))


def _converted(mine: Measured, unit: Unit, theirs: Measured, other: Unit) -> bool:
    """Two known units: of one dimension the values are brought to the same unit, of two they differ."""
    if unit.is_generic or other.is_generic:
        powers = (sum(power for _, power in of.dimension) for of in (unit, other))
        return len(set(powers)) == 1 and _same_values(mine, theirs)
    if unit.dimension != other.dimension:
        return False
    if "percent" in (mine.value.kind, theirs.value.kind):
        return False
    return same_scalar(_coherent(mine.value, unit), _coherent(theirs.value, other))


def _coherent(value: Expression, unit: Unit) -> Expression:
    known = exact(value)
    if known is not None:
        return number(known * unit.factor + unit.offset)
    scaled = Expression("product", (value, number(unit.factor)))
    return Expression("sum", (scaled, number(unit.offset))) if unit.offset else scaled


def _same_values(gold: Measured, answer: Measured) -> bool:
    mine, theirs = gold.value, answer.value
    if "based" in (mine.kind, theirs.kind):
        if gold.unit or answer.unit:
            return False
        if mine.kind == theirs.kind:
            return mine.parts == theirs.parts
        digits = theirs.parts[0] if theirs.kind == "number" else None
        return mine.kind == "based" and digits == mine.parts[0] and theirs.parts[1] is None
    if (mine.kind == "percent") != (theirs.kind == "percent"):
        if gold.unit or answer.unit:
            return False
        percent, plain = (mine, theirs) if mine.kind == "percent" else (theirs, mine)
        return same_scalar(percent.children()[0], plain) or same_scalar(_hundredth(percent.children()[0]), plain)
    if mine.kind == "percent":
        mine, theirs = mine.children()[0], theirs.children()[0]
    if (mine.kind == "degrees") != (theirs.kind == "degrees"):
        return _same_angle(gold, answer)
    return not measured_apart([mine], [theirs]) and same_scalar(unmeasured(mine), unmeasured(theirs))


def _same_angle(gold: Measured, answer: Measured) -> bool:
    """Degrees on one side: a bare value may be in degrees too, or with π in radians; other units are no angle."""
    angle, other = (gold, answer) if gold.value.kind == "degrees" else (answer, gold)
    plain = other.value
    if other.unit == _DEGREE or other.unit == unit_of("°C") or other.unit == unit_of("°F"):
        return same_scalar(angle.value.children()[0], plain)
    if other.unit == unit_of("rad"):
        return same_scalar(angle.value, plain)
    if other.unit or angle.unit:
        return False
    degrees = angle.value.children()[0]
    if any(node.kind == "function" and node.name.startswith("arc") for node in nodes(plain)):
        turned = Expression("quotient", (Expression("product", (plain, number(180))), _PI))
        return same_scalar(degrees, turned) if angle is gold else same_scalar(turned, degrees)
    return same_scalar(degrees, plain) or (contains(plain, "constant") and same_scalar(angle.value, plain))


def _hundredth(expression: Expression) -> Expression:
    value = exact(expression)
    if value is None:
        return Expression("quotient", (expression, number(100)))
    places = expression.parts[1] if expression.kind == "number" else None
    return number(value / 100, places + 2 if isinstance(places, int) else None)


def measured(expression: Expression) -> Measured:
    """The value, its unit, and the words behind it; dollars before a value are no more than dollars behind it."""
    said: list[str] = []
    while expression.kind == "quantity":
        value, unit = expression.parts
        assert isinstance(value, Expression)
        said.insert(0, str(unit))
        expression = value
    if expression.kind == "sum" and not said and (total := _total(expression)):
        return total
    unit_found, words = measure(" ".join(said)) if said else (None, "")
    return Measured(expression, unit_found, words)


def joined(expression: Expression) -> Expression:
    """``2 hours and 15 minutes`` as the sum it is; other lists as they are."""
    units = [measured(item).unit for item in expression.children() if item.kind == "quantity"]
    known = [unit for unit in units if unit and not unit.offset]
    if expression.parts[-1] != "and" or len(known) != len(expression.children()):
        return expression
    alike = len({unit.dimension for unit in known}) == 1
    falling = all(one.factor > other.factor for one, other in pairwise(known))
    return Expression("sum", expression.children()) if alike and falling else expression


def _total(expression: Expression) -> Measured | None:
    """``1 hour 30 minutes`` in its first unit; None unless all parts measure the same."""
    parts = [measured(part) for part in expression.children() if part.kind == "quantity"]
    units = [part.unit for part in parts if part.unit]
    if len(units) != len(expression.parts) or any(part.words for part in parts):
        return None
    if len({unit.dimension for unit in units}) != 1 or any(unit.offset for unit in units):
        return None
    values = [
        Expression("product", (part.value, number(unit.factor / units[0].factor)))
        for part, unit in zip(parts, units, strict=True)
    ]
    return Measured(Expression("sum", tuple(values)), units[0], "")


def _lettered(expression: Expression, other: Expression) -> Measured:
    """``36 m`` and ``5 kPa`` with their letters as the unit that they are, where the other side has one too."""
    found = measured(expression)
    lettered = None if found.unit else _with_letters(found)
    return lettered if lettered and (measured(other).unit or _with_letters(measured(other))) else found


def _with_letters(found: Measured) -> Measured | None:
    """A number times letters that together are a unit, ``5 m A`` or ``3 m^2``; None if this is something else."""
    value, letters = found.value, ""
    while value.kind == "product" and (letter := _letter(value.children()[1])):
        value, letters = value.children()[0], letter + letters
    unit = unit_of(letters) if letters and not contains(value, "symbol") else None
    return Measured(value, unit, found.words) if unit else None


def _letter(expression: Expression) -> str:
    """A letter with its power, as a unit is written; empty if this is none."""
    if expression.kind == "power":
        base, power = expression.children()
        return f"{_letter(base)}^{power.parts[0]}" if base.kind == "symbol" and power.kind == "number" else ""
    return expression.name if expression.kind == "symbol" else ""


def unmeasured(expression: Expression) -> Expression:
    """Without units anywhere inside."""
    if not contains(expression, "quantity"):
        return expression
    if expression.kind == "quantity":
        return unmeasured(expression.children()[0])
    return expression.mapped(unmeasured)


def measured_apart(*formulas: Sequence[Expression]) -> bool:
    """Whether two formulas, given by their sides, measure in different units; one may name none."""
    units = [
        {measure(str(node.parts[1])) for side in sides for node in nodes(side) if node.kind == "quantity"}
        for sides in formulas
    ]
    return all(units) and units[0] != units[1]


def has_words(expression: Expression) -> bool:
    """Whether words stand in it that are no unit behind a value."""
    return any(node.kind == "words" for node in nodes(expression))
