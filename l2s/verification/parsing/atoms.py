r"""Atoms: what stands between the signs of a formula — numbers, symbols, functions, brackets, matrices."""

from fractions import Fraction
from functools import reduce

from l2s.verification.compare.evaluation import exact
from l2s.verification.parsing.expressions import Expression, function, number, substituted, symbol
from l2s.verification.parsing.powers import Powers
from l2s.verification.parsing.tokens import FUNCTIONS, Token

_GREEK_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta vartheta iota kappa lambda mu nu xi rho sigma tau "
    "upsilon chi psi omega varphi Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega pi infty ell "
    "hbar emptyset aleph nabla partial angle triangle ldots cdots dots star"
)
_GREEK = frozenset(_GREEK_NAMES.split())
MOST_TERMS = 60
"""Of a sum or product that is written out."""
_CONSTANTS = {"pi", "infty", "emptyset"}
_OPAQUE = frozenset("fghFGH")
_UNREAD = {"ldots", "cdots", "dots", "nabla", "partial", "star"}
_ACCENTS = {"bar", "overline", "dot", "ddot", "widehat", "widetilde", "breve", "check", "mathring"}


class Atoms(Powers):
    """The lower half of the reader; :class:`~l2s.verification.parsing.reader.Reader` adds what joins atoms."""

    def starts_factor(self) -> bool:
        """Whether the next word begins a factor that may follow without a sign."""
        kind, value = self.token.kind, self.token.value
        if kind in ("number", "letter"):
            return True
        if kind == "name":
            return (
                value in FUNCTIONS
                or value in _GREEK
                or value in _ACCENTS
                or value in ("frac", "binom", "langle", "lfloor", "lceil", "begin", "mathbb", "text")
            )
        return (kind == "sign" and value in ("(", "{", "[", r"\{")) or (value == "|" and not self.in_bars)

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
        if token.value in ("(", "[", "{", r"\{"):
            return self.bracketed(token.value)
        if token.value == "|":
            return self._bars()
        return self._refuse(f"'{token.value}' begins nothing")

    def _number(self, token: Token) -> Expression:
        mantissa = token.value.lower().partition("e")[0]
        places = len(mantissa.partition(".")[2]) if "." in mantissa else None
        value = Fraction(token.value)
        groups = self._groups(mantissa) if places is None else []
        if groups:
            self.position += 2 * len(groups)
            digits = mantissa + "".join(groups)
            value, places = Fraction(digits), len(digits.partition(".")[2]) if "." in digits else None
        return Expression("number", (value, places))

    def _groups(self, first: str) -> list[str]:
        """The groups of three digits that follow as ``,ddd``, where all that follows without space are such."""
        if self.in_sequence or not self.grouping or len(first) > 3 or first.startswith("0") or self._in_run():
            return []
        groups: list[str] = []
        for comma, group in zip(self.tokens[self.position :: 2], self.tokens[self.position + 1 :: 2], strict=False):
            if comma.value != "," or comma.spaced or group.kind != "number" or group.spaced:
                break
            whole = group.value.partition(".")[0]
            if len(whole) != 3 or "e" in group.value.lower() or (groups and "." in groups[-1]):
                return []
            groups.append(group.value)
        return groups

    def _in_run(self) -> bool:
        """Whether digits and a comma stand directly before this number, so that it begins no run."""
        before = self.tokens[max(0, self.position - 3) : self.position]
        return len(before) == 3 and before[0].kind == "number" and before[1].value == "," and not before[2].spaced

    def _letter(self, letter: str) -> Expression:
        if letter in _OPAQUE and self.token.value == "(":
            self.take()
            inside = self._inside(")")
            arguments = inside.children() if inside.kind == "list" else (inside,)
            return function(f"{letter}()", *arguments)
        return symbol(letter)

    def _words(self, content: str) -> Expression:
        return Expression("words", (content,))

    def _name(self, name: str) -> Expression:
        if name in ("sum", "prod"):
            return self._finite(name)
        if name in _UNREAD:
            return self._refuse(f"'{name}' has no value")
        if name in _GREEK:
            return Expression("constant", (name,)) if name in _CONSTANTS else symbol(name)
        if name in ("frac", "binom"):
            above = self._fraction_part()
            below = self._fraction_part()
            return Expression("quotient", (above, below)) if name == "frac" else function("binom", above, below)
        if name in _ACCENTS:
            return symbol(f"{name} {self._raw_argument()}")
        if name == "sqrt":
            return self._root()
        if name in FUNCTIONS:
            return self._applied(name)
        if name in ("langle", "lfloor", "lceil"):
            return self.bracketed(name)
        if name == "mathbb":
            letter = self._raw_argument()
            return Expression("words", (f"mathbb {letter}",))
        if name == "begin":
            return self._environment()
        return self._refuse(f"'{name}' is not understood here")

    def _finite(self, name: str) -> Expression:
        r"""``\sum_{k=1}^{5} k^2`` written out; other sums and products are beyond this reader."""
        bounds = dict[str, Expression]()
        while self.token.value in ("_", "^") and len(bounds) < 2:
            bounds[self.take().value] = self.argument()
        start, high = bounds.get("_"), exact(bounds["^"]) if "^" in bounds else None
        if start is None or start.kind != "relation" or start.parts[0] != "=" or len(start.parts) != 3:
            return self._refuse(f"'{name}' is not understood here")
        index, low = start.children()[0], exact(start.children()[1])
        if index.kind != "symbol" or low is None or high is None or {low.denominator, high.denominator} != {1}:
            return self._refuse(f"'{name}' is not understood here")
        if not 0 <= high - low < MOST_TERMS:
            return self._refuse(f"'{name}' of too many terms")
        body = self.term()
        terms = [substituted(body, str(index.parts[0]), number(value)) for value in range(int(low), int(high) + 1)]
        if name == "sum":
            return Expression("sum", tuple(terms))
        return reduce(lambda left, right: Expression("product", (left, right)), terms)

    def _fraction_part(self) -> Expression:
        r"""A group, or one digit: ``\frac12``, ``\frac9{19}``, ``\frac 34``."""
        token = self.token
        if token.kind == "number" and token.value.isdigit() and len(token.value) > 1:
            self.tokens[self.position] = token._replace(value=token.value[1:], spaced=False)
            return number(int(token.value[0]))
        if token.value in ("-", "+"):
            return self._refuse("a sign where a fraction's part should be")
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
        applied = function(name, *arguments)
        return applied if power is None else Expression("power", (applied, power))

    def _function_argument(self) -> Expression:
        """A bracket alone, or the factors that follow up to a sign, a bracket or another function."""
        if self.token.value in ("(", "[", "{", r"\{", "|"):
            argument = self.atom()
            if self.tokens[self.position - 1].value == "}" and self.token.value in ("^", "'"):
                return self._hung(argument)
            return argument
        if self.token.value == "-":
            self.take()
            return Expression("negative", (self._function_argument(),))
        argument = self.factor()
        while (
            self.starts_factor()
            and self.token.value not in FUNCTIONS - {"sqrt"}
            and self.token.value not in ("(", "[", "{", r"\{", "|")
        ):
            argument = Expression("product", (argument, self.factor()))
        return argument
