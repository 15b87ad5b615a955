r"""Phrases: what people write in words around and inside a formula, written as the formula.

``about 42``, ``3 out of 8``, ``204_{five}``, ``]2, 3[``, ``2k\pi, k \in \mathbb{Z}``. Each rule takes one
way of writing to another of the same meaning; what it does not know it leaves as it is.
"""

import re

from l2s.verification.parsing.units import unit_of

_HEDGE = re.compile(
    r"^(?:about|approximately|approx\.?|roughly|around|exactly|nearly|equals?|equal to|a total of|the number"
    r"|答案(?:是|为|：|:)?)(?:\s*[:：])?\s*(?=[-+\\$0-9.(])",
    re.IGNORECASE,
)
_HEDGED = re.compile(
    r"^\\text\{\s*(?:about|approximately|approx\.?|roughly|around|exactly|nearly)\s*\}\s*(?=[-+\\$0-9.(])",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?<![A-Za-z])(?:np|numpy|math)\.(?=[a-z])")
_TAIL = re.compile(
    r"[\s,]*(?:\((?:approx(?:imately|\.)?|exact(?:ly)?|rounded)\)"
    r"|\bis (?:the|our|my) (?:final |correct )?answer)[.!]?$",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"^\\text\{[^{}]*\b(?:answers?|solutions?|values?)\b[^{}]*(?:\b(?:is|are)[ :]*|[:=]\s*)\}\s*(?=\S)", re.IGNORECASE
)
_ORDINAL = re.compile(
    r"(?<=[0-9])\s?(?:\^\s?)?\{?\s?(?:\\text\{\s?)?(?:st|nd|rd|th)(?![A-Za-z])\s?\}{0,2}(?=\s|\\|$|[.,)])"
)
_ARTICLE = re.compile(r"^(?:in )?(?:the )?(?:year )?(?=[0-9])", re.IGNORECASE)
_NO_MORE = re.compile(r"^(?:no|not) (?:more|greater) than\b", re.IGNORECASE)
_NO_LESS = re.compile(r"^(?:no|not) (?:less|fewer) than\b", re.IGNORECASE)
_BOUNDS = {
    **dict.fromkeys(("at least", "greater than or equal to", "more than or equal to"), r"\ge"),
    **dict.fromkeys(("at most", "less than or equal to", "fewer than or equal to"), r"\le"),
    **dict.fromkeys(("more than", "greater than", "larger than"), ">"),
    **dict.fromkeys(("less than", "fewer than", "smaller than"), "<"),
}
_BOUND = re.compile(
    rf"^([a-z] is )?(?:strictly )?({'|'.join(_BOUNDS)}) (?=[-+]?(?:\\?\$)?[0-9.]|\\(?:frac|sqrt|pi))", re.IGNORECASE
)
_BOUND_AS_TEXT = re.compile(r"^\\text\s?\{\s*((?:[a-z] is )?[A-Za-z ]{5,40}(?<! ))\s*(?:\}\s*|([-0-9./]+) ?\}$)")
_FOR_ALL = re.compile(
    r"(?<=\S)[,\s]*(?:\\forall|(?:\\text\{ ?)?for (?:all|every|any)(?: real)?(?: numbers?)? ?\}?)\s*\$?[a-z]\$?"
    r"(?:\s?\\in\s?\\mathbb\s?\{?R\}?)?$"
)
_ALL_SUCH = re.compile(r"^(?:\\text\{ ?)?[Aa]ll ?\}?\s*(?=[a-z]\s?(?:[<>]|\\[lg]e))")
_ONLY = re.compile(r"^(?:\\text\s?\{\s*(?:only|just)\s*\}|only\b|just\b)\s*(?=\S)|\s*\\text\s?\{\s*only\s*\}$")
_EXCEPT = re.compile(
    r"^(?:\\text\{\s*)?[Aa]ll real (?:numbers|values)(?: [a-z])?,? except(?: for)?\s*\}?\s*(?:[a-z] ?= ?)?(?=\S)"
)
_SHARE = re.compile(r"^([0-9]{1,9}) (?:out of|in) ([0-9]{1,9})$")
_SHARE_SAID = re.compile(r"^([a-z]{3,8}) (?:out of|in) ([a-z]{3,8})$", re.IGNORECASE)
_POINT = r"[A-Z]\s?\((?=-?[0-9\\.][^()]*,)[^()]{1,80}\)"
_POINTS = re.compile(rf"{_POINT}(?:\s?(?:,|;|and|\\text\{{ and \}})\s?{_POINT}){{0,9}}")
_LETTERED = re.compile(r"([A-Z])\s?(?=\()")
_ARC_MINUTES = re.compile(
    r"([0-9]{1,3})\s?\^\s?\{?\\circ\s?\}?\s?([0-9]{1,2})\s?\^?\{?'\}?(?:\s?([0-9]{1,2})\s?\^?\{?(?:''|\"))?$"
)
_PROPORTION = re.compile(r"^([0-9]{1,9}) (?:\\text\{ ?)?to ?\}? ?([0-9]{1,9})$")
_UNIT = r"\s?\{\s?((?:\\text\s?\{\s?)?[A-Za-z]{1,12}\}?(?:\s?\^\s?\{?[23]\}?)?)\s?\}"
_QUOTIENT = re.compile(rf"(?<=[0-9}}])\s?\\frac{_UNIT}{_UNIT}$")
_SYMBOL = re.compile(
    r"(?<=[0-9])\s?(?:(?:\\text\{ ?)?([kMm]?)\}? ?(\\Omega)|\\mu\s?(?:\\text\s?\{\s?)?([A-Za-z]{1,3})\}?)$"
)
_INCHES = re.compile(r"(?<=[0-9}])\s?in(?=\.?$|\s?\^\s?\{?[23]\}?$)")
_TIMES = re.compile(r"(?<=[0-9])\s?[xX]\s?(?=10\s?\^)")
_ERGS = re.compile(r"(?<=[0-9}])\s?(erg|ergs|Hz|kHz|MHz|GHz|kPa|MPa|kcal|kWh|atm)(?:/s)?$")
_CHOSEN = re.compile(r"(?<![A-Za-z\\_])C\((\d{1,4}),\s?(\d{1,4})\)")
_CHOSEN_BESIDE = re.compile(r"(?:\{\s?\})?[_^]\s?\{?(\d{1,4})\}?\s?C\s?_\s?\{?(\d{1,4})\}?")
_CHOSEN_ABOVE = re.compile(r"(?<![A-Za-z\\_])C_\s?\{?(\d{1,4})\}?\s?\^\s?\{?(\d{1,4})\}?")
_LOGARITHM = re.compile(r"\\(ln|log|lg)\s?(\{?[a-z0-9]{1,9}\}?/[a-z0-9]{1,9})(?![\w(^{.])")
_MONEY = re.compile(r"^\\?\$\s?(?=[0-9][0-9,.]{0,30} (?:US )?dollars$)")
_HOUR = re.compile(r"^([0-9]{1,2})\s?(?:\\text\{\s?)?([AaPp])\.?\s?[Mm]\.?\}?$")
_COUNTED = re.compile(r"^\\text\{\s*([-+]?[0-9][0-9.,/]*)\s+([A-Za-z][^{}0-9]*)\}$")
_SPEED = re.compile(
    r"(?<=[0-9])\s?((?:k?m|cm|ft|mi|rad)\s?/\s?(?:s|h|hr|min|sec)(?:\s?\^\s?\{?2\}?)?|k?g\s?/\s?c?m\s?\^\s?\{?3\}?)$"
)
_DERIVATIVE = re.compile(
    r"(?<![A-Za-z0-9\\])d(\s?\^\s?\{?[1-9]\}?)?\s?([A-Za-z])\s?/\s?d\s?([A-Za-z])(\s?\^\s?\{?[1-9]\}?)?(?![A-Za-z])"
)
_ANGLES = re.compile(r"^([^<>=]{1,20}= ?)?<([^<>=]{1,80},[^<>=]{1,80})>$")
_COLOUR = re.compile(r"\\(?:textcolor|color|colorbox)\s?\{[A-Za-z!0-9]{1,20}\}")
_ORNAMENT = re.compile(r"\\(?:checkmark|blacksquare|square|Box|qed|phantom\s?\{[^{}]{0,20}\})(?![A-Za-z])")
_ARC = re.compile(r"\\overset\s?\{\\(?:frown|rightarrow|\\to)\}\s?\{([A-Z]{2})\}")
_FIGURE = re.compile(r"\\(?:overline|overleftrightarrow|overrightarrow|widehat)\s?\{([A-Z]{2})\}")
_FIGURE_SIGN = re.compile(r"\\(?:measuredangle|angle|triangle)\s?(?=[A-Z]{1,3}(?![A-Za-z]))")
_INTEGERS = r"(?:\\mathbb\s?\{?\s?[ZN]\s?\}?|\\[ZN]|[ZN]|ℤ|ℕ)(?:\s?[_^]\s?\{?\s?(?:0|\+|\*|\\ge\s?0)\s?\}?)?"
_WITH = r"(?:where|with|for(?: (?:any|all|some|every|an))?)"
_PARAMETER = re.compile(
    rf"[\s,;]*\(?\s*(?:\\text\{{[\s,]*{_WITH}?\s*\}}|{_WITH})?\s*([a-z])\s*"
    rf"(?:\\in\s*{_INTEGERS}|\\?(?:text\{{)?\s?is an(?:y)? integer\}}?)\s*\)?\.?$"
)
_INTEGER_WORDS = re.compile(rf"[\s,;]*(?:\\text\{{[\s,]*)?{_WITH} integers?\s*\}}?\s*\$?([a-z])\$?\}}?\.?$")
_SIDE = r"([^\[\],()]{1,80})"
_REVERSED = re.compile(rf"([\[\]]){_SIDE},{_SIDE}([\[\]])")
_BASE_NAMES = "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_BASES = {name: str(n) for n, name in enumerate(_BASE_NAMES.split(), 2)}
_BASE = re.compile(
    r"(?<=[0-9A-F])(?:\s?_\s?\{?\s?(?:\\text\{\s?)?\(?\s?(?:base[ -]?)?"
    r"|\s?(?:\\text\{\s?)?\(?(?:in )?base[ -]?)\s?\}?\s?\{?"
    rf"({'|'.join(_BASES)}|[0-9]{{1,2}})\)?\s?\}}{{0,2}}$"
)


def rephrased(text: str) -> str:
    """``text``, already of one spelling, with its words written as a formula where they say one."""
    if "np." in text or "math." in text:
        text = _CODE.sub("", text)
    if text[:1].isalpha():
        text = _ARTICLE.sub("", _HEDGE.sub("", text))
        text = _SHARE_SAID.sub(_in_digits, text)
        text = _NO_LESS.sub("at least", _NO_MORE.sub("at most", text))
        text = _BOUND.sub(_bounded, text)
    elif text.startswith(r"\text"):
        text = _bound_as_text(text)
    if text[-1:] in ").r}" or text[-1:].isalpha():
        text = _TAIL.sub("", text)
    if r"\in" in text or "integer" in text:
        text = _without_parameter(text)
    text = _ONLY.sub("", text)
    if "All" in text or "all" in text:
        text = _ALL_SUCH.sub("", text)
    if "=" in text and "all" in text:
        text = _FOR_ALL.sub("", text)
    if "except" in text:
        text = _EXCEPT.sub(r"x \\ne ", text)
    if "\\" in text:
        text = _plain_figures(text)
    if "/" in text and "d" in text:
        text = _DERIVATIVE.sub(r"\\frac{d\1 \2}{d \3\4}", text)
    if text.endswith("dollars"):
        text = _MONEY.sub("", text)
    if text[:1].isdigit():
        text = _numbers(_ORDINAL.sub("", text))
    elif text.startswith(r"\text{"):
        text = _COUNTED.sub(r"\1 \\text{\2}", _HEDGED.sub("", _CLAUSE.sub("", text)))
    if "C" in text:
        for pattern in (_CHOSEN, _CHOSEN_BESIDE):
            text = pattern.sub(r"\\binom{\1}{\2}", text)
        text = _CHOSEN_ABOVE.sub(_chosen, text)
    if _POINTS.fullmatch(text):
        text = _LETTERED.sub(r"\1 = ", text)
    if "'" in text:
        text = _ARC_MINUTES.sub(_in_degrees, text)
    if text.endswith(">"):
        text = _ANGLES.sub(r"\1\\langle \2\\rangle", text)
    if "," in text and ("[" in text or "]" in text):
        text = _turned(text)
    if "_" in text or "base" in text:
        text = _BASE.sub(lambda match: f"_{_BASES.get(match[1], match[1])}", text)
    return text


def over_whole_quotients(text: str) -> str:
    r"""Logarithms of a quotient without brackets, ``\ln a/b``, as they are often meant: of all of it."""
    return _LOGARITHM.sub(r"\\\1(\2)", text)


def _bounded(match: "re.Match[str]") -> str:
    r"""``x is at least`` as ``x \ge``; without a name the sign alone."""
    name, words = match.groups()
    return f"{name[:1] if name else ''} {_BOUNDS[words.lower()]} ".lstrip()


def _bound_as_text(text: str) -> str:
    r"""``\text{at least } 5`` and ``\text{at least 5}`` as the bounds they are; other text as it is."""
    match = _BOUND_AS_TEXT.match(text)
    if match is None:
        return text
    plain = f"{match[1]} {match[2] or ''}{text[match.end() :]}"
    bounded = _BOUND.sub(_bounded, plain)
    return bounded if bounded != plain else text


def _chosen(match: "re.Match[str]") -> str:
    """``C_5^2`` as the binomial; ``C_1^2`` is the square of a constant."""
    n, k = (int(part) for part in match.groups())
    return rf"\binom{{{n}}}{{{k}}}" if n > 2 and n >= k else match.group()


def _in_digits(match: "re.Match[str]") -> str:
    """``one in four`` as ``1/4``."""
    part, whole = (_BASES.get(word.lower(), "1" if word.lower() == "one" else "") for word in match.groups())
    return f"{part}/{whole}" if part and whole else match.group()


def _in_degrees(match: "re.Match[str]") -> str:
    """Degrees with minutes and seconds as the fraction of degrees that they are."""
    degrees, minutes, seconds = (int(part or 0) for part in match.groups())
    return rf"(\frac{{{3600 * degrees + 60 * minutes + seconds}}}{{3600}})^\circ"


def _numbers(text: str) -> str:
    """A text that begins with a number, with its words written as a formula where they say one."""
    if " " in text:
        text = _PROPORTION.sub(r"\1:\2", _SHARE.sub(r"\1/\2", text))
    if "10" in text:
        text = _TIMES.sub(r" \\times ", text)
    if text[-1:] in "mM.}":
        text = _HOUR.sub(r"\1:00 \\text{ \2m}", text)
    if "\\frac" in text:
        text = _QUOTIENT.sub(_divided, text)
    if "\\" in text:
        text = _SYMBOL.sub(lambda match: rf" \text{{{match[1]}Ω}}" if match[2] else rf" \text{{μ{match[3]}}}", text)
    if "in" in text:
        text = _INCHES.sub(r" \\text{in}", text)
    if text[-1:].isalpha():
        text = _ERGS.sub(r" \\text{\1}", text)
    return _SPEED.sub(r" \\text{\1}", text) if "/" in text else text


def _divided(match: "re.Match[str]") -> str:
    r"""``\frac{km}{h}`` behind a number as ``km/h``, where both are units."""
    above, below = (re.sub(r"\\text|[{} ]", "", part) for part in match.groups())
    return rf" \text{{{above}/{below}}}" if unit_of(above) and unit_of(below) else match.group()


def _plain_figures(text: str) -> str:
    """Without colours and ornaments; an arc, a segment, an angle and a triangle by their letters alone."""
    if "color" in text:
        text = _COLOUR.sub("", text)
    text = _ORNAMENT.sub("", text).strip()
    text = _FIGURE.sub(r"\1", _ARC.sub(r"\1", text))
    return _FIGURE_SIGN.sub("", text)


def _without_parameter(text: str) -> str:
    r"""Without the remark that a letter of the formula is any integer, as in ``2k\pi, k \in \mathbb{Z}``."""
    for pattern in (_PARAMETER, _INTEGER_WORDS):
        match = pattern.search(text)
        if match and match.start() and re.search(rf"(?<![A-Za-z\\]){match[1]}(?![A-Za-z])", text[: match.start()]):
            return text[: match.start()]
    return text


def _turned(text: str) -> str:
    """Intervals whose open ends are brackets turned round, ``]0, 1]``, in parentheses."""
    if not re.search(r"^\s*\]|\[\s*$|\[\s*\\cup|\\cup\s*\]", text):
        return text
    return _REVERSED.sub(lambda m: f"{'[' if m[1] == '[' else '('}{m[2]},{m[3]}{']' if m[4] == ']' else ')'}", text)
