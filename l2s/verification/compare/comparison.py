r"""Comparison: whether an answer equals the gold answer, by the type each is written as.

Lists and sets have no order, tuples and points have one, intervals have their ends with their brackets; a
list is no point. An equation is itself up to a factor; a name before a value (``x = 5``) is no part of it.
"""

from collections.abc import Sequence

from l2s.verification.compare.phrases.words import said_alike
from l2s.verification.compare.structures import listing
from l2s.verification.compare.structures.equations import same_equations, same_inequalities
from l2s.verification.compare.structures.intervals import pieces, same_pieces
from l2s.verification.compare.structures.shapes import (
    TURNED,
    apart,
    assigned,
    dimensions,
    name_themselves,
    names_differ,
    shaped,
    solutions,
    unchained,
)
from l2s.verification.compare.structures.vectors import components
from l2s.verification.compare.values.evaluation import exact
from l2s.verification.compare.values.quantities import different_things, joined, measured, same_quantities, unmeasured
from l2s.verification.compare.values.scalars import unknown_functions
from l2s.verification.parsing.expressions import ASKED, SETS, Expression, contains, symbols, variables
from l2s.verification.parsing.tokens import UnreadableError

_MAX_ITEMS = 48
"""Items of a list without order, for each is compared with each."""
_NO_SCALARS = ("list", "tuple", "interval", "set", "words", "matrix")
_EQUALITIES = {"=", "approx"}
_NAMES = {"symbol", "function", "product", "words"}
"""Kinds of names that tell apart what has the same value."""


def same(gold: Expression, answer: Expression) -> bool:
    """Whether two formulas are equal.

    Raises:
        UnreadableError: they hold what cannot be compared here.
    """
    written, given = gold, answer
    gold, answer = shaped(gold), shaped(answer)
    if gold == answer:
        return True
    gold, answer = apart(written) or gold, apart(given) or answer
    found = _by_solutions(gold, answer)
    if found is not None:
        return found
    if "relation" in (gold.kind, answer.kind):
        return _same_relation(gold, answer)
    if (gold.kind == "list") != (answer.kind == "list"):
        gold, answer = (joined(side) if side.kind == "list" else side for side in (gold, answer))
    if "list" in (gold.kind, answer.kind):
        return _same_lists(gold, answer)
    if gold.kind in SETS or answer.kind in SETS:
        return _same_sets(gold, answer)
    if "tuple" in (gold.kind, answer.kind) or "matrix" in (gold.kind, answer.kind):
        return _same_tables(gold, answer)
    if "cases" in (gold.kind, answer.kind):
        return gold.kind == answer.kind and _matched(gold.children(), answer.children())
    if "ratio" in (gold.kind, answer.kind):
        return _same_ratios(gold, answer)
    return same_quantities(gold, answer)


def _by_solutions(gold: Expression, answer: Expression) -> bool | None:
    """Inequalities, and sets beside them, as the sets of numbers they leave."""
    mine, theirs = solutions(gold), solutions(answer)
    if mine is None and theirs is None:
        return None
    if mine and theirs and mine[0] != theirs[0] and ASKED not in (mine[0], theirs[0]):
        return False if {mine[0], theirs[0]} <= symbols(gold) | symbols(answer) else None
    one = mine[1] if mine else listing.set_of(gold)
    other = theirs[1] if theirs else listing.set_of(answer)
    if one is None or other is None:
        return None
    found = pieces(one), pieces(other)
    return None if found[0] is None or found[1] is None else same_pieces(found[0], found[1])


def _same_relation(gold: Expression, answer: Expression) -> bool:
    if gold.kind == answer.kind == "relation":
        return _same_relations(gold, answer)
    if "list" in (gold.kind, answer.kind) and _in_order(gold, answer):
        return True
    chained = unchained(gold), unchained(answer)
    if any(chained) and {gold.kind, answer.kind} & {"tuple", "interval", "list"}:
        return same(chained[0] or gold, chained[1] or answer)
    if gold.kind == "relation":
        return any(same(value, answer) for value in assigned(gold, lenient=_is_computed(gold)))
    if gold.kind == "list" and any(item.kind == "relation" for item in gold.children()) and len(gold.children()) > 1:
        return _same_lists(gold, answer)
    lenient = not variables(gold) and gold.kind not in ("words", "list")
    return any(same(gold, value) for value in assigned(answer, lenient))


def _is_computed(relation: Expression) -> bool:
    r"""Whether this works a value out, as ``3 \times 4 = 12`` does; what does not hold works nothing out."""
    if set(relation.name.split()) != {"="} or variables(relation):
        return False
    sides = relation.children()
    return all(_quietly_same(sides[-1], side) for side in sides)


def _same_relations(gold: Expression, answer: Expression) -> bool:
    left, right = gold.children(), answer.children()
    signs = gold.name.split(), answer.name.split()
    if signs == (["="], ["="]) and names_differ(left[0], right[0]):
        return False
    chains = unchained(gold), unchained(answer)
    if all(chains) or (any(chains) and ["="] in signs):  # x = y = 1 names more than x = 1
        return same(chains[0] or gold, chains[1] or answer)
    if set(signs[0]) | set(signs[1]) <= _EQUALITIES | {"in"}:
        if _same_assignments(gold, answer):
            return True
        if set(signs[0] + signs[1]) == {"="} and len(left) == len(right) > 2:
            return _matched(left, right)
        if not len(left) == len(right) == 2 or signs[0] + signs[1] != ["=", "="]:
            return False
        constant = not (variables(gold) or variables(answer) or unknown_functions(gold) or unknown_functions(answer))
        if constant or any(contains(side, *_NO_SCALARS) for side in (*left, *right)):
            return _all_same(left, right)
        return same_equations(left, right)
    if len(left) == len(right) == 2 and len(signs[0]) == 1 and set(signs[0] + signs[1]) <= {"<", ">", "le", "ge"}:
        return same_inequalities(signs[0][0], left, signs[1][0], right)
    if signs[0] != signs[1]:
        signs, right = (signs[0], [TURNED.get(sign, sign) for sign in signs[1][::-1]]), right[::-1]
    return signs[0] == signs[1] and _all_same(left, right)


def _same_assignments(gold: Expression, answer: Expression) -> bool:
    """Values of the same name; names of functions of whatever variable may differ, ``y`` and ``f(x)``."""
    mine, theirs = assigned(gold), assigned(answer)
    if not mine or not theirs:
        return False
    names = listing.name_of(gold), listing.name_of(answer)
    if name_themselves(names, (*mine, *theirs)):
        return False
    if renamed := listing.renamed_values(names[0], names[1], theirs):
        return any(_quietly_same(one, other) for one in mine for other in renamed)
    if names[0] != names[1] and (rows := tuple(listing.row_of(name) for name in names)) and rows[0] and rows[1]:
        given = listing.row_of(theirs[0])
        if set(rows[0]) != set(rows[1]):  # (a, b) = (1, 2), (c, d) = (1, 2)
            return False
        if given and len(given) == len(rows[1]):
            order = [given[rows[1].index(name)] for name in rows[0]]
            return _all_quietly_same(listing.row_of(mine[0]) or (), order)
    kinds = {name.kind for name in names}
    if names[0] != names[1] and len(kinds) == 1 and kinds <= _NAMES and not variables(mine[0]):  # x = 5, y = 5
        return kinds == {"words"} and said_alike(names[0].name, names[1].name) and _quietly_same(mine[0], theirs[0])
    return any(_quietly_same(one, other) for one in mine for other in theirs)


def _quietly_same(one: Expression, other: Expression) -> bool:
    try:
        return same(one, other)
    except UnreadableError:
        return False


def _same_lists(gold: Expression, answer: Expression) -> bool:
    mine, theirs = listing.items_of(gold), listing.items_of(answer)
    if mine is None or theirs is None:
        return _named_in_order(gold, answer) or _named_in_order(answer, gold) or _in_order(gold, answer)
    if max(len(mine), len(theirs)) > _MAX_ITEMS:
        raise UnreadableError("too many items")
    if _nested(gold, theirs, answer, mine):
        return False
    named = [any(item.kind == "relation" for item in items) for items in (mine, theirs)]
    if named[0] != named[1] and listing.of_many_names(mine if named[0] else theirs):
        return _all_quietly_same(listing.unnamed(mine), listing.unnamed(theirs))
    if listing.of_many_things(mine, theirs) or listing.of_many_things(theirs, mine):
        return _all_quietly_same(mine, theirs)
    joints = {gold.parts[-1], answer.parts[-1]} if gold.kind == answer.kind == "list" else set()
    if joints == {"and", "or"} and all(item.kind == "symbol" for item in (*mine, *theirs)):  # p ∧ q and p ∨ q
        return False
    if "set" in (gold.kind, answer.kind) or any(listing.of_one_name(items) for items in (mine, theirs)):
        mine, theirs = _distinct(mine), _distinct(theirs)
    if all(named) and (paired := listing.by_names(mine, theirs)):
        return all(_quietly_same(one, other) for one, other in paired)
    if _matched(mine, theirs):
        return True
    if named[0] == named[1] and not (named[0] and listing.of_same_name(mine, theirs)):
        return False
    return _matched(listing.unnamed(mine), listing.unnamed(theirs))


def _in_order(gold: Expression, answer: Expression) -> bool:
    """``1, 2, 3`` beside ``(x, y, z) = (1, 2, 3)``, which says of each what it is."""
    for listed, point in ((gold, answer), (answer, gold)):
        if listed.kind == "list" and point.kind == "relation" and point.name == "=" and len(point.children()) == 2:
            values, names = assigned(point), listing.row_of(point.children()[0])
            row = listing.row_of(values[0]) if len(values) == 1 else None
            if names and row:
                if not any(item.kind == "relation" for item in listed.children()):
                    return _all_quietly_same(listed.children(), row)
                stated = [Expression("relation", ("=", name, one)) for name, one in zip(names, row, strict=False)]
                return _matched(listed.children(), stated)
    return False


def _all_quietly_same(one: Sequence[Expression], other: Sequence[Expression]) -> bool:
    try:
        return _all_same(one, other)
    except UnreadableError:
        return False


def _named_in_order(listed: Expression, point: Expression) -> bool:
    """``x = 1, y = 2`` beside ``(1, 2)``, or several of them beside several points."""
    if listed.kind != "list" or point.kind not in ("tuple", "interval") or str(point.parts[-1]) in ("[]", "[)", "(]"):
        return False
    items = listed.children()
    if not all(item.kind == "relation" and assigned(item) for item in items):
        return False
    names = [listing.name_of(item) for item in items]
    if len(set(names)) != len(items):
        return False
    if {name.name for name in names} <= {"x", "y", "z"}:  # coordinates have an order of their own
        items = tuple(sorted(items, key=lambda item: listing.name_of(item).name))
    return _all_same([assigned(item)[0] for item in items], point.children())


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
        depths = [sum(item.kind == "set" for item in _distinct(side.children())) for side in (gold, answer)]
        return depths[0] == depths[1] and _matched(_distinct(gold.children()), _distinct(answer.children()))
    if {gold.kind, answer.kind} <= set(SETS):
        one, other = pieces(gold), pieces(answer)
        if one is not None and other is not None:
            return same_pieces(one, other)
        return gold.kind == answer.kind == "union" and _matched(listing.parts_of(gold), listing.parts_of(answer))
    if "set" not in (gold.kind, answer.kind):
        return _same_tables(gold, answer)
    mine, theirs = listing.items_of(gold), listing.items_of(answer)
    return (
        mine is not None and theirs is not None and not _nested(gold, theirs, answer, mine) and _matched(mine, theirs)
    )


def _nested(gold: Expression, theirs: list[Expression], answer: Expression, mine: list[Expression]) -> bool:
    """Whether one side is a set of sets, and the other lists neither sets nor values with names."""
    for one, other in ((gold, theirs), (answer, mine)):
        if one.kind == "set" and any(item.kind == "set" for item in one.children()):
            return not any(item.kind in ("set", "relation") for item in other)
    return False


def _distinct(items: Sequence[Expression]) -> list[Expression]:
    """Each item once; a double root is one solution."""
    found: list[Expression] = []
    if len(items) > _MAX_ITEMS:
        raise UnreadableError("too many items")
    for item in items:
        if not any(_quietly_same(item, other) for other in found):
            found.append(item)
    return found


def _same_tables(gold: Expression, answer: Expression) -> bool:
    """Matrices, tuples and points, in order; a vector may be written either way."""
    if gold.kind == answer.kind == "matrix":
        return dimensions(gold) == dimensions(answer) and all(
            _all_same(one.children(), other.children())
            for one, other in zip(gold.children(), answer.children(), strict=True)
        )
    for one, other in ((gold, answer), (answer, gold)):
        if one.kind == "matrix" and (rows := listing.as_matrix(other)):
            return _same_tables(one, rows)
    mine, theirs = listing.row_of(gold) or components(gold, answer), listing.row_of(answer) or components(answer, gold)
    return mine is not None and theirs is not None and _all_same(mine, theirs)


def _same_ratios(gold: Expression, answer: Expression) -> bool:
    """``3:4`` is ``6:8`` and 3/4; words behind both, as in ``10:30 AM``, must be the same."""
    one, other = (side.children() if side.kind == "ratio" else (side,) for side in (gold, answer))
    behind = measured(one[-1]), measured(other[-1])
    if different_things(*behind) or None not in (behind[0].unit, behind[1].unit):
        return behind[0] == behind[1]
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
