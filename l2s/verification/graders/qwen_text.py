r"""Texts by the Qwen2.5-Math rules: how the toolkit cuts an answer out of a response and strips it before comparing.

Rules of the Qwen2.5-Math evaluation, which the long-to-short merging paper (arXiv:2503.20641) graded with, written anew
from their description. Their quirks are kept, for they are part of the published numbers: units are a list
with single letters in it, so that ``x+a`` loses its ``a``; "and" vanishes anywhere; a box that never closes
counts; the whole response is looked at, thinking and all.
"""

import re

from l2s.verification.compare.phrases.numerals import numeral
from l2s.verification.parsing.limits import LONGEST

_UNIT_NAMES = (
    "degree,percent,mph,kmph,kmh,foot,feet,ft,inch,inches,yard,yr,year,month,week,day,hour,hr,minute,min,second,sec,"
    "noon,am,pm,mile,km,meter,metre,mtr,m,cm,mm,dm,square,sq,cubic,cube,cc,litre,liter,l,gallon,gal,kg,gram,gm,g,lb,"
    "ohm,acre,hectare,rupee,rs,dollar,cent,coin,unit,number,man,men,woman,women,more,less,increase,decrease,profit,"
    "loss,gain,mark,ratio,per,by,way,a,c,d,h,o,s,t"
)
_UNITS = _UNIT_NAMES.split(",")
"""Words taken for units, in the order they are removed; their plurals follow.

The toolkit's own list has 132 entries. This one is ours, of common units and of the single letters that make
the toolkit's known false accepts; for rarer words the two differ.
"""
_UNITS_STAY = ("minerva_math", "carp_en")
_UNIT_PATTERNS = [
    (unit.partition(".")[0], re.compile(rf"(^|\W){unit}($|\W)")) for unit in (*_UNITS, *(f"{unit}s" for unit in _UNITS))
]
_REPLACED = (
    *(("tfrac", "frac"), ("dfrac", "frac"), (r"\neq", r"\ne"), (r"\leq", r"\le"), (r"\geq", r"\ge")),
    *((r"\left", ""), (r"\right", ""), (r"\{", "{"), (r"\}", "}")),
)
_NAMED = tuple(f"{name}{sign}" for sign in ("=", r"\in", r"\to") for name in "xyz")
_FRACTION_PARTS = re.compile(r"\\frac(?!\{)(.)(\{|.)", re.DOTALL)
_NUMBER = re.compile(r"-?\d*\.?\d+")


def qwen_answer(response: str, benchmark: str = "") -> str:
    """The answer that the toolkit finds in a response, stripped; empty if there is none.

    Of some benchmarks the toolkit keeps the units of what it extracts.
    """
    if "final answer is $" in response and "$. I hope" in response:
        found = response.split("final answer is $", 1)[1].split("$. I hope", 1)[0].strip()
    elif "boxed" in response:
        found = _boxed(response.rpartition("boxed")[2])
    elif "he answer is" in response:
        found = response.rpartition("he answer is")[2].strip()
    elif "final answer is" in response:
        found = response.rpartition("final answer is")[2].strip()
    elif "答案是" in response:
        found = response.split("答案是")[1].strip().split("\n\n")[0].strip()
    else:
        found = _last_number(response.replace(",", ""))
    if len(found) > LONGEST:
        return found  # which is a limit for the comparison
    found = re.sub(r"\n\s*", "", found)
    return stripped(found.removeprefix(":").removesuffix(".").removesuffix("/"), benchmark in _UNITS_STAY)


def _last_number(text: str) -> str:
    """The last number of a text of any length; it ends on the last digit."""
    if text.isascii():
        end = max(text.rfind(digit) for digit in "0123456789") + 1
        text = text[max(0, end - LONGEST - 1) : end]  # one more than is compared
    numbers: list[str] = _NUMBER.findall(text)
    return numbers[-1] if numbers else ""


def _boxed(text: str) -> str:
    """What follows the last ``boxed``: to the closing brace, to the end if there is none, else to a dollar."""
    if not text.startswith("{"):
        return text.split("$")[0].strip()
    depth = 0
    for position, sign in enumerate(text):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if depth == 0:
            return text[1:position]
    return text[1:]


def stripped(text: str, skip_unit: bool = False) -> str:
    """The toolkit's one spelling of an answer; the steps depend on their order."""
    text = text.strip().replace("\n", "").rstrip(".").replace(r"\!", "")
    text = re.sub(r"\\begin\{array\}\{.*?\}", r"\\begin{pmatrix}", text).replace(r"\end{array}", r"\end{pmatrix}")
    text = text.replace("bmatrix", "pmatrix")
    for old, new in _REPLACED:
        text = text.replace(old, new)
    text = re.sub(r"\\text{.*?}$", "", text).strip() or text
    if not skip_unit:
        text = _without_units(text)
    for mark in (r"^{\circ}", r"^\circ", r"\$", "$", r"\(", r"\)"):
        text = text.replace(mark, "")
    text = re.sub(r"\\text\{(.*?)\}", r"\1", _in_digits(text))
    return _finished(text)


def _without_units(text: str) -> str:
    for _ in range(2):
        for start, pattern in _UNIT_PATTERNS:
            if start in text:
                text = pattern.sub(r"\1\2", text) or text
    return text


def _in_digits(text: str) -> str:
    """The number that words spell, whatever other words stand around them."""
    bare = text.replace("-", " ").lower().strip()
    if bare.isdecimal():
        return str(int(bare))
    words = [
        word
        for word in bare.split()
        if word.isalpha() and (numeral(word) or word in ("hundred", "thousand", "million"))
    ]
    return numeral(" ".join(words)) or text if words else text


def _finished(text: str) -> str:
    """The second half: names, signs, infinities, zeros, fractions."""
    for name in _NAMED:
        text = text.replace(name, "")
    text = text.replace(r"\emptyset", "{}").replace(r"(-\infty,\infty)", r"\mathbb{R}")
    text = text.replace(r"\%", "").replace("%", "").replace(" .", " 0.").replace("{.", "{0.")
    text = text.replace("infinity", r"\infty")
    if r"\infty" not in text:
        text = text.replace("inf", r"\infty")
    text = re.sub(r"\\mbox{.*?}", "", text.replace("and", "").replace(r"\mathbf", ""))
    if "j" in text and "i" not in text:
        text = text.replace("j", "i")
    text = re.sub(r"(?<=\d)\.0*$", "", re.sub(r"(?<=\d)\.0*([^\d])", r"\1", text))
    text = f"0{text}" if text.startswith(".") else text
    left, equals, right = text.partition("=")
    if equals and "=" not in right and len(left) <= 2:
        text = right
    text = re.sub(r"\\sqrt(\w+)", r"\\sqrt{\1}", text).replace(" ", "")
    return _with_fraction(_FRACTION_PARTS.sub(_braced, text))


def _braced(match: "re.Match[str]") -> str:
    above, below = match.groups()
    return rf"\frac{{{above}}}{{" + ("" if below == "{" else f"{below}}}")


def _with_fraction(text: str) -> str:
    match = re.fullmatch(r"(-?(?:0|[1-9]\d*)|[^/]*sqrt[^/]*)/(-?(?:0|[1-9]\d*)|[^/]*sqrt[^/]*)", text)
    return rf"\frac{{{match[1]}}}{{{match[2]}}}" if match else text
