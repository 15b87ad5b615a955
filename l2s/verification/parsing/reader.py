r"""Reader: a formula as a whole, or nothing. What is left over makes it unreadable; no fragment is ever taken.

Recursive descent over lists, relations, unions, ratios, sums, products and powers. A comma beneath no
bracket makes a list; brackets make tuples, intervals and sets.
"""

from fractions import Fraction

from l2s.verification.parsing.atoms import Atoms
from l2s.verification.parsing.expressions import Expression, number
from l2s.verification.parsing.spelling import spelled
from l2s.verification.parsing.tokens import Token, UnreadableError, tokens

RELATIONS = {"=", "<", ">", "le", "ge", "ne", "approx", "in", "equiv", "sim", "to", "cong"}
_MIRRORED = {"approx": "approx", "cong": "=", "sim": "sim"}
_SEPARATORS = {",", ";", "and", "or"}


def read(text: str, grouping: bool = True) -> Expression:
    """The tree of a formula.

    Args:
        text: as people write it.
        grouping: whether ``1,000`` is a thousand; else it is a list.

    Raises:
        UnreadableError: it is none as a whole.
    """
    reader = Reader(tokens(spelled(text)))
    reader.grouping = grouping
    return reader.whole()


class Reader(Atoms):
    """Reads one formula from its tokens; positions only move forward."""

    def whole(self) -> Expression:
        """The formula, up to the end of its tokens."""
        found = self.listed()
        if self.token.kind != "end":
            raise UnreadableError(f"no formula: '{self.token.value}' is left over")
        return found

    def listed(self) -> Expression:
        """Statements between commas, semicolons, "and" and "or"; one statement stays itself."""
        items, separators = [self.statement()], list[str]()
        while self.token.value in _SEPARATORS and self.token.kind != "text":
            between = set[str]()
            while self.token.value in _SEPARATORS:
                between.add(self.take().value)
            if self._at_close():
                break
            separators.append(";" if ";" in between else " ".join(sorted(between)))
            items.append(self.statement())
        if {";", ","} <= set(separators):
            items = _grouped(items, separators)
        words = " ".join(sorted({word for separator in separators for word in separator.split()}))
        return items[0] if len(items) == 1 else Expression("list", (*items, words))

    def statement(self) -> Expression:
        """Sides between relation signs, e.g. ``1 < x < 2`` or ``x = 5``."""
        if self.token.value in ("approx", "="):  # "≈ 3.14": a value that was announced
            self.take()
        sides, signs = [self.united()], []
        while self.token.value in RELATIONS and self.token.kind in ("name", "sign"):
            signs.append(self.take().value)
            if self.token.value == "=" and signs[-1] in "<>":
                self.take()
                signs[-1] = {"<": "le", ">": "ge"}[signs[-1]]
            if signs[-1] in ("=", "approx") and self._at_close():  # "x =" with nothing behind
                raise UnreadableError("a side of the relation is missing")
            sides.append(self.united())
        return sides[0] if not signs else Expression("relation", (" ".join(signs), *sides))

    def united(self) -> Expression:
        """Sets joined by union, intersection or difference."""
        left = self.ratio()
        while self.token.value in ("cup", "cap", "setminus"):
            kind = {"cup": "union", "cap": "intersection", "setminus": "difference"}[self.take().value]
            while self.token.value == ",":
                self.take()
            left = Expression(kind, (left, self.ratio()))
        return left

    def ratio(self) -> Expression:
        """``3:4``, or ``3:4:5``."""
        items = [self.sum()]
        while self.token.value == ":":
            self.take()
            items.append(self.sum())
        return items[0] if len(items) == 1 else Expression("ratio", tuple(items))

    def sum(self) -> Expression:
        """Terms with their signs; ``a ± b`` is either of two."""
        self.enter()
        left = self.term()
        while self.token.value in ("+", "-", "pm", "mp") and self.token.kind != "text":
            sign = self.take().value
            right = self.term()
            if sign in ("pm", "mp"):
                left = Expression("either", (sign, left, right))
            else:
                right = right if sign == "+" else negative(right)
                terms = left.parts if left.kind == "sum" else (left,)
                left = Expression("sum", (*terms, right))
        self.depth -= 1
        return left

    def term(self) -> Expression:
        """Factors, signed, written side by side or with a sign for multiplication or division."""
        if self.token.value in ("+", "-", "pm", "mp") and self.token.kind != "text":
            sign = self.take().value
            self.enter()
            inner = self.term()
            self.depth -= 1
            if sign in ("pm", "mp"):
                return Expression("either", (sign, number(0), inner))
            return inner if sign == "+" else negative(inner)
        left = self.factor()
        while True:
            value, kind = self.token.value, self.token.kind
            if value in ("*", "/") and kind == "sign":
                self.take()
                right = self._signed_factor()
                left = Expression("quotient" if value == "/" else "product", (left, right))
            elif kind == "text" or value in ("dollars",):
                left = self.quantity(left)
            elif self.starts_factor():
                left = self._beside(left)
            else:
                return left

    def _signed_factor(self) -> Expression:
        if self.token.value in ("-", "+"):
            sign = self.take().value
            return negative(self.factor()) if sign == "-" else self.factor()
        return self.factor()

    def _beside(self, left: Expression) -> Expression:
        """A factor that follows without a sign: a mixed number's fraction, digits of a group, or a product."""
        spaced, first = self.token.spaced, self.token
        bracketed = self.tokens[self.position - 1].value in (")", "}")
        if left.kind == "number" and first.kind == "number" and not bracketed:
            return self._number_beside(left, first)
        right = self.factor()
        mixed = (
            left.kind == "number"
            and left.parts[1] is None
            and right.kind == "quotient"
            and first.value == "frac"
            and all(part.kind == "number" and part.parts[1] is None for part in right.children())
        )
        if mixed:
            above, below = (part.parts[0] for part in right.children())
            assert isinstance(above, Fraction) and isinstance(below, Fraction)
            if 0 < above < below:
                return Expression("mixed", (left, right))
        if left.kind == "interval" or right.kind in ("interval", "list", "set"):
            raise UnreadableError("sets side by side" if spaced else "a set beside a factor")
        return Expression("product", (left, right))

    def _number_beside(self, left: Expression, first: Token) -> Expression:
        r"""``1 000`` and ``2 1/2``; any other two numbers side by side mean nothing."""
        whole = left.parts[0]
        assert isinstance(whole, Fraction)
        if not first.spaced or left.parts[1] is not None or not first.value.isdigit():
            raise UnreadableError("two numbers side by side")
        following = self.tokens[self.position + 1 : self.position + 3]
        if following[0].value == "/" and following[1].kind == "number" and following[1].value.isdigit():
            above, below = int(first.value), int(following[1].value)
            if 0 < above < below:
                self.position += 3
                return Expression("mixed", (left, Expression("quotient", (number(above), number(below)))))
        if len(first.value) == 3 and whole > 0 and self.grouped(left):
            self.take()
            return Expression("number", (whole * 1000 + int(first.value), None, "grouped"))
        raise UnreadableError("two numbers side by side")

    @staticmethod
    def grouped(left: Expression) -> bool:
        """Whether three more digits may follow: at most three stand before, or groups already."""
        value = left.parts[0]
        assert isinstance(value, Fraction)
        return value < 1000 or len(left.parts) > 2


def _grouped(items: list[Expression], separators: list[str]) -> list[Expression]:
    """``p = 5, q = 2; p = 7, q = 2`` as the points between its semicolons; other lists as they are."""
    if not all(item.kind == "relation" and item.parts[0] == "=" and len(item.parts) == 3 for item in items):
        return items
    groups: list[list[Expression]] = [[items[0].children()[1]]]
    for item, separator in zip(items[1:], separators, strict=True):
        if separator == ";":
            groups.append([])
        groups[-1].append(item.children()[1])
    return [Expression("tuple", tuple(group)) for group in groups]


def negative(expression: Expression) -> Expression:
    """Minus the expression; a number keeps its digits."""
    if expression.kind == "number":
        value, *rest = expression.parts
        assert isinstance(value, Fraction)
        return Expression("number", (-value, *rest))
    return Expression("negative", (expression,))
