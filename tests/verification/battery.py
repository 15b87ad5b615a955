r"""The battery: pairs of a gold answer and an answer, made for this project, each with the reason of its label.

``PAIRS`` are final answers; ``RESPONSES`` whole responses with the answer that stands in them. A pair that a
grader gets wrong in use belongs here first. Run as a script to compare the graders on it:
``python -m tests.verification.battery``.
"""

from typing import NamedTuple


class Pair(NamedTuple):
    kind: str
    gold: str
    answer: str
    equal: bool
    reason: str


def same(kind: str, reason: str, *pairs: tuple[str, str]) -> list[Pair]:
    return [Pair(kind, gold, answer, True, reason) for gold, answer in pairs]


def different(kind: str, reason: str, *pairs: tuple[str, str]) -> list[Pair]:
    return [Pair(kind, gold, answer, False, reason) for gold, answer in pairs]


PAIRS: list[Pair] = [
    # integers
    *same("integers", "leading zeros say nothing", ("73", "073"), ("5", "005"), ("0", "000"), ("-7", "-07")),
    *same(
        "integers",
        "the same integer, with a sign or a point of zeros",
        ("12", "+12"),
        ("12", "12.0"),
        ("12", "12."),
        ("-4", "− 4"),
    ),
    *different(
        "integers",
        "integers are equal exactly or not at all",
        ("100000", "100001"),
        ("12345678901234567890", "12345678901234567891"),
    ),
    *different("integers", "the sign counts", ("5", "-5"), ("-12", "12")),
    *different("integers", "digits left out or added", ("10", "100"), ("1234", "123"), ("73", "730"), ("11", "1")),
    *same("integers", "digits of other scripts and widths are digits", ("15", "１５")),
    *same(
        "integers",
        "arithmetic that gives the integer",
        ("10", "2+8"),
        ("24", "4!"),
        ("1024", "2^{10}"),
        ("30", r"5 \cdot 6"),
        ("16", r"2^{2^2}"),
    ),
    *different(
        "integers",
        "arithmetic that gives another",
        ("25", "4!"),
        ("1000", "2^{10}"),
        ("10", "10!"),
        ("3", r"\frac{10}{3}"),
    ),
    *same(
        "integers",
        "a formula too long for doubles, exactly the same",
        ("2^{200}+1", "1+2^{200}"),
        ("3^{300}", "9^{150}"),
    ),
    *different(
        "integers", "they differ in the last of many digits", ("2^{200}+1", "2^{200}"), ("3^{300}", "3^{300}-1")
    ),
    # thousands
    *same(
        "thousands",
        "commas and thin spaces group digits in threes",
        *(
            ("58500", "58,500"),
            ("58500", r"58{,}500"),
            ("58500", r"58\,500"),
            ("58500", r"58,\!500"),
            ("58500", "58 500"),
        ),
        *(("1234567", "1,234,567"), ("1234567.5", "1,234,567.5"), ("-2048", "-2,048"), (r"\$32,\!348", "32348")),
    ),
    *different(
        "thousands",
        "a comma that groups no three digits separates",
        ("12", "1,2"),
        ("1234", "12,34"),
        ("10000", "1,0000"),
    ),
    *different("thousands", "brackets make a point, not a number", ("1000", "(1,000)"), ("2500", "[2,500]")),
    *different("thousands", "a comma and a space make a list", ("3100", "3, 100"), ("32349", "32, 349")),
    *same("thousands", "a comma for the decimal point, where it cannot group", ("0.75", "0,75"), ("12.5", "12,5")),
    # rationals
    *same(
        "rationals",
        "one value in several spellings",
        *(
            ("3/4", r"\frac{3}{4}"),
            ("3/4", r"\dfrac34"),
            ("3/4", r"\tfrac{3}{4}"),
            ("3/4", r"\frac{6}{8}"),
            ("3/4", "0.75"),
        ),
        *(
            (r"\frac{9}{19}", r"\frac9{19}"),
            (r"\frac{2}{5}", r"\frac 25"),
            ("-1/2", r"\frac{-1}{2}"),
            ("-1/2", r"-\frac{1}{2}"),
        ),
        *(("-1/2", r"\frac{1}{-2}"), ("7/2", "7 / 2"), (r"\frac{14}{3}", r"\cfrac{14}{3}")),
    ),
    *different(
        "rationals",
        "other values",
        *(
            ("3/4", r"\frac{4}{3}"),
            ("3/4", r"\frac{3}{5}"),
            (r"\frac{1}{2}", r"\frac{1}{3}"),
            ("1/2", "12"),
            ("2/3", "-2/3"),
        ),
        *((r"\frac{1}{2004!}", r"\frac{1}{2006!}"), ("2^{-99}", "2^{-98}"), ("10^{-30}", "0"), (r"\frac{1}{7}", "7")),
    ),
    *same(
        "rationals",
        "a repeating decimal is a fraction",
        (r"\frac{1}{3}", r"0.\overline{3}"),
        (r"\frac{1}{6}", r"0.1\overline{6}"),
    ),
    *different(
        "rationals", "another repeating decimal", (r"\frac{1}{3}", r"0.\overline{2}"), ("0.3", r"0.\overline{3}")
    ),
    # mixed numbers
    *same(
        "mixed numbers",
        "a whole number beside a proper fraction is their sum",
        *(
            ("2.5", "2 1/2"),
            ("5/2", r"2\frac{1}{2}"),
            (r"137 \frac{1}{2}", "137.5"),
            (r"1\frac{4}{5}", "9/5"),
            ("-2.5", r"-2\frac12"),
        ),
    ),
    *different(
        "mixed numbers",
        "not a product, and not digits in a row",
        ("1", r"2\frac{1}{2}"),
        ("10.5", "2 1/2"),
        ("21/2", "2 1/2"),
    ),
    # decimals
    *same(
        "decimals", "zeros behind change nothing", ("0.5", "0.50"), ("3.1", "3.100"), ("2", "2.000"), ("0.25", ".25")
    ),
    *different(
        "decimals",
        "decimals differ as they are written",
        ("3.14", "3.15"),
        ("0.1", "0.01"),
        ("2.5", "2.51"),
        ("3.14", "3.14159"),
    ),
    *same(
        "decimals",
        "four digits and more, rightly rounded, stand for a value without a finite decimal",
        *(
            (r"\frac{1}{3}", "0.3333"),
            (r"\frac{2}{3}", "0.66667"),
            (r"\sqrt{2}", "1.41421"),
            (r"\pi", "3.14159"),
            (r"\frac{8}{3}", "2.6667"),
        ),
        *(
            (r"\ln 2", "0.6931"),
            (r"\frac{22}{7}", "3.142857"),
            (r"e", "2.71828"),
            (r"\frac{1}{12}", "0.0833333333333333"),
        ),
    ),
    *different(
        "decimals",
        "too few digits, or wrongly rounded",
        *(
            (r"\frac{1}{3}", "0.3"),
            (r"\frac{1}{3}", "0.33"),
            (r"\pi", "3.14"),
            (r"\frac{2}{3}", "0.67"),
            (r"\sqrt{2}", "1.4"),
        ),
        *((r"\frac{1}{3}", "0.3334"), (r"\pi", "3.1426"), (r"\frac{8}{3}", "2.6676"), (r"\frac{1}{3}", "0.3343")),
    ),
    *different(
        "decimals",
        "a value with a finite decimal is that decimal",
        (r"\frac{1}{8}", "0.1251"),
        ("1/4", "0.2501"),
        ("69/8", "8.63"),
    ),
    *same(
        "decimals",
        "a gold decimal of three digits stands for what rounds to it",
        ("33.3", r"\frac{100}{3}"),
        ("0.667", r"\frac{2}{3}"),
        ("3.14", r"\pi"),
    ),
    *different(
        "decimals", "a gold decimal of fewer digits does not", ("0.3", r"\frac{1}{3}"), ("33", r"\frac{100}{3}")
    ),
    *same(
        "decimals",
        "long decimals rounded at different places",
        ("1.41421356", "1.4142136"),
        ("0.333333333", "0.33333333"),
    ),
    # scientific notation
    *same(
        "scientific",
        "powers of ten in several spellings",
        *(
            ("1500", r"1.5 \times 10^3"),
            ("1500", "1.5e3"),
            (r"2.4 \times 10^{-5}", "0.000024"),
            ("3e8", r"3 \cdot 10^8"),
            ("6.02e23", r"6.02 \times 10^{23}"),
        ),
    ),
    *different(
        "scientific",
        "another power or mantissa",
        (r"1.5 \times 10^3", "150"),
        ("3e8", "3e7"),
        (r"2.4 \times 10^{-5}", "2.4e5"),
        ("6.02e23", "6.03e23"),
    ),
    # percent
    *same(
        "percent",
        "with a percent sign on one side either reading is meant",
        *(
            (r"28\%", "28"),
            ("28", r"28\%"),
            ("0.28", "28%"),
            (r"28\%", "0.28"),
            ("62.5%", "62.5"),
            ("40", "40 percent"),
            (r"8 \%", r"8\text{ percent}"),
        ),
        *((r"\frac{1}{4}", r"25\%"), (r"12.5\%", r"\frac{1}{8}")),
    ),
    *different(
        "percent",
        "no sign, no factor of a hundred; with two signs the numbers count",
        *(
            ("1", "100"),
            ("0.5", "50"),
            ("50", "0.5"),
            ("3", "300"),
            (r"10\%", r"0.1\%"),
            (r"25\%", r"2.5\%"),
            (r"28\%", "2.8"),
            ("5%", "500"),
        ),
    ),
    # currency
    *same(
        "currency",
        "money signs and words say what is counted",
        ("18.90", r"\$18.90"),
        (r"\$36", "36"),
        ("36", "36 dollars"),
        ("12", "€12"),
        (r"\$1,\!500", r"\$1500"),
        ("5", "5 USD"),
    ),
    *different(
        "currency",
        "other amounts, and cents are no dollars",
        (r"\$36", r"\$63"),
        (r"5 \text{ cents}", r"5 \text{ dollars}"),
        (r"\$18.90", r"\$18.09"),
    ),
    # units
    *same(
        "units",
        "a unit as a word behind the value is no part of it",
        *(
            ("12", r"12\text{ cm}"),
            ("12", "12 cm"),
            ("125", "125 miles"),
            (r"15\mbox{ cm}^2", "15"),
            ("15", r"15 \text{ cm}^2"),
            ("5.4", r"5.4 \text{ cents}"),
        ),
        *(
            (r"\frac{1}{3}", r"\frac{1}{3}\text{ of the cake}"),
            (r"2\sqrt{3}", r"2\sqrt{3}\text{ square units}"),
            ("300", r"300 \mathrm{~km} / \mathrm{s}"),
        ),
        *(
            ("7", "7 apples"),
            ("40", "40 minutes"),
            ("10 hours", "10 hrs"),
            ("3 feet", "3 ft"),
            (r"864 \text{ inches}^2", r"864\text{ square inches}"),
            ("36 m", r"36\text{ meters}"),
        ),
    ),
    *different(
        "units",
        "two known units that differ, or two values",
        *(
            ("5 cm", "5 km"),
            (r"5\text{ minutes}", r"5\text{ hours}"),
            (r"12\text{ cm}", r"13\text{ cm}"),
            (r"15\text{ cm}^2", r"15\text{ cm}^3"),
            ("7 apples", "8 apples"),
        ),
        *(("12", r"120\text{ cm}"), ("3 feet", "3 inches")),
    ),
    # degrees
    *same(
        "degrees",
        "degrees as a sign, a word, or not at all",
        (r"90^\circ", "90"),
        ("90", r"90^{\circ}"),
        (r"36^\circ", "36 degrees"),
        ("120", "120°"),
        (r"45^\circ", r"45\text{ degrees}"),
    ),
    *same("degrees", "a right angle is half of π", (r"90^\circ", r"\frac{\pi}{2}"), (r"\frac{\pi}{6}", r"30^\circ")),
    *same("degrees", "degrees inside a function", (r"\frac{1}{2}", r"\sin 30^\circ"), (r"\sqrt{3}", r"\tan 60^\circ")),
    *different(
        "degrees",
        "other angles",
        (r"90^\circ", r"80^\circ"),
        (r"90^\circ", r"\frac{\pi}{3}"),
        (r"30^\circ", r"\frac{\pi}{2}"),
    ),
    # tuples and points
    *same(
        "tuples",
        "points entry by entry, however the entries are written",
        *(
            ("(3, 4)", "(3,4)"),
            (r"\left( 3, \frac{\pi}{2} \right)", r"(3,\pi/2)"),
            ("(0.5, 2)", r"(\frac12, 2)"),
            ("(1,2,3)", "( 1 , 2 , 3 )"),
        ),
        *(
            ("(x,y)=(1,2)", "(1,2)"),
            ("(3,2)", "(p,q) = (3,2)"),
            ("(1,-16,-4,43)", "(1, -16, -4, 43)"),
            (r"\langle 1,2,3\rangle", "(1,2,3)"),
        ),
        *((r"\begin{pmatrix} 1 \\ 2 \\ 3 \end{pmatrix}", "(1,2,3)"),),
    ),
    *different(
        "tuples",
        "points have an order and a length",
        *(("(1,2)", "(2,1)"), ("(1,2,3)", "(1,2)"), ("(1,2)", "(1,3)"), ("(3,1)", r"\{1,3\}"), ("(0,0)", "0")),
    ),
    *same(
        "tuples",
        "lists of points have no order among the points",
        ("(1,2),(3,4)", "(3,4), (1,2)"),
        ("(45,2),(-10,-9)", r"(-10,-9) \text{ and } (45,2)"),
    ),
    *different(
        "tuples",
        "a point is missing or turned round",
        ("(1,2),(3,4)", "(1,2)"),
        ("(1,2),(3,4)", "(2,1),(3,4)"),
        ("(1,2),(3,4)", "(1,2),(4,3)"),
    ),
    # lists and sets
    *same(
        "lists",
        "several answers have no order, with or without braces",
        *(
            ("1,2", "2,1"),
            ("-2,1", r"\{1,-2\}"),
            (r"\{1,2,3\}", "3, 2, 1"),
            ("1, 2 and 3", "3,1,2"),
            ("-2,1", r"1 \text{ or } -2"),
            ("5, 7", "x = 5 or x = 7"),
        ),
        *(
            (r"6 \text{ and } 8", "6,8"),
            ("x=1, x=-1", "-1, 1"),
            ("1;2;3", "1,2,3"),
            ("20,28", "28 and 20"),
            (r"\{0\}", "0"),
            (r"\frac12,\sqrt{x}", r"\sqrt{x},0.5"),
        ),
        *(
            ("$69$,$84$", "84, 69"),
            ("19, 46, and 82", r"19, 46, \text{ and } 82"),
            ("x=-5, p=14/3", r"p=\frac{14}{3}, x=-5"),
        ),
    ),
    *different(
        "lists",
        "an element is missing, added or other",
        *(
            ("1,2", "1"),
            ("1,2", "1,2,3"),
            ("5", "5 or 6"),
            ("1,2", "1,3"),
            (r"\{1,2\}", r"\{1,2,0\}"),
            (r"\sqrt{67},-\sqrt{85}", r"\sqrt{67}"),
            ("4,6", "46"),
        ),
    ),
    *different("lists", "a list is no point", ("-2,1", "(-2,1)"), ("(1,2)", "1,2"), (r"\{1,2\}", "(1,2)")),
    *different("lists", "values of other names", ("x=1, y=2", "x=2, y=1"), ("a=4, b=3", "a=3, b=4")),
    *same(
        "lists",
        "names before the values are no part of them",
        ("AB=4, CD=5", "4, 5"),
        ("x=4,-8,-10", "-10,-8,4"),
        ("(1,2)", "x=1, y=2"),
    ),
    *same(
        "lists",
        "nothing in braces is the empty set",
        (r"\emptyset", r"\{\}"),
        (r"\varnothing", r"\emptyset"),
        (r"\emptyset", "no solution"),
    ),
    # plus or minus
    *same(
        "plus or minus",
        "± is two answers",
        *(
            (r"1 \pm \sqrt{19}", r"1+\sqrt{19}, 1-\sqrt{19}"),
            (r"\pm 5", "5, -5"),
            ("-3, 3", r"\pm3"),
            (r"x = \pm 2", "-2, 2"),
            (r"\{1\pm\sqrt{5},-2\}", r"-2,1-\sqrt5,1+\sqrt5"),
        ),
        *(
            (r"\frac{3 \pm \sqrt{5}}{2}", r"\frac{3+\sqrt5}{2}, \frac{3-\sqrt5}{2}"),
            (r"3 \pm 2\sqrt{2}", r"3 \mp 2\sqrt{2}"),
            ("±7", "-7 or 7"),
        ),
    ),
    *different(
        "plus or minus",
        "one of the two is not both",
        (r"\pm 5", "5"),
        (r"1 \pm \sqrt{19}", r"1+\sqrt{19}"),
        ("3", r"\pm 3"),
        (r"\pm 2021", "-2021"),
        (r"\pm 1", r"\pm 2"),
    ),
    # intervals
    *same(
        "intervals",
        "ends in other spellings, or as an inequality",
        *(
            (r"(0.6,2.6667]", r"\left(\frac{3}{5},\frac{8}{3}\right]"),
            ("[0,1)", "[0, 1)"),
            (r"(2,\infty)", r"(2, +\infty)"),
            ("1<x<2", "(1,2)"),
            ("(1,2)", "1<x<2"),
        ),
        *(
            (r"x \in [-2,7]", "[-2,7]"),
            (r"[-2,7]", r"x \in [-2,7]"),
            (r"[-2,7]", r"-2 \le x \le 7"),
            (r"(-\infty, 3)", "x<3"),
            (r"x \ge 5", r"[5,\infty)"),
        ),
        *(
            (r"[\frac12, 8]", "[0.5,8]"),
            (r"(e, \infty)", r"x>e"),
            (r"(-\infty,\infty)", r"\mathbb{R}"),
            ("all real numbers", r"(-\infty,\infty)"),
        ),
    ),
    *different(
        "intervals",
        "open is not closed, and the ends count",
        *(
            ("(1,2)", "[1,2]"),
            ("[0,1)", "(0,1]"),
            ("[0,1)", "[0,1]"),
            ("[0,9)", "[0,1)"),
            (r"(2,\infty)", r"[2,\infty)"),
            (r"(2,\infty)", r"(-\infty,2)"),
            ("[1,2]", "1<x<2"),
        ),
        *((r"(0,4)", r"(0,4)\cup(5,6)"), ("[2,3]", "[3,2]"), ("(1,5)", "1,2,3,4,5")),
    ),
    *same(
        "intervals",
        "a set given by its condition",
        (r"[0,\infty)", r"\{x \mid x \geq 0\}"),
        ("x>2", r"\{x : x > 2\}"),
    ),
    *different("intervals", "another condition", (r"[0,\infty)", r"\{x \mid x > 0\}")),
    # unions
    *same(
        "unions",
        "in any order, joined where they touch",
        *(
            (r"(-\infty,2)\cup(3,\infty)", r"(3,\infty)\cup(-\infty,2)"),
            (r"(-\infty,-1)\cup(1,\infty)", "x<-1 or x>1"),
            (r"[0,1]\cup[1,2]", "[0,2]"),
        ),
        *(
            (r"\{-1\} \cup [0,7)", r"[0,7) \cup \{-1\}"),
            (r"(-\infty,3)\cup(3,\infty)", r"x \ne 3"),
            (r"x \neq 3", r"\mathbb{R} \setminus \{3\}"),
            ("(1,3)", "x>1 and x<3"),
        ),
        *(
            (r"1 \le |z| \le \frac32", r"[-\frac32,-1] \cup [1,\frac32]"),
            (r"|x|<3", "(-3,3)"),
            (r"(2,12)\cup(12,102)", r"x \in (2,12) \cup (12,102)"),
        ),
    ),
    *different(
        "unions",
        "a part is missing or an end differs",
        *(
            (r"(-\infty,2)\cup(3,\infty)", r"(-\infty,2)"),
            (r"(0,9)\cup(9,36)", "(0,36)"),
            (r"(-\infty,2)\cup(3,\infty)", r"(-\infty,2]\cup(3,\infty)"),
        ),
        *((r"(-\infty,-1)\cup(1,\infty)", "(-1,1)"), (r"x \ne 3", r"x \ne -3"), (r"|x|<3", "x<3")),
    ),
    # inequalities
    *same(
        "inequalities",
        "turned round or multiplied",
        *(
            ("x<1", "-x>-1"),
            ("x < 2", "2 > x"),
            (r"x \ge 5", r"5 \le x"),
            ("2x<6", "x<3"),
            (r"n \geq 4", r"4 \leq n"),
            ("x <= 2", r"x \leqslant 2"),
            ("x+1>0", "x>-1"),
            ("a+b>2", "2a+2b>4"),
        ),
    ),
    *different(
        "inequalities",
        "the direction, the bound and strictness count",
        *(
            ("x<1", "x>1"),
            ("x>3", r"x\ge 3"),
            ("x<1", "x>-1"),
            (r"x \ge 5", r"x \le 5"),
            ("x<3", "x<4"),
            ("x>3", "3"),
            ("x<1", "y<1"),
            ("a+b>2", "a+b<2"),
        ),
    ),
    # matrices
    *same(
        "matrices",
        "entry by entry, in any brackets",
        *(
            (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}"),
            (r"\begin{pmatrix}1/2\\2\end{pmatrix}", r"\begin{pmatrix} \dfrac12 \\ 2\end{pmatrix}"),
        ),
        *(
            (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\left[\begin{array}{cc}1 & 2 \\ 3 & 4\end{array}\right]"),
            (r"\begin{pmatrix}1&0\\0&1\end{pmatrix}", r"(\begin{pmatrix}1&0\\0&1\\\end{pmatrix})"),
        ),
        *(
            (r"\begin{pmatrix} 2 \\ 4 \end{pmatrix}", r"2\begin{pmatrix} 1 \\ 2 \end{pmatrix}"),
            (r"\begin{pmatrix}0.5&1\end{pmatrix}", r"\frac{1}{2}\begin{pmatrix}1&2\end{pmatrix}"),
        ),
        *((r"A=\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{pmatrix}1&2\\3&4\end{pmatrix}"),),
    ),
    *different(
        "matrices",
        "another entry, another shape",
        *(
            (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{pmatrix}1&2\\3&5\end{pmatrix}"),
            (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{pmatrix}1&3\\2&4\end{pmatrix}"),
        ),
        *(
            (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}1\\2\\0\end{pmatrix}"),
            (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}1&2\end{pmatrix}"),
            (r"\begin{pmatrix}-7\\16\\5\end{pmatrix}", "14"),
        ),
    ),
    # equations
    *same(
        "equations",
        "up to a factor, or solved for a variable",
        *(
            ("2x+4=0", "x+2=0"),
            ("y=2x+3", "y-2x=3"),
            ("x-2y+z-1=0", "-x+2y-z+1=0"),
            ("x^2+y^2=1", "1=x^2+y^2"),
            (r"\frac{x^2}{4}+\frac{y^2}{3}=1", "3x^2+4y^2=12"),
        ),
        *(
            ("2x+4y-3=0", r"y=-\frac12x+\frac34"),
            ("y = -2x", "2x + y = 0"),
            ("(x-3)^2+(y-6)^2=20", "(y-6)^2+(x-3)^2=20"),
            ("x=2", "2=x"),
            (r"y=\frac{1}{x}", "xy=1"),
        ),
    ),
    *different(
        "equations",
        "another line, another number",
        *(
            ("2x+4=0", "x+4=0"),
            ("y=2x+3", "y=3x+2"),
            ("x+y=13", "3x-y+13=0"),
            ("x=5", "x=-5"),
            ("x=5", "y=5"),
            ("a+3z=0", "0"),
            ("2x+z=1", "1"),
            ("y=x^2", "y^2=x^4"),
            ("x^2=1", "x=1"),
        ),
    ),
    *same(
        "equations",
        "a name before a value is no part of it",
        *(
            ("5", "x=5"),
            ("x=5", "5"),
            ("11", r"x \approx 11"),
            ("f(x)=x+1", "x+1"),
            ("x+1", "f(x)=x+1"),
            ("k=1", "1"),
            ("E(W)=21/2", "10.5"),
            ("|AB|=1", "1"),
            ("7:32", "S_1:S_2=7:32"),
        ),
        *(
            ("z=2", "z=1+1=2"),
            ("1/3", r"x = \frac13 \approx 0.333"),
            (r"\frac{\sqrt3}{3}", r"\frac{\sqrt3}{3} \approx 0.577"),
            ("y=2x+3", "f(x)=2x+3"),
            (r"74^\circ", r"\angle APC = 74^\circ"),
        ),
    ),
    *different(
        "equations",
        "the value behind the name differs",
        ("5", "x=6"),
        ("x=5", "6"),
        ("f(x)=x+1", "x-1"),
        ("z=2", "z=1+2=3"),
        ("11", "11a+c=7"),
    ),
    # ratios and times
    *same(
        "ratios",
        "ratios reduce, and are fractions",
        ("3:4", "6:8"),
        ("3:4", r"\frac34"),
        ("1:2:3", "2:4:6"),
        ("7:32", "7 : 32"),
    ),
    *different(
        "ratios",
        "other ratios, and other times of day",
        ("3:4", "4:3"),
        ("12:00", "1:00"),
        ("1:2:3", "1:3:2"),
        ("3:4", "3"),
    ),
    *same("ratios", "a time with and without its half of the day", ("10:30", "10:30 AM"), ("10:30 a.m.", "10:30 AM")),
    *different("ratios", "morning is not evening", ("10:30 AM", "10:30 PM")),
    # surds
    *same(
        "surds",
        "one number in several forms",
        *(
            (r"\frac{\sqrt3}{3}", r"\frac{1}{\sqrt3}"),
            (r"\sqrt{12}", r"2\sqrt{3}"),
            (r"\sqrt{1/n}", r"1/\sqrt n"),
            (r"\sqrt{27}", r"3\sqrt3"),
            (r"\sqrt[3]{16}", r"2\sqrt[3]{2}"),
            (r"\sqrt{\sqrt2}", "2^{1/4}"),
        ),
        *(
            (r"\frac{1}{\sqrt2+1}", r"\sqrt2-1"),
            (r"\sqrt{3+2\sqrt2}", r"1+\sqrt2"),
            (r"11\sqrt5+11", r"11(1+\sqrt{5})"),
            (r"\frac{8}{\sqrt[3]{7}}", r"\frac{8\sqrt[3]{49}}{7}"),
            (r"\sqrt{3}-1", "-1+sqrt(3)"),
        ),
        *(
            (r"\sqrt{2}", "√2"),
            (r"\frac{9}{4}\pi", r"\frac{9\pi}{4}"),
            (r"\sqrt 2+\sqrt 5", r"\sqrt5+\sqrt2"),
            (r"\frac{3\sqrt{5}}{7}", "(3*sqrt(5))/7"),
            (r"(-8)^{1/3}", "-2"),
        ),
    ),
    *different(
        "surds",
        "near is not equal, and a factor counts",
        *(
            (r"\sqrt{12}", r"3\sqrt2"),
            ("4", r"4\sqrt{2}"),
            (r"\sqrt{10^{40}+1}", "10^{20}"),
            (r"\sqrt2+\sqrt3", r"\sqrt5"),
            (r"\sqrt{50}", "7.1"),
            ("2", r"\frac{1+\sqrt5}{2}"),
            (r"\sqrt[3]{2}", r"\sqrt{2}"),
            (r"3\sqrt{13}", r"13\sqrt3"),
        ),
    ),
    # expressions
    *same(
        "expressions",
        "equal after working out",
        *(
            ("x^2+2x+1", "(x+1)^2"),
            ("2x+1", "1+2x"),
            (r"\frac{x+2}{7}", r"\frac{x}{7}+\frac{2}{7}"),
            ("10-4n", "-4n+10"),
            (r"\frac{n(n+1)}{2}", r"\frac{n^2+n}{2}"),
            ("2-2p", "-2(p-1)"),
            ("x^3y", "y x^3"),
        ),
        *(
            (r"\sin^2x+\cos^2x", "1"),
            (r"\tan^2 y+1", r"\sec^2(y)"),
            (r"2\sin b\cos a", r"2 \cos(a)\sin(b)"),
            (r"e^{x}e^{y}", r"e^{x+y}"),
            (r"\ln(x^2)", r"2\ln x"),
            (r"\log_2 8", "3"),
            (r"\log_{10}100", "2"),
        ),
        *(
            (r"\frac{1}{3\sqrt[3]{x}^2}", r"\frac{1}{3x^{2/3}}"),
            (r"2^{n+1}", r"2\cdot 2^n"),
            (r"\binom{6}{3}", "20"),
            (r"\binom{n}{2}", r"\frac{n(n-1)}{2}"),
            ("abc", "cab"),
            ("x^5-x^4+1", "1 - x^4 + x^5"),
        ),
        *(
            (r"\frac{d!}{(d-2)!}", "d(d-1)"),
            (r"|x-2|", "|2-x|"),
            (r"x_1+x_2", "x_2+x_1"),
            (r"\sin(2x)", r"2\sin x\cos x"),
            (r"\cos 2x", r"1-2\sin^2 x"),
            ("a/b", r"\frac{a}{b}"),
            ("3x", "3*x"),
            ("2x^2", "2x**2"),
        ),
        *(
            (r"\frac{\ln|t|}{3}+C", r"\frac13\ln|t|+C"),
            (r"\arcsin\frac12", r"\frac{\pi}{6}"),
            (r"\sin^{-1} x", r"\arcsin x"),
            (r"\lfloor \sqrt{10}\rfloor", "3"),
            (r"x^2-x^2", "0"),
        ),
    ),
    *different(
        "expressions",
        "a sign, a coefficient, an exponent or a variable differs",
        *(
            ("x^2+2x+1", "x^2+2x-1"),
            ("x^2+2x+1", "x^3+2x+1"),
            ("2x+1", "2y+1"),
            ("x+a", "x+m"),
            ("a/b", "c/b"),
            ("a^2", "m^2"),
            ("3a", "3m"),
            ("a", "b"),
            ("(a+5)(b+2)", "(a+5)(b-2)"),
            ("(a+5)(b+2)", "(+5)(b+2)"),
        ),
        *(
            (r"|x|", "x"),
            (r"\sqrt{x^2}", "x"),
            (r"\sin x", r"\cos x"),
            (r"e^{x}", r"e^{-x}"),
            (r"\ln(x+y)", r"\ln x+\ln y"),
            ("2^{n}", "2^{n+1}"),
            ("n!", "n"),
            ("(x+1)^2", "x^2+1"),
            (r"\frac{1}{x+1}", r"\frac1x+1"),
        ),
        *(
            ("f(x+1)", "f(x)+f(1)"),
            ("x_1", "x_2"),
            ("x+2n+1", "x+1"),
            (r"\frac{x}{2}", r"\frac{2}{x}"),
            (r"1-\frac{1}{\mathrm e}", r"1+\frac{1}{\mathrm e}"),
            ("A", "a"),
            ("2k", "2k+2"),
            ("6r^2-4r-24", "6r^2-4r+24"),
        ),
    ),
    *different(
        "expressions",
        "a formula with an ellipsis is not worked out",
        (r"1,2,\ldots,n", r"1,3,5,\ldots,2n-1"),
        (r"1+2+\cdots+n", r"1+3+\cdots+n"),
    ),
    # sums and integrals: beyond our own reader
    *same("sums", "the same sum, its factors exchanged", (r"\sum_{k=0}^{n} a_k b_k", r"\sum_{k=0}^{n} b_k a_k")),
    *different("sums", "another bound", (r"\sum_{k=0}^{n} a_k", r"\sum_{k=1}^{n} a_k")),
    # complex numbers
    *same(
        "complex",
        "in any order and form",
        ("2+3i", "3i+2"),
        ("1+274i", "1 + 274i"),
        ("-8-8\\sqrt{3} i", r"-8(1+i\sqrt3)"),
        (r"\frac{1+i}{1-i}", "i"),
        (r"e^{i\pi}", "-1"),
        (r"3i\sqrt5", r"3\sqrt{5}i"),
        ("i^2", "-1"),
    ),
    *different(
        "complex",
        "a conjugate, a part, a sign",
        ("2+3i", "2-3i"),
        ("6-5i", "6+5i"),
        ("3i", "3"),
        ("-2+7i", "7-2i"),
        ("i", "-i"),
        (r"\frac{3+i\sqrt3}{2}", r"\frac{3-i\sqrt3}{2}"),
    ),
    # infinities
    *same(
        "infinities",
        "infinity in its spellings",
        (r"\infty", r"+\infty"),
        (r"\infty", "infinity"),
        (r"-\infty", r"- \infty"),
    ),
    *different(
        "infinities",
        "its sign counts, and it is no number",
        (r"\infty", r"-\infty"),
        (r"\infty", "1000000"),
        ("0", r"\infty"),
    ),
    # bases
    *same(
        "bases",
        "a base as an index, with braces or without it",
        ("204_5", "204_{5}"),
        ("2516_8", "2516_8"),
        ("4343_6", "4343"),
        ("52_8", "52_{8}"),
    ),
    *different(
        "bases",
        "another base, other digits",
        ("204_5", "204_6"),
        ("2516_8", "2561_8"),
        ("2516_8", "1358"),
        ("1358", "2516_8"),
    ),
    # multiple choice
    *same(
        "choices",
        "the letter decides, however it is dressed",
        *(
            (r"\text{(B)}", "B"),
            ("B", "(B)"),
            ("B", r"\textbf{(B)}"),
            ("C", "C."),
            ("C", "C. x = 42"),
            ("(D)", "D"),
            (r"\text{(E)}", r"\text{E}"),
            ("(A) 12", "A"),
            ("D", r"\textbf{(D)}\ 12"),
            ("(A) 12", "12"),
        ),
        *(("A", "Option A"), ("E", r"\mathrm{E}"), ("A", r"\textbf{A}")),
    ),
    *different(
        "choices",
        "another letter",
        ("A", "B"),
        (r"\text{(B)}", r"\text{(C)}"),
        ("(D) 12", "C"),
        ("C", "D. x = 42"),
        ("E", r"\mathrm{E}*2"),
        ("A", "A, B"),
        ("A) 5", "B) 5"),
    ),
    # words
    *same(
        "words",
        "words in any dress and case",
        *(
            (r"\text{Evelyn}", "Evelyn"),
            ("even", r"\text{Even}"),
            ("east", r"\textbf{east}"),
            ("Yes", "yes."),
            (r"\text{ellipse}", "an ellipse"),
            ("no solution", r"\text{No solution}"),
            ("converges", "convergent"),
        ),
        *(
            ("odd", '"odd"'),
            ("undefined", "does not exist"),
            ("True", r"\text{true}"),
            ("odd $n$", "odd $n$"),
            ("Not a function", r"\text{not a function}"),
            (r"\text{e}", "e"),
        ),
    ),
    *different(
        "words",
        "other words",
        ("even", "odd"),
        ("Yes", "No"),
        (r"\text{Evelyn}", r"\text{Briana}"),
        ("odd", "oddd"),
        ("converges", "diverges"),
        ("ellipse", "5"),
        ("even", "e"),
        ("no solution", "0"),
        ("not even", "even"),
    ),
    *same(
        "words",
        "numbers spelled out",
        ("3", "three"),
        ("25", "twenty-five"),
        (r"\text{two}", "2"),
        ("112", "one hundred and twelve"),
    ),
    *different("words", "another number spelled out", ("3", "four"), ("25", "twenty"), ("12", "one two")),
    *same(
        "words",
        "a sentence that announces the value",
        ("42", "The answer is 42."),
        ("7", r"The area is $7$."),
        (r"x \ne 5", r"The solution is $x \ne 5$."),
    ),
    *different(
        "words",
        "a sentence that announces another",
        ("42", "The answer is 24."),
        ("42", "It is 42 in the first case. The answer is 7."),
    ),
    # Chinese
    *same(
        "chinese",
        "Chinese units, words and punctuation",
        ("5", "5元"),
        ("12", "12厘米"),
        ("1,2", "1，2"),
        ("1,2", "1或2"),
        ("(1,2)", "（1，2）"),
        ("192", r"192\text{公斤}"),
        ("3", "三"),
        ("1,2", "2和1"),
        ("yes", "是"),
        ("no solution", "无解"),
    ),
    *different("chinese", "another value", ("5", "6元"), ("12厘米", "12米"), ("1,2", "1或3"), ("是", "否")),
    # noise of formatting
    *same(
        "formatting",
        "dollars, boxes, sizing, spaces and full stops say nothing",
        *(
            ("5", "$5$"),
            ("5", r"\(5\)"),
            ("5", r"\boxed{5}"),
            ("5", "5."),
            ("5", r"\displaystyle 5"),
            (r"\frac12", r"\left(\frac{1}{2}\right)"),
            ("(1,2)", r"\left( 1,\; 2 \right)"),
            ("5", "**5**"),
            ("x+1", "x\\,+\\,1"),
        ),
        *(
            (r"\boxed{\text{C}}", r"$\boxed{\text{(C)}}$"),
            ("5", "\u202e5\u202c"),
            ("5", "5\u200b"),
            (r"\frac{1}{2}", "\\\\frac{1}{2}"),
            ("10", r"{10}"),
            ("2x", r"2 x"),
            ("x", r"\mathbf{x}"),
            ("185", "185\\"),
        ),
    ),
    # fragments
    *different(
        "fragments",
        "what is not a formula as a whole equals none, and no part of it is taken",
        *(
            ("5", "a+b+"),
            ("5", "5+"),
            ("5", "(5"),
            ("1/2", r"\frac{1}{2"),
            ("5", "5 ) $ 5"),
            ("1", r"1\sqrt{19}"),
            ("2", "AZYUK2A"),
            ("5", "5 5"),
            ("1", "-[0,1)"),
            ("", "5"),
            ("5", " "),
            ("5", "?"),
        ),
    ),
    # hostile input
    *different(
        "hostile",
        "each gets its verdict, and none is right",
        *(
            ("5", "9^{9^{9^9}}"),
            ("5", "(10^9)!"),
            ("2^{10^7}", "2^{10^7}+1"),
            ("1", r"\frac{1}{0}"),
            ("5", "__import__('os').system('true')"),
            ("5", r"\text{__import__('os')}"),
            ("5", "().__class__.__base__"),
        ),
        *(
            ("5", "5" * 5_000),
            ("5", "{" * 2_000 + "5" + "}" * 2_000),
            ("5", "5\x00x"),
            ("5", "\ud800x"),
            ("5", "\u202ex"),
            ("5", r"\frac" * 500),
            ("5", "x+" * 900 + "x"),
            ("5", "(" * 1_500),
            ("5", "!" * 1_500),
        ),
        *(
            ("5", r"\sqrt{" * 300 + "5" + "}" * 300),
            ("0", r"\Gamma(10^8)"),
            ("5", "5%" * 600),
            ("5", "_" * 1_000),
            ("5", "\\" * 1_000),
            ("5", "$" * 999),
            ("5", r"\begin{pmatrix}" * 200),
            ("5", "|" * 801),
        ),
    ),
]


class Response(NamedTuple):
    text: str
    answer: str | None
    reason: str
    cut: bool = False


RESPONSES: list[Response] = [
    Response(r"So the value is \boxed{42}.", "42", "one box"),
    Response(r"\boxed{10} and then some more work gives \boxed{42}", "42", "words between boxes: the last wins"),
    Response(r"First \boxed{10}. Hmm, I was wrong: the value is \boxed{42}", "42", "the last box wins"),
    Response(r"\boxed{1} no wait, \boxed{2}", "2", "the first was withdrawn"),
    Response(r"\boxed{1}, actually \boxed{2}", "2", "the first was withdrawn"),
    Response(r"The roots are \boxed{3} and \boxed{5}.", "3, 5", "two answers were asked"),
    Response(r"$\boxed{(1,2)}, \boxed{(2,1)}$", "(1,2), (2,1)", "boxes side by side"),
    Response(r"$$\boxed{7} \quad \text{or} \quad \boxed{9}$$", "7, 9", 'boxes joined by "or"'),
    Response(r"\( x = \boxed{1} \) and \( y = \boxed{2} \)", "1, 2", "boxes joined, each with its name"),
    Response(r"\boxed{5}" + "\n\n" + r"\boxed{5}", "5", "the same box twice"),
    Response(r"so $a = -\boxed{256}$", "-256", "a sign before the box belongs to it"),
    Response(r"\boxed{\frac{1}{2}}", r"\frac{1}{2}", "braces inside"),
    Response(r"\boxed{\left\{1, \{2\}\right\}}", r"\left\{1, \{2\}\right\}", "escaped braces inside"),
    Response(r"\boxed{\text{so } \boxed{5}}", "5", "a box in a box"),
    Response("$$\n\\boxed{\n9\n}\n$$", "9", "a box on lines of its own"),
    Response(r"\fbox{7}", "7", "\\fbox is a box"),
    Response(r"\boxed 5$ done", "5", "a box without braces"),
    Response(r"\boxed{ $3$. }", "3", "dollars and a full stop inside"),
    Response(r"\boxed{8}. Put it in \boxed{}.", "8", "an empty box is none"),
    Response(r"\boxed{3} and \boxed{\frac{1}{2}", "3", "a box that never closes is none"),
    Response(r"\boxed{\frac{1}{2}", None, "a box that never closes is none"),
    Response(r"ANSWER: \boxed{42}", "42", "announced and boxed"),
    Response("ANSWER: 42", "42", "announced"),
    Response("Final Answer: The largest $n$ is 34.", "34", "announced in a sentence of its own"),
    Response("The volume of the cube is 120", "120", "the last sentence says what it is"),
    Response("**Answer:** 42", "42", "announced in bold"),
    Response("Final answer:\n\n42", "42", "announced, the value on a line below"),
    Response("The answer is 41.", "41", "a sentence"),
    Response("The answer is 3.5. It fits.", "3.5", "a point that ends no sentence"),
    Response("The answer is 42 because nothing else fits", "42", "the reason behind it is no part"),
    Response("The final answer is $x=3$. I hope it is correct.", "x=3", "the few-shot phrase"),
    Response("the answer is 4. wait, the answer is 5", "5", "the last announcement wins"),
    Response("16 - 3 = 13\n#### 42", "42", "four hashes"),
    Response("答案是 12\n\n更多", "12", "Chinese"),
    Response("答案：12。", "12", "Chinese, with a full stop"),
    Response("答案为：$\\frac{1}{2}$", r"\frac{1}{2}", "Chinese, with dollars"),
    Response("It comes to **73**.", "73", "the last bold number"),
    Response("\\boxed{\\Delta E}\nAnswer: D", "D", "a choice announced after the box"),
    Response("Answer: (C)", "(C)", "a choice"),
    Response("42", "42", "nothing but the value"),
    Response("First compute 6*7.\n42", "42", "the value on the last line"),
    Response("So 3 + 4 = 7.\nThus the total is 7.", "7", "the last sentence ends on it"),
    Response(r"Therefore, \(a + b = 121 + 909 = 1030\).", "a + b = 121 + 909 = 1030", "the last sentence ends on it"),
    Response(r"Thus, there are 8 integer values of \(t\) that satisfy it.", "8", "the only value of a conclusion"),
    Response(r"<think>\boxed{1}</think>So \boxed{2}", "2", "after thinking comes first"),
    Response(r"<think>\boxed{1}</think>Done.", "1", "closed thinking comes second"),
    Response(r"<think>\boxed{1}", None, "thinking never closed"),
    Response(r"<think>a</think>\boxed{1}<think>again \boxed{2}", None, "thinking opened again and never closed"),
    Response("<think>the answer is 1</think>Done.", None, "a phrase inside thinking is no answer"),
    Response("no number", None, "nothing said"),
    Response("", None, "nothing said"),
    Response("I think it could be 3 or 4, hard to", None, "a sentence that was cut off"),
    Response("**Step 3**", None, "a heading is no answer"),
    Response(r"<think>a</think>\boxed{2} and then the mod", "2", "cut, but boxed before", True),
    Response(r"<think>a</think>The answer is 1", None, "cut: the phrase may have lost its end", True),
    Response(r"<think>a</think>\boxed{12", None, "cut inside the box", True),
    Response(r"\boxed{1} perhaps still thinking", None, "cut, and thinking may be open", True),
    Response("so 3+4 = 7", None, "cut: no box", True),
]


def main() -> None:
    """Print how many pairs each grader gets right, and in which direction it errs."""
    from l2s.verification import grade, grader_names

    for name in grader_names():
        wrong = [pair for pair in PAIRS if grade(gold=pair.gold, answer=pair.answer, grader=name).correct != pair.equal]
        accepts = sum(not pair.equal for pair in wrong)
        right = len(PAIRS) - len(wrong)
        print(f"{name}: {right} of {len(PAIRS)}; false accepts {accepts}, false refusals {len(wrong) - accepts}")


if __name__ == "__main__":
    main()
