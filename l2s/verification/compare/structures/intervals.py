"""Intervals: sets of real numbers as pieces in order, so that unions compare whatever the order they are written in."""

from dataclasses import dataclass
from functools import reduce

from l2s.verification.compare.values.evaluation import Field, evaluated
from l2s.verification.compare.values.scalars import infinite, same_scalar
from l2s.verification.parsing.expressions import Expression, symbols
from l2s.verification.parsing.tokens import UnreadableError


@dataclass(frozen=True)
class End:
    """One end of a piece."""

    place: float
    closed: bool
    written: Expression


Piece = tuple[End, End]


def pieces(expression: Expression) -> list[Piece] | None:
    """The pieces of a set of numbers, joined where they touch, in order; None if it is no such set."""
    try:
        found = _pieces(expression)
    except (UnreadableError, ArithmeticError, ValueError, TypeError):
        return None
    return None if found is None else _merged(found)


def same_pieces(gold: list[Piece], answer: list[Piece]) -> bool:
    """Whether all ends are the same and as closed."""
    return len(gold) == len(answer) and all(
        mine.closed == theirs.closed and same_scalar(mine.written, theirs.written)
        for one, other in zip(gold, answer, strict=True)
        for mine, theirs in zip(one, other, strict=True)
    )


def _pieces(expression: Expression) -> list[Piece] | None:
    children = expression.children()
    if expression.kind == "interval":
        brackets = str(expression.parts[2])
        low, high = _end(children[0], brackets[0] == "["), _end(children[1], brackets[1] == "]")
        return [(low, high)] if low.place <= high.place else None
    if expression.kind == "set":
        return [(_end(child, True), _end(child, True)) for child in children]
    if expression.kind not in ("union", "intersection", "difference"):
        return None
    sides = [_pieces(child) for child in children]
    if any(side is None for side in sides):
        return None
    left, right = (_merged(side or []) for side in sides)
    if expression.kind == "union":
        return left + right
    if expression.kind == "intersection":
        return [piece for one in left for other in right if (piece := _common(one, other))]
    return reduce(lambda remaining, hole: [part for piece in remaining for part in _without(piece, hole)], right, left)


def _end(expression: Expression, closed: bool) -> End:
    sign = infinite(expression)
    if sign:
        return End(sign * float("inf"), False, expression)
    if symbols(expression) - {"e"}:
        raise UnreadableError("an end with a symbol")
    value = evaluated(expression, 0, Field())
    if isinstance(value, complex):
        raise UnreadableError("an end that is not real")
    return End(float(value), closed, expression)


def _merged(found: list[Piece]) -> list[Piece]:
    merged: list[Piece] = []
    for low, high in sorted(found, key=lambda piece: (piece[0].place, not piece[0].closed)):
        if merged:
            before_low, before_high = merged[-1]
            touches = before_high.place == low.place and (before_high.closed or low.closed)
            if low.place < before_high.place or touches:
                top = max(before_high, high, key=lambda end: (end.place, end.closed))
                merged[-1] = (before_low, top)
                continue
        merged.append((low, high))
    return merged


def _common(one: Piece, other: Piece) -> Piece | None:
    low = max(one[0], other[0], key=lambda end: (end.place, not end.closed))
    high = min(one[1], other[1], key=lambda end: (end.place, end.closed))
    if low.place < high.place or (low.place == high.place and low.closed and high.closed):
        return low, high
    return None


def _without(piece: Piece, hole: Piece) -> list[Piece]:
    (low, high), (start, stop) = piece, hole
    before = (low, End(start.place, not start.closed, start.written))
    after = (End(stop.place, not stop.closed, stop.written), high)
    return [
        part for part in (_common(piece, before) if low.place <= start.place else None, _common(piece, after)) if part
    ]
