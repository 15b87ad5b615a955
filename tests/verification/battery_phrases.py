r"""More of the battery: what people write around a value, each with its counterpart that differs."""

from tests.verification.pairs import Pair, different, same

PAIRS: list[Pair] = [
    *same("hedges", "a word before the value says how it was found", ("42", "about 42"), ("42", "approximately 42")),
    *same("hedges", "the same behind it", ("12", "12 (approx)"), ("12", "12 is the answer"), ("12", "exactly 12")),
    *same("hedges", "an announcement inside \\text", ("3", r"\text{The answer is }3"), ("5", "答案是5")),
    *different("hedges", "a bound is no value", ("10", "at least 10"), ("10", "not 10"), ("10", "between 10 and 12")),
    *different("hedges", "hedged, but another value", ("42", "about 43"), ("3", r"\text{The answer is }4")),
    *same("shares", "out of, in, to", ("3/8", "3 out of 8"), ("1 in 4", r"\frac14"), ("3 to 4", "3:4")),
    *different("shares", "another share", ("3/8", "3 out of 9"), ("1 in 4", "4 in 1"), ("3 to 4", "4:3")),
    *same("scales", "a million is a factor", ("1000000", "1 million"), (r"2.5 \text{ million}", "2500000")),
    *same("scales", "problems ask for millions, so a bare value may stand for them", ("60", "60 million")),
    *different("scales", "another value or another scale", ("7", "5 million"), ("5 million", "5 billion")),
    *same("counting", "C(n, k) is a binomial coefficient", ("10", "C(5,2)"), (r"\binom{6}{3}", "C(6,3)")),
    *different("counting", "another one", ("10", "C(5,1)"), ("10", "(5,2)")),
    *same("units", "units of speed and others of two words", ("2 m/s", "2"), (r"5~\mathrm{m/s}", "5 m/s")),
    *same(
        "units", "a unit behind a power of ten", (r"4.5\times 10^{33}", "4.5e33 erg"), ("3.0 x 10^8", r"3\times10^8")
    ),
    *same("units", "the unit within the text of the value", (r"\text{5 units}", "5"), ("1234", "$1,234 dollars")),
    *different("units", "another value before the unit", ("2 m/s", "3"), (r"4.5\times 10^{33}", "4.5e32 erg")),
    *different("units", "money is no share", (r"\$5", r"5\%"), (r"5\%", r"\$0.05")),
    *same("intervals", "open ends written as brackets turned round", ("(2,3)", "]2,3["), ("[1,2)", "[1,2[")),
    *different("intervals", "turned round or not tells open from closed", ("[2,3]", "]2,3["), ("(1,2)", "[1,2[")),
    *same("matrices", "rows in brackets", (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", "[[1,2],[3,4]]")),
    *different("matrices", "rows and columns exchanged", (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", "[[1,3],[2,4]]")),
    *different(
        "matrices",
        "two determinants of different tables",
        (
            r"\left|\begin{array}{cc}1&2\\2&3\end{array}\right|=-1",
            r"\left|\begin{array}{cc}2&1\\2&4\end{array}\right|=6",
        ),
    ),
    *same(
        "letters", "several choices in any order", ("ACD", "A, C, D"), ("BD", "B,D"), (r"\text{I, III}", "I and III")
    ),
    *different("letters", "another or one more", ("AC", "A"), ("B", "(B), (C)"), (r"\text{I and III}", "I and II")),
    *same("indices", "a base in words or brackets", ("101_2", r"101_{\text{two}}"), ("204_5", "204_{(5)}")),
    *different("indices", "another base or other digits", ("101_2", r"101_{\text{three}}"), ("204_5", "214_{(5)}")),
    *same("worked", "a calculation stands for its result", (r"3 \times 4 = 12", "12"), ("12", r"3 \times 4 = 12")),
    *different("worked", "one that does not hold stands for nothing", (r"3 \times 4 = 13", "13")),
    *same("names", "the variable of a function is free to choose", ("f(x)=x+1", "f(t)=t+1")),
    *different("names", "not so the name of the function or its rule", ("f(x)=x+1", "f(t)=t+2"), ("x=3", "t=3")),
    *same("names", "a derivative is a name", (r"\frac{dy}{dx}=2x", "2x"), ("y=3, x=2", "(2,3)"), ("a=2,b=3", "2,3")),
    *different("names", "values of different names have an order", ("a=2,b=3", "3,2"), ("x=1, y=2", "(2,1)")),
    *same(
        "figures", "a segment, an angle, a triangle by its letters", (r"\overline{AB}", "AB"), (r"\angle ABC", "ABC")
    ),
    *same("figures", "an arc likewise", (r"\overset{\frown}{AB}", "AB"), (r"\triangle ABC", "ABC")),
    *different("figures", "other letters", (r"\overline{AB}", "AC"), (r"\triangle ABC", "ABD")),
    *same("parameters", "any integer", (r"x=2k\pi, k\in\mathbb{Z}", r"2k\pi"), (r"2n+1", r"2n+1, n \in \mathbb{Z}")),
    *different(
        "parameters", "another family", (r"x=2k\pi, k\in\mathbb{Z}", r"k\pi"), (r"2n+1", r"2n, n \in \mathbb{Z}")
    ),
    *same("residues", "a residue with its modulus or without", (r"5 \pmod{7}", "5"), (r"x\equiv 5\pmod 7", "5 mod 7")),
    *same("residues", "the same class", (r"x \equiv -1 \pmod 4", r"x\equiv 3\pmod 4")),
    *different(
        "residues", "another class or modulus", (r"5 \pmod{7}", "4"), (r"n \equiv 1 \pmod 4", r"n\equiv 1\pmod 5")
    ),
    *same("clocks", "the hour alone", ("11:00 AM", "11 a.m."), ("10:30", "10:30 a.m.")),
    *different("clocks", "another hour or half of the day", ("11:00 AM", "10 a.m."), ("11:00 AM", "11 p.m.")),
    *same("ornaments", "colours and ticks say nothing", (r"\color{red}{5}", "5"), (r"5 \checkmark", "5")),
    *different("ornaments", "the value counts all the same", (r"\textcolor{blue}{5}", "6"), (r"5 \checkmark", "6")),
    *same("logarithms", "without a base natural or decimal", (r"\log 100", "2"), (r"\log 2", r"\ln 2")),
    *different("logarithms", "neither", (r"\log 100", "3"), (r"\ln 100", "2"), (r"\log_2 3", r"\log_3 2")),
    *same("calculus", "a finite sum is written out", (r"\sum_{k=1}^{10}k", "55"), (r"\prod_{k=1}^{4} k", "24")),
    *same("calculus", "terms with a variable", (r"\sum_{k=1}^{3} x^k", "x+x^2+x^3"), (r"\sum_{k=1}^{3} k + 1", "7")),
    *same("calculus", "a calculation that ends on its value", (r"\int_0^1 x dx = 1/2", "0.5")),
    *same("calculus", "worked out by algebra", (r"\sum_{k=1}^{n} k", r"\frac{n(n+1)}{2}"), (r"\int_0^2 2x \, dx", "4")),
    *different("calculus", "another value", (r"\sum_{k=1}^{10}k", "54"), (r"\int_0^1 x dx = 1/2", "0.6")),
    *different("calculus", "another variable or another kind", (r"\sum_{k=1}^{n} k", "m"), (r"\int_0^1 x dx", "(0,1)")),
    *same(
        "code", "a name of a numerical library", ("np.arcsin(10/13)", r"\arcsin\frac{10}{13}"), ("-1./3", r"-\frac13")
    ),
    *different("code", "another value", ("np.arcsin(10/13)", r"\arcsin\frac{10}{12}"), ("-1./3", r"-\frac12")),
    *same(
        "grouping", "square brackets group", (r"2\left[x+1\right]", "2x+2"), (r"\frac{1}{[n-1]d}", r"\frac{1}{(n-1)d}")
    ),
    *different("grouping", "another value", (r"2\left[x+1\right]", "2x+1"), (r"\frac{1}{[n-1]d}", r"\frac{1}{n-d}")),
]
