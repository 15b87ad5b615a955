"""Brackets: groups, tuples, intervals, sets, absolute values and matrices, by what opens and closes them."""

from l2s.verification.parsing.cursor import ROW_BREAK, Cursor
from l2s.verification.parsing.expressions import Expression, function

_CLOSING = {"lfloor": "rfloor", "lceil": "rceil"}
_MATRICES = {"pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "matrix", "smallmatrix", "array"}


class Brackets(Cursor):
    """Reads what stands between brackets."""

    def bracketed(self, opening: str) -> Expression:
        """A group, tuple, interval, set, floor or ceiling."""
        self.enter()
        before = self.in_bars, self.in_sequence
        self.in_bars, self.in_sequence = False, opening != "{"
        if opening in (r"\{", "[", "(") and self.token.value in (r"\}", "]", ")") and opening != "(":
            self.take()
            found = Expression("set", ())
        elif opening == r"\{" and self._names_elements():
            self.position += 2
            found = self.listed()
            self._expect(r"\}")
        else:
            inside = self.listed()
            found = self._closed(opening, self.take().value, inside)
        self.in_bars, self.in_sequence = before
        self.depth -= 1
        return found

    def _names_elements(self) -> bool:
        r"""Whether a name and a bar stand here, as in ``\{x \mid x > 0\}``, which is then its condition."""
        bar = self.tokens[min(self.position + 1, len(self.tokens) - 1)]
        return self.token.kind == "letter" and bar.value in ("|", ":")

    def _closed(self, opening: str, closing: str, inside: Expression) -> Expression:
        items = inside.children() if inside.kind == "list" else (inside,)
        if opening in ("lfloor", "lceil"):
            return (
                function("floor" if opening == "lfloor" else "ceil", inside)
                if closing == _CLOSING[opening]
                else self._refuse("open")
            )
        if opening == "{":
            if closing != "}":
                return self._refuse("a brace is not closed")
            return Expression("set", items) if inside.kind == "list" else inside
        if opening == r"\{":
            return Expression("set", items) if closing == r"\}" else self._refuse("a set is not closed")
        if opening == "langle":
            return Expression("tuple", items) if closing == "rangle" else self._refuse("a bracket is not closed")
        if closing not in (")", "]"):
            return self._refuse("a bracket is not closed")
        if len(items) == 1:
            if opening == "(" and closing == ")":
                return inside
            return (
                Expression("tuple", (*items, "["))
                if opening == "[" and closing == "]"
                else self._refuse("half a bracket")
            )
        if len(items) == 2:
            return Expression("interval", (*items, opening + closing))
        if (opening, closing) == ("(", ")"):
            return Expression("tuple", items)
        return (
            Expression("tuple", (*items, "["))
            if (opening, closing) == ("[", "]")
            else self._refuse("brackets of two kinds")
        )

    def _bars(self) -> Expression:
        before, self.in_bars = self.in_bars, True
        inside = self.listed()
        self.in_bars = before
        self._expect("|")
        return function("abs", inside)

    def _inside(self, closing: str) -> Expression:
        before, self.in_sequence = self.in_sequence, True
        found = self.listed()
        self.in_sequence = before
        self._expect(closing)
        return found

    def _environment(self) -> Expression:
        kind = self._raw_argument()
        if kind not in _MATRICES:
            return self._refuse(f"environment '{kind}'")
        if kind == "array" and self.token.value == "{":
            self._raw_argument()
        rows: list[Expression] = []
        before, self.in_sequence = self.in_sequence, True
        while self.token.value != "end" or self.token.kind == "end":
            cells = [self.listed()]
            while self.token.value == "&":
                self.take()
                cells.append(self.listed())
            rows.append(Expression("tuple", tuple(cells)))
            while self.token.value == ROW_BREAK:
                self.take()
            if self.tokens[self.position - 1].value == ROW_BREAK:
                continue
            if self.token.value != "end":
                return self._refuse("a matrix is not closed")
        self.in_sequence = before
        self.take()
        self._raw_argument()
        if len({len(row.parts) for row in rows}) != 1:
            return self._refuse("rows of different lengths")
        matrix = Expression("matrix", tuple(rows))
        return function("det", matrix) if kind == "vmatrix" else matrix
