"""Expressions: what a formula says, as a tree that nothing has evaluated."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Union

Part = Union["Expression", Fraction, str, int, None]
SETS = ("interval", "set", "union", "difference", "intersection")
"""Kinds that are sets of numbers."""
ASKED = "asked"
"""The symbol for what a problem asks for, where an answer gives its bound without its name."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A node: what it is, and its parts.

    Scalars: ``number`` (value, digits after the point or None), ``symbol`` (name), ``sum``, ``product``,
    ``quotient``, ``power``, ``negative``, ``function`` (name, argument…), ``either`` (both signs of ±),
    ``degrees``, ``percent``, ``quantity`` (value, unit), ``based`` (digits, base). Others: ``tuple``,
    ``list``, ``set``, ``interval`` (ends with brackets), ``union``, ``difference``, ``matrix`` (of ``tuple``
    rows), ``relation`` (sign, left, right), ``such`` (a set's condition), ``ratio``,
    ``words``.
    """

    kind: str
    parts: tuple[Part, ...]

    def children(self) -> "tuple[Expression, ...]":
        """The parts that are expressions themselves."""
        return tuple(part for part in self.parts if isinstance(part, Expression))

    @property
    def name(self) -> str:
        """What a symbol, a constant or a function is called; of a relation its signs, of words the words."""
        return str(self.parts[0])

    @property
    def value(self) -> Fraction:
        """What a number is, or the digits that a base is written behind."""
        assert isinstance(self.parts[0], Fraction)
        return self.parts[0]

    def minus(self, other: "Expression") -> "Expression":
        """This less another."""
        return Expression("sum", (self, Expression("negative", (other,))))

    def mapped(self, change: "Callable[..., Expression]", *arguments: object) -> "Expression":
        """The same node with each part that is an expression changed, by a function of the part and ``arguments``."""
        parts = list(self.parts)
        for place, part in enumerate(parts):
            if isinstance(part, Expression):  # a generator would cost depth of recursion
                parts[place] = change(part, *arguments)
        return Expression(self.kind, tuple(parts))


def number(value: Fraction | int, places: int | None = None) -> Expression:
    """A number as written, with so many digits after its point."""
    return Expression("number", (Fraction(value), places))


def symbol(name: str) -> Expression:
    """A variable or a constant that has no value here."""
    return Expression("symbol", (name,))


def function(name: str, *arguments: Expression) -> Expression:
    """A function applied."""
    return Expression("function", (name, *arguments))


def nodes(expression: Expression) -> Iterator[Expression]:
    """The expression and all below it."""
    waiting = [expression]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.children())


def contains(expression: Expression, *kinds: str) -> bool:
    """Whether a node of one of these kinds stands anywhere in it."""
    return any(node.kind in kinds for node in nodes(expression))


def symbols(expression: Expression) -> set[str]:
    """Names of all symbols."""
    return {node.name for node in nodes(expression) if node.kind == "symbol"}


def variables(expression: Expression) -> set[str]:
    """Names of all symbols but the constants e and i."""
    return symbols(expression) - {"e", "i"}


def substituted(expression: Expression, name: str, value: Expression) -> Expression:
    """The expression with a symbol replaced."""
    if expression.kind == "symbol":
        return value if expression.parts[0] == name else expression
    return expression.mapped(substituted, name, value)
