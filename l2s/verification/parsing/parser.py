r"""Parser: a formula as a whole, or nothing. What is left over makes it unreadable; no fragment is ever taken.

Recursive descent: lists hold statements, statements relations of sets, sets ratios, ratios sums, sums terms, terms
factors, and factors atoms with what is hung on them. A comma beneath no bracket makes a list; brackets make tuples,
intervals and sets; words behind a value are its unit.
"""

import re
from fractions import Fraction

from l2s.verification.parsing.building import determinant, enclosed, finite, grouped, negative, written_out
from l2s.verification.parsing.cursor import ACCENTS, ROW_BREAK, Cursor
from l2s.verification.parsing.expressions import ASKED, Expression, function, number, symbol, symbols
from l2s.verification.parsing.spelling import spelled
from l2s.verification.parsing.tokens import Token, UnreadableError, tokens
from l2s.verification.parsing.units import measure
from l2s.verification.parsing.vocabulary import FUNCTIONS, GREEK, alters

RELATIONS = {"=", "<", ">", "le", "ge", "ne", "approx", "in", "equiv", "sim", "to", "cong"}
_BOUNDS = ("<", ">", "le", "ge")
_SET_SIGNS = {"cup": "union", "cap": "intersection", "setminus": "difference", "-": "difference"}
_SEPARATORS = {",", ";", "and", "or"}
_CURRENCIES = ("dollars", "euros", "GBP")
_CONSTANTS = {"pi", "infty", "emptyset"}
_MEASURES = ("P", "E", "Pr", "Var", "V")
"""Names whose arguments are events: ``P(X = 2)``."""
_OPAQUE = frozenset("fghFGH")
_HUNG = {"^", "_", "!", "'", "%", "circ"}
"""What may hang on an atom."""
_OPENING = {"(", "[", "{", r"\{"}
_BEYOND_ARGUMENT = FUNCTIONS - {"sqrt"} | _OPENING | {"|"}
"""What ends the argument of a function that has no brackets."""
_DERIVATIVE = re.compile(
    r"\{ d(?: \^ (?:\{ )?(?P<times>[1-9])(?: \})?)?(?: (?P<name>[A-Za-z]))? \} \{ d [A-Za-z]"
    r"(?(times) \^ (?:\{ )?(?P=times)(?: \})?) \}"
)
"""The tokens behind the ``frac`` of a derivative."""
_UNREAD = {"ldots", "cdots", "dots", "nabla", "partial", "star"}

_MATRICES = {"pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "matrix", "smallmatrix", "array"}


def read(text: str, grouping: bool = True) -> Expression:
    """The tree of a formula.

    Args:
        text: as people write it.
        grouping: whether ``1,000`` is a thousand; else it is a list.

    Raises:
        UnreadableError: it is none as a whole.
    """
    parser = Parser(tokens(spelled(text)))
    parser.grouping = grouping
    return parser.whole()


class Parser(Cursor):
    """Reads one formula from its tokens."""

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
            if self.at_close():
                break
            separators.append(";" if ";" in between else " ".join(sorted(between)))
            items.append(self.statement())
        if {";", ","} <= set(separators):
            items = grouped(items, separators, ";")
        elif {"or", ","} <= set(separators):
            items = grouped(items, separators, "or")
        words = " ".join(sorted({word for separator in separators for word in separator.split()}))
        return items[0] if len(items) == 1 else Expression("list", (*items, words))

    def statement(self) -> Expression:
        """Sides between relation signs, e.g. ``1 < x < 2`` or ``x = 5``."""
        if self.token.value in ("approx", "="):  # "≈ 3.14": a value that was announced
            self.take()
        bare = self.token.value in _BOUNDS and self.token.kind in (
            "name",
            "sign",
        )  # "≥ 5": a bound of what is asked for
        sides, signs = [symbol(ASKED) if bare else self._called() or self.united()], []
        while self.token.value in RELATIONS and self.token.kind in ("name", "sign"):
            signs.append(self.take().value)
            if self.token.value == "=" and signs[-1] in "<>":
                self.take()
                signs[-1] = {"<": "le", ">": "ge"}[signs[-1]]
            if signs[-1] in ("=", "approx") and self.at_close():  # "x =" with nothing behind
                raise UnreadableError("a side of the relation is missing")
            sides.append(self.united())
        return sides[0] if not signs else Expression("relation", (" ".join(signs), *sides))

    def _called(self) -> Expression | None:
        """``x(t)``, ``f^{-1}(x)`` or ``P(X = 2)`` before ``=``: the name of what follows rather than a product."""
        words = self.tokens[self.position : self.position + 16]
        values = [word.value for word in words]
        inverse = 5 if values[1:6] == ["^", "{", "-", "1", "}"] else 0
        opening, closing = 1 + inverse, next((n for n, value in enumerate(values) if value == ")"), 0)
        arguments = words[opening + 1 : closing]
        if words[0].kind != "letter" or values[opening : opening + 1] != ["("] or not arguments:
            return None
        letters = all(word.kind == "letter" for word in arguments[::2]) and len(arguments) % 2 == 1
        plain = letters and all(word.value == "," for word in arguments[1::2])
        event = words[0].value in _MEASURES and "(" not in values[opening + 1 : closing]
        if values[closing + 1 :][:1] != ["="] or not (plain or event):
            return None
        self.position += closing + 1
        name = f"{words[0].value}{'^-1' if inverse else ''}()"
        if not plain:
            return function(name, symbol("".join(word.value for word in arguments)))
        return function(name, *(symbol(word.value) for word in arguments[::2]))

    def united(self) -> Expression:
        """Sets joined by union, intersection or difference."""
        left = self.ratio()
        while self.token.value in ("cup", "cap", "setminus") or self.takes_away():
            kind = _SET_SIGNS[self.take().value]
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
        while self.token.value in ("+", "-", "pm", "mp") and self.token.kind != "text" and not self.takes_away():
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
        start = self.position
        left = self.factor()
        while True:
            value, kind = self.token.value, self.token.kind
            if value in ("*", "/") and kind == "sign":
                self.take()
                right = self._signed_factor()
                left = Expression("quotient" if value == "/" else "product", (left, right))
            elif kind == "text":
                left = self.quantity(left, start)
            elif left.kind == "quantity" and kind == "number":
                left = Expression("sum", (left, self.term()))  # "1 hour 30 minutes"
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
        numbers = (left, *right.children()) if right.kind == "quotient" and first.value == "frac" else ()
        whole = numbers and all(part.kind == "number" and part.parts[1] is None for part in numbers)
        if whole and 0 < numbers[1].value < numbers[2].value:
            return Expression("mixed", (left, right))
        if left.kind == "interval" or right.kind in ("interval", "list", "set"):
            raise UnreadableError("sets side by side" if spaced else "a set beside a factor")
        return Expression("product", (left, right))

    def _number_beside(self, left: Expression, first: Token) -> Expression:
        r"""``1 000`` and ``2 1/2``; any other two numbers side by side mean nothing."""
        if not first.spaced or left.parts[1] is not None or not first.value.isdigit():
            raise UnreadableError("two numbers side by side")
        following = self.tokens[self.position + 1 : self.position + 3]
        if following[0].value == "/" and following[1].kind == "number" and following[1].value.isdigit():
            above, below = int(first.value), int(following[1].value)
            if 0 < above < below:
                self.position += 3
                return Expression("mixed", (left, Expression("quotient", (number(above), number(below)))))
        if len(first.value) == 3 and left.value > 0 and self.grouped(left):
            self.take()
            return Expression("number", (left.value * 1000 + int(first.value), None, "grouped"))
        raise UnreadableError("two numbers side by side")

    @staticmethod
    def grouped(left: Expression) -> bool:
        """Whether three more digits may follow: at most three stand before, or groups already."""
        return left.value < 1000 or len(left.parts) > 2

    def quantity(self, value: Expression, start: int) -> Expression:
        """A value with the words behind it, up to the end of the statement; words alone where they are no unit.

        What is counted may be anything (``7 apples``), but only of a number: ``n even`` is no quantity.
        """
        said = []
        while self.token.kind == "text" or self.within_unit(self.token):
            said.append(self.take().value)
        unit = " ".join(said)
        named, rest = measure(unit)
        wordy = value.kind in ("words", "list") or (symbols(value) and named is None) or any(map(str.isdigit, rest))
        if wordy or alters(unit):
            return Expression("words", (self.written(start),))
        return Expression("quantity", (value, unit))

    def _money(self, currency: str) -> Expression:
        """An amount behind the sign of its currency."""
        amount = self.term()
        if amount.kind != "quantity":
            return Expression("quantity", (amount, currency))
        value, unit = amount.parts
        return Expression("quantity", (value, f"{currency} {unit}" if str(unit).startswith(("per ", "/ ")) else unit))

    def factor(self) -> Expression:
        """An atom with what is hung on it: powers, factorials, degrees, percent signs, primes, indices."""
        self.enter()
        base = self._hung(self.atom())
        self.depth -= 1
        return base

    def _hung(self, base: Expression) -> Expression:
        while self.token.value in _HUNG and self.token.kind != "text":
            if self.token.value == "'" and base.kind != "symbol":
                return base
            sign = self.take().value
            if sign == "^":
                base = self._raised(base)
            elif sign == "_":
                base = self._indexed(base)
            elif sign == "!":
                base = function("double factorial" if self._doubles() else "factorial", base)
            elif sign == "'":
                base = symbol(f"{base.name}'")
            else:
                base = Expression("percent" if sign == "%" else "degrees", (base,))
        return base

    def _doubles(self) -> bool:
        """Move over the second sign of ``7!!``; of three and more each counts alone."""
        values = [token.value for token in self.tokens[self.position - 2 : self.position + 2]]
        if values[0] == "!" or values[2:3] != ["!"] or values[3:4] == ["!"]:
            return False
        self.take()
        return True

    def _raised(self, base: Expression) -> Expression:
        if self.token.value == "{" and self.tokens[self.position + 1].value == "circ":
            self.position += 2
            self.expect("}")
            return self._angle(base)
        if self.token.value == "circ":
            self.take()
            return self._angle(base)
        if self._skips_primes():
            return symbol(f"{base.parts[0]}'") if base.kind == "symbol" else self.refuse("a prime behind no name")
        exponent = self.argument(signed=True)
        if exponent.kind == "symbol" and exponent.parts[0] == "T":
            return function("transpose", base)
        return Expression("power", (base, exponent))

    def _angle(self, base: Expression) -> Expression:
        """Degrees; a letter C or F behind them is part of the unit."""
        following = self.tokens[min(self.position + 1, len(self.tokens) - 1)]
        alone = not self.token.spaced or following.kind == "end" or following.value in _SEPARATORS | RELATIONS
        if self.token.kind in ("letter", "text") and self.token.value in ("C", "F") and alone:
            return Expression("quantity", (base, f"°{self.take().value}"))
        return Expression("degrees", (base,))

    def _skips_primes(self) -> bool:
        if self.token.value == "'":
            self.take()
            return True
        if [token.value for token in self.tokens[self.position : self.position + 3]] == ["{", "'", "}"]:
            self.position += 3
            return True
        return False

    def _indexed(self, base: Expression) -> Expression:
        index = self.raw_argument()
        if base.kind == "number" and index.isdigit():
            return Expression("based", (base.value, int(index) if len(index) < 4 else self.refuse("no base")))
        if base.kind == "symbol":
            return symbol(f"{base.parts[0]}_{index}")
        return self.refuse("an index behind no name")

    def argument(self, signed: bool = False) -> Expression:
        """A group in braces, or one atom; a number after ``^`` counts whole, as in plain text."""
        if signed and self.token.value in ("-", "+"):
            sign = self.take().value
            inner = self.factor()
            return inner if sign == "+" else Expression("negative", (inner,))
        self.enter()
        found = self._bare_function_power() if signed else self.atom()
        self.depth -= 1
        return found

    def _bare_function_power(self) -> Expression:
        base = self.atom()
        if self.token.value != "^":
            return base
        self.take()  # 2^3^4 in plain text
        return Expression("power", (base, self.argument(signed=True)))

    def atom(self) -> Expression:
        """One atom."""
        token = self.take()
        if token.kind == "number":
            return self._number(token)
        if token.kind == "letter":
            return self._letter(token.value)
        if token.kind == "text":
            return self._words(token.value)
        if token.kind == "name":
            return self._name(token.value)
        if token.value in _OPENING:
            return self.bracketed(token.value)
        if token.value == "|":
            return self._bars()
        return self.refuse(f"'{token.value}' begins nothing")

    def _number(self, token: Token) -> Expression:
        mantissa = token.value.lower().partition("e")[0]
        places = len(mantissa.partition(".")[2]) if "." in mantissa else None
        value = Fraction(token.value)
        groups = self.digit_groups(mantissa) if places is None else []
        if groups:
            self.position += 2 * len(groups)
            digits = mantissa + "".join(groups)
            value, places = Fraction(digits), len(digits.partition(".")[2]) if "." in digits else None
        return Expression("number", (value, places))

    def _letter(self, letter: str) -> Expression:
        at_zero = [token.value for token in self.tokens[self.position : self.position + 3]] == ["(", "0", ")"]
        if (letter in _OPAQUE and self.opens_arguments()) or at_zero:  # y(0) is no product with nothing
            while self.token.value != "(":
                letter += self.take().value
            self.take()
            inside = self._inside(")")
            arguments = inside.children() if inside.kind == "list" else (inside,)
            return function(f"{letter}()", *arguments)
        return symbol(letter)

    def _words(self, content: str) -> Expression:
        if content in _CURRENCIES and (self.token.kind == "number" or self.token.value in ("-", "+", "frac", ".")):
            return self._money(content)
        if len(content) == 1 and self.token.value in ("=", "approx"):
            return symbol(content)
        return Expression("words", (content,))

    def _name(self, name: str) -> Expression:
        if name in ("sum", "prod"):
            return self._finite(name)
        if name in _UNREAD:
            return self.refuse(f"'{name}' has no value")
        if name in GREEK:
            return Expression("constant", (name,)) if name in _CONSTANTS else self._letter(name)
        if name in ("frac", "binom"):
            if name == "frac" and (derived := self._derivative()):
                return derived
            above = self._fraction_part()
            below = self._fraction_part()
            return Expression("quotient", (above, below)) if name == "frac" else function("binom", above, below)
        if name in ACCENTS:
            return symbol(f"{name} {self.raw_argument()}")
        if name == "sqrt":
            return self._root()
        if name in FUNCTIONS:
            return self._applied(name)
        if name in ("langle", "lfloor", "lceil"):
            return self.bracketed(name)
        if name == "mathbb":
            letter = self.raw_argument()
            return Expression("words", (f"mathbb {letter}",))
        if name == "begin":
            return self._environment()
        return self.refuse(f"'{name}' is not understood here")

    def _finite(self, name: str) -> Expression:
        r"""``\sum_{k=1}^{5} k^2`` written out; other sums and products are beyond this reader."""
        bounds = dict[str, Expression]()
        while self.token.value in ("_", "^") and len(bounds) < 2:
            sign = self.take().value
            bounds[sign] = self.argument()
        span = written_out(bounds)
        return finite(name, self.term(), *span) if span else self.refuse(f"'{name}' is not understood here")

    def _derivative(self) -> Expression | None:
        r"""``\frac{dy}{dx}`` as ``y'``; an operator without its function has no value, and no letter d is cancelled."""
        written = " ".join(token.value for token in self.tokens[self.position : self.position + 18])
        match = _DERIVATIVE.match(written)
        if match is None:
            return None
        if match["name"] is None:
            return self.refuse("a derivative has no value")
        self.position += match.group().count(" ") + 1
        return symbol(match["name"] + "'" * int(match["times"] or 1))

    def _fraction_part(self) -> Expression:
        r"""A group, or one digit: ``\frac12``, ``\frac9{19}``, ``\frac 34``."""
        token = self.token
        if token.kind == "number" and token.value.isdigit() and len(token.value) > 1:
            self.tokens[self.position] = token._replace(value=token.value[1:], spaced=False)
            return number(int(token.value[0]))
        if token.value in ("-", "+"):
            return self.refuse("a sign where a fraction's part should be")
        return self.argument()

    def _root(self) -> Expression:
        degree = None
        if self.token.value == "[":
            self.take()
            degree = self._inside("]")
        inside = self.argument()
        return function("sqrt", inside) if degree is None else function("root", inside, degree)

    def _applied(self, name: str) -> Expression:
        """A function with its index, power and argument, whichever way they are written."""
        index, power = None, None
        while self.token.value in ("_", "^"):
            sign = self.take().value
            if sign == "_":
                index = self.argument()
            else:
                power = self.argument(signed=True)
        argument = self._function_argument()
        arguments = argument.children() if argument.kind in ("list", "tuple", "interval") else (argument,)
        if index is not None:
            arguments = (*arguments, index)
        if (power is not None and power == number(-1)) or power == Expression("negative", (number(1),)):
            return function(f"arc{name}", *arguments)
        if name == "det" and len(arguments) == 1 and arguments[0].kind == "matrix":
            return determinant(arguments[0])
        applied = function(name, *(sorted(arguments, key=repr) if name in ("gcd", "lcm") else arguments))
        return applied if power is None else Expression("power", (applied, power))

    def _function_argument(self) -> Expression:
        """A bracket alone, or the factors that follow up to a sign, a bracket or another function."""
        if self.token.value in _OPENING | {"|"}:
            argument = self.atom()
            if self.tokens[self.position - 1].value == "}" and self.token.value in ("^", "'"):
                return self._hung(argument)
            return argument
        if self.token.value == "-":
            self.take()
            return Expression("negative", (self._function_argument(),))
        argument = self.factor()
        while self.starts_factor() and self.token.value not in _BEYOND_ARGUMENT:
            argument = Expression("product", (argument, self.factor()))
        return argument

    def bracketed(self, opening: str) -> Expression:
        """A group, tuple, interval, set, floor or ceiling."""
        self.enter()
        before = self.in_bars, self.in_sequence
        self.in_bars, self.in_sequence = False, opening != "{"
        if opening in (r"\{", "[", "(") and self.token.value in (r"\}", "]", ")") and opening != "(":
            self.take()
            found = Expression("set", ())
        elif opening == r"\{" and (names := self.names_elements()):
            self.position += names
            found = Expression("such", (self.listed(),))
            self.expect(r"\}")
        else:
            inside = self.listed()
            found = enclosed(opening, self.take().value, inside)
        self.in_bars, self.in_sequence = before
        self.depth -= 1
        return found

    def _bars(self) -> Expression:
        before, self.in_bars = self.in_bars, True
        inside = self.listed()
        self.in_bars = before
        self.expect("|")
        return determinant(inside) if inside.kind == "matrix" else function("abs", inside)

    def _inside(self, closing: str) -> Expression:
        before, self.in_sequence = self.in_sequence, True
        found = self.listed()
        self.in_sequence = before
        self.expect(closing)
        return found

    def _rows(self, *separators: str) -> tuple[Expression, ...]:
        """Rows of cells, up to the end of their environment and over it."""
        rows: list[Expression] = []
        while self.token.value != "end" and self.token.kind != "end":
            cells = [self.listed()]
            while self.token.value in separators:
                self.take()
                cells.append(self.listed())
            rows.append(Expression("tuple", tuple(cells)))
            if self.token.value not in (ROW_BREAK, "end"):
                return self.refuse("a row is not closed")
            while self.token.value == ROW_BREAK:
                self.take()
        self.expect("end")
        self.raw_argument()
        return tuple(rows)

    def _environment(self) -> Expression:
        kind = self.raw_argument()
        if kind == "cases":
            return Expression("cases", self._rows("&", ","))  # values with their conditions
        if kind not in _MATRICES:
            return self.refuse(f"environment '{kind}'")
        if kind == "array" and self.token.value == "{":
            self.raw_argument()
        before, self.in_sequence = self.in_sequence, True
        rows = self._rows("&")
        self.in_sequence = before
        if len({len(row.parts) for row in rows}) != 1:
            return self.refuse("rows of different lengths")
        matrix = Expression("matrix", rows)
        return determinant(matrix) if kind == "vmatrix" else matrix
