r"""The rules of the Qwen2.5-Math evaluation, for reproduction, its false accepts included.

Numbers agree to a share of 10⁻⁴ and up to a factor of one hundred either way; commas vanish; ends of intervals
are open or closed alike; ``\pi`` is a symbol. See :mod:`~l2s.verification.graders.qwen_text` for the source. One
departure: where the toolkit hands text to SymPy's parsers, which run code in it, our own reader takes it; a
pair that the toolkit's three seconds would end is a ``limit`` here.
"""

import re
from collections.abc import Sequence
from math import isfinite

from l2s.verification.compare.values.evaluation import Field, evaluated
from l2s.verification.compare.values.scalars import same_scalar
from l2s.verification.graders.grader import Grader
from l2s.verification.graders.qwen_text import qwen_answer, stripped
from l2s.verification.outcome import Outcome
from l2s.verification.parsing.expressions import Expression, contains, nodes, symbol, symbols
from l2s.verification.parsing.limits import LONGEST, exceeds_limits
from l2s.verification.parsing.parser import read
from l2s.verification.parsing.tokens import UNREAD

_TOLERANCE = 1e-4
_CHOICE = re.compile(r"\b([A-E])\b")
_PARTS = ("list", "tuple", "interval", "union", "ratio", "difference", "intersection")


def compared_as_qwen(gold: str, answer: str) -> Outcome:
    """``correct``, ``incorrect`` or ``limit``, both sides stripped as the toolkit strips them."""
    if len(gold) > LONGEST or len(answer) > LONGEST:
        return "correct" if gold == answer else "limit"
    prediction, reference = stripped(stripped(answer)), stripped(gold)
    if prediction.lower() != reference.lower() and (exceeds_limits(prediction) or exceeds_limits(reference)):
        return "limit"
    return "correct" if equal_as_qwen(prediction, reference) else "incorrect"


def equal_as_qwen(prediction: str, reference: str) -> bool:
    """Whether the toolkit calls two stripped answers equal; the first rule that applies decides."""
    if prediction.strip().lower() == reference.strip().lower():
        return True
    if reference in tuple("ABCDE") and _CHOICE.findall(prediction.upper())[-1:] == [reference]:
        return True
    numbers = _number(prediction), _number(reference)
    if numbers[0] is not None and numbers[1] is not None:
        value = numbers[1]
        return any(_near(numbers[0], scaled) for scaled in (value / 100, value, value * 100))
    if not prediction:
        return False
    return _equal_as_written(prediction.strip(), reference.strip())


def _number(text: str) -> float | None:
    text = text.replace(",", "")
    for digits, divisor in ((text, 1), (text.removesuffix("%").removesuffix("\\"), 100)):
        if divisor == 1 or text.endswith("%"):
            try:
                return float(digits) / divisor
            except ValueError:
                continue
    return None


def _near(one: float, other: float) -> bool:
    return one == other or (isfinite(one - other) and abs(one - other) <= _TOLERANCE * max(abs(one), abs(other)))


def _equal_as_written(prediction: str, reference: str) -> bool:
    if "pmatrix" in prediction and "pmatrix" not in reference:
        rows = [found.strip("{}").replace(",", "\\") for found in re.findall(r"\{.*,.*\}", reference)]
        reference = ", ".join(rf"\begin{{pmatrix}}{row}\end{{pmatrix}}" for row in rows)
    if _unbracketed(prediction, reference) == _unbracketed(reference, prediction):
        return True
    if _bracketed(prediction) and _bracketed(reference):
        mine, theirs = prediction[1:-1].split(","), reference[1:-1].split(",")
        if len(mine) == len(theirs) and all(map(equal_as_qwen, mine, theirs)):
            return True
    if _matrix(prediction) and _matrix(reference):
        one, other = _cells(prediction), _cells(reference)
        if [len(row) for row in one] == [len(row) for row in other] and all(
            equal_as_qwen(mine, theirs)
            for left, right in zip(one, other, strict=True)
            for mine, theirs in zip(left, right, strict=True)
        ):
            return True
    return _equal_equations(prediction, reference)


def _unbracketed(text: str, other: str) -> str:
    kinds = (text[:1], text[-1:])
    if (kinds == ("[", "]") and not other.startswith("(")) or (kinds == ("(", ")") and not other.startswith("[")):
        text = text.strip("[]") if kinds[0] == "[" else text.strip("()")
    return re.sub(r"[{}()]", "", text).lower()


def _bracketed(text: str) -> bool:
    return bool(re.fullmatch(r"[(\[].+[)\]]", text, re.DOTALL))


def _matrix(text: str) -> bool:
    return bool(re.fullmatch(r"\\begin\{[pb]matrix\}.*\\end\{[pb]matrix\}", text, re.DOTALL))


def _cells(matrix: str) -> list[list[str]]:
    rows = matrix[matrix.index("}") + 1 : matrix.rindex("\\end")].split(r"\\")
    return [[cell.strip() for cell in row.split("&")] for row in rows if row.strip()]


def _equal_equations(prediction: str, reference: str) -> bool:
    mine, theirs = prediction.split("="), reference.split("=")
    if len(mine) == len(theirs) == 2:
        one, other = (f"{left.strip()} - ({right.strip()})" for left, right in (mine, theirs))
        if _symbolically(one, other) or _symbolically(f"-({one})", other):
            return True
    elif len(mine) + len(theirs) == 3:  # a name on one side
        name = (mine if len(mine) == 2 else theirs)[0].strip()
        if len(name) <= 2 and equal_as_qwen(mine[-1], theirs[-1]):
            return True
    return _symbolically(prediction, reference)


def _symbolically(prediction: str, reference: str) -> bool:
    try:
        return _alike(_named(read(prediction)), _named(read(reference)))
    except UNREAD:
        return prediction == reference


def _named(expression: Expression) -> Expression:
    r"""``\pi`` as a symbol, and a mixed number as the product it is taken for."""
    if expression.kind == "constant":
        return symbol(expression.name)
    if expression.kind == "quantity":
        return _named(expression.children()[0])
    if expression.kind == "mixed":
        expression = Expression("product", expression.parts)
    return expression.mapped(_named)


def _alike(one: Expression, other: Expression) -> bool:
    if one == other:
        return True
    if one.kind != other.kind and "ratio" in (one.kind, other.kind):
        one, other = (Expression("quotient", side.parts) if side.kind == "ratio" else side for side in (one, other))
    mine, theirs = one.children(), other.children()
    if one.kind == other.kind == "set":
        return len(mine) == len(theirs) and all(any(_alike(item, match) for match in theirs) for item in mine)
    if one.kind == other.kind == "relation":
        return one.parts[0] == other.parts[0] and (_in_order(mine, theirs) or _equal_sides(one, mine, theirs))
    if one.kind == other.kind == "matrix":
        return len(mine) == len(theirs) and all(
            _in_order(row.children(), match.children()) for row, match in zip(mine, theirs, strict=True)
        )
    if one.kind in _PARTS or other.kind in _PARTS:
        return one.kind == other.kind and _in_order(mine, theirs)
    if any(node.kind in (*_PARTS, "set", "words", "either") for side in (one, other) for node in nodes(side)):
        return False
    return same_scalar(one, other) or _near_values(one, other)


def _in_order(one: Sequence[Expression], other: Sequence[Expression]) -> bool:
    return len(one) == len(other) and all(map(_alike, one, other))


def _equal_sides(relation: Expression, mine: Sequence[Expression], theirs: Sequence[Expression]) -> bool:
    if relation.parts[0] != "=" or contains(relation, *_PARTS, "set"):
        return False
    one, other = mine[0].minus(mine[1]), theirs[0].minus(theirs[1])
    return same_scalar(one, other) or same_scalar(one, Expression("negative", (other,)))


def _near_values(one: Expression, other: Expression) -> bool:
    if (symbols(one) | symbols(other)) - {"e"}:
        return False
    return _near(float(evaluated(one, 0, Field())), float(evaluated(other, 0, Field())))


GRADER = Grader("qwen", compared_as_qwen, qwen_answer)
