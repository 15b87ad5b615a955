r"""Families: values that an integer counts, ``x = n\pi, n \in \mathbb{Z}``, whatever letter counts and from where.

``n\pi`` and ``k\pi`` are one family where a letter is said to be any integer; so are ``4k+2`` and ``4k-2``. Where
it is said to be a natural number it may be renamed, no more. ``n = 4k + 2`` says what ``n \equiv 2 \pmod 4`` says.
"""

import re
from collections.abc import Callable
from fractions import Fraction
from itertools import permutations

from l2s.verification.compare.values.evaluation import line
from l2s.verification.compare.values.scalars import vanishes
from l2s.verification.parsing.expressions import Expression, nodes, number, substituted, symbol, symbols, variables

_DECLARED = re.compile(
    r"(?<![A-Za-z\\])([a-zA-Z])\$?\s*(?:\\in|∈)\s*\$?(?:\\mathbb|\\mathbf|\\Bbb)?\s?\{?\s?(Z|N|W|ℤ|ℕ)"
    r"|(?<![A-Za-z\\])([a-z])\$?\s*\}?\s*(?:\\text\{\s*)?(?:is|being)? ?an(?:y)? (?P<whole>integer)"
    r"|(?:any |an? )?(?P<said>integer)s?\s*\}?\s*\$?([a-z])(?![A-Za-z])"
)
_SHIFTS = (0, 1, -1, 2, -2)
_COUNTERS = {"k", "n", "m"}
_PI = Expression("constant", ("pi",))
_ARGUMENTS = {*"rstuvwxyz", "theta"}
_INTEGRATED = re.compile(r"(?:C|C_?[0-9]|c_?[0-9])$")
_CONSTANT = re.compile(r"[A-DKck](?:_?[0-9])?$")
_ADDED = tuple(symbol(name) for name in "CcKk")
_STEP = Fraction(7317, 10000)
"""No period of a common function."""
Same = Callable[[Expression, Expression], bool]


def declared(text: str) -> tuple[str, bool] | None:
    """The letter that is said to count, and whether through all integers; None if none is."""
    match = _DECLARED.search(text)
    if match is None:
        return None
    if match[1]:
        return match[1], match[2] in "Zℤ" and not re.match(r"[\s}]*(?:\^|_|\\ge|>)", text[match.end() :])
    return match[3] or match[6], True


def same_families(
    gold: Expression, about: tuple[str, bool] | None, answer: Expression, other: tuple[str, bool] | None, same: Same
) -> bool:
    """Whether two families are one up to the letter that counts and where it begins."""
    mine, theirs = variables(gold), variables(answer)
    letter = about[0] if about and about[0] in mine else _only(mine - theirs)
    counted = other[0] if other and other[0] in theirs else _only(theirs - mine)
    if letter is None or counted is None or (letter != counted and (letter in theirs or counted in mine)):
        return False
    if about and other and about[1] != other[1]:
        return False
    everywhere = all(said[1] for said in (about, other) if said)
    for sign, shift in ((sign, shift) for shift in _SHIFTS for sign in (1, -1)):
        if (sign, shift) == (1, 0) or everywhere:
            counter = symbol(letter) if sign == 1 else Expression("negative", (symbol(letter),))
            moved = Expression("sum", (counter, number(shift))) if shift else counter
            if same(gold, substituted(answer, counted, moved)):
                return True
    return False


def turning(gold: Expression, answer: Expression) -> tuple[tuple[str, bool], tuple[str, bool]] | None:
    r"""The letters that count turns in ``\frac{\pi}{4} + k\pi`` and ``\frac{\pi}{4} + n\pi``, if nothing says so."""
    letters = [_only(variables(side) & _COUNTERS) for side in (gold, answer)]
    if letters[0] is None or letters[1] is None or letters[0] == letters[1]:
        return None
    if not (_is_turned(gold, letters[0]) and _is_turned(answer, letters[1])):
        return None
    return (letters[0], False), (letters[1], False)


def _is_turned(expression: Expression, letter: str) -> bool:
    r"""Whether this is an angle and turns with π added to it; ``n\pi`` alone may be a formula in ``n``."""
    if expression.kind in ("relation", "list"):
        return all(_is_turned(item, letter) for item in expression.children() if item.kind != "symbol")
    products = [node for node in nodes(expression) if node.kind in ("product", "quotient") and letter in symbols(node)]
    return expression.kind == "sum" and any(_PI in nodes(product) for product in products)


def same_up_to_constants(gold: Expression, answer: Expression, same: Same) -> bool:
    """Whether two general solutions are one up to the letters of their constants, ``+ C`` and ``+ K``."""
    mine, theirs = (sorted(name for name in variables(side) if _CONSTANT.match(name)) for side in (gold, answer))
    about = variables(gold) - set(mine)
    if not 0 < len(mine) == len(theirs) < 4 or about != variables(answer) - set(theirs):
        return False
    integrated = any(all(_INTEGRATED.match(name) for name in names) for names in (mine, theirs))
    if not (about & _ARGUMENTS and integrated) or any(_defines(side, _CONSTANT) for side in (gold, answer)):
        return False
    for order in permutations(mine):
        renamed = answer
        for name in theirs:
            renamed = substituted(renamed, name, symbol(f"{name} of the answer"))
        for name, new in zip(theirs, order, strict=True):
            renamed = substituted(renamed, f"{name} of the answer", symbol(new))
        if same(gold, renamed):
            return True
    return False


def same_integrals(gold: Expression, answer: Expression) -> bool:
    r"""Whether two integrals differ by a constant, ``\sin^2 x + C`` and ``-\cos^2 x + C``."""
    mine, theirs = _integrand(gold), _integrand(answer)
    if mine is None or theirs is None:
        return False
    between = mine.minus(theirs)
    letter = _only(variables(between))
    if letter is None:
        return False
    return vanishes(between.minus(substituted(between, letter, Expression("sum", (symbol(letter), number(_STEP))))))


def _integrand(expression: Expression) -> Expression | None:
    """A sum without the constant that stands alone in it; None where there is none."""
    if expression.kind == "relation" and expression.parts[0] == "=" and _is_letter(expression.children()[0]):
        expression = expression.children()[-1]
    rest = tuple(part for part in expression.children() if part not in _ADDED)
    found = expression.kind == "sum" and 0 < len(rest) == len(expression.parts) - 1
    return Expression("sum", rest) if found else None


def _is_letter(expression: Expression) -> bool:
    return expression.kind == "symbol" or (expression.kind == "function" and expression.name.endswith("()"))


def _defines(expression: Expression, name: "re.Pattern[str]") -> bool:
    """Whether an equation says what such a letter is."""
    left = expression.children()[0] if expression.kind == "relation" else None
    return left is not None and left.kind == "symbol" and bool(name.match(left.name))


def _only(names: set[str]) -> str | None:
    return next(iter(names)) if len(names) == 1 else None


def residues(expression: Expression) -> tuple[str, frozenset[int], int] | None:
    """Name, residues and modulus of ``n = 4k + 2`` or several such; None if this is something else."""
    items = expression.children() if expression.kind == "list" else (expression,)
    names, found, counters = set[str](), list[tuple[int, int]](), set[str]()
    for item in items:
        named = item.kind == "relation" and item.parts[0] == "=" and len(item.parts) == 3
        name, value = item.children() if named else (None, item)
        names.add(name.name if name is not None and name.kind == "symbol" else "")
        counters |= variables(value)
        for one in value.children() if value.kind == "list" else (value,):
            step = _linear(one)
            if step is None:
                return None
            found.append(step)
    moduli = {modulus for modulus, _ in found}
    if len(moduli) != 1 or len(names) != 1 or len(counters) != 1:
        return None
    (modulus,), (name_found,) = moduli, names
    return name_found, frozenset(value % modulus for _, value in found), modulus


def _linear(value: Expression) -> tuple[int, int] | None:
    """Step and start of a formula linear in its one variable, where both are whole."""
    letter = _only(variables(value))
    if letter is None:
        return None
    found = line(value, letter)
    if found is None or any(part.denominator != 1 for part in found):
        return None
    start, step = found
    return abs(int(step)), int(start)
