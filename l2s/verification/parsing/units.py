"""Units: words behind a value that say what is counted, and when two of them cannot mean the same."""

import re

_KINDS = (
    ("cm", "centimeter", "centimetre", "厘米"),
    ("mm", "millimeter", "millimetre"),
    ("km", "kilometer", "kilometre", "公里", "千米"),
    ("m", "meter", "metre", "米"),
    ("in", "inch", "inche"),
    ("ft", "foot", "feet"),
    ("yd", "yard"),
    ("mi", "mile"),
    ("s", "sec", "second", "秒"),
    ("min", "minute", "分钟"),
    ("h", "hr", "hour", "小时"),
    ("day", "天"),
    ("week", "周"),
    ("month",),
    ("yr", "year", "年"),
    ("kg", "kilogram", "千克", "公斤"),
    ("g", "gram", "克"),
    ("mg", "milligram"),
    ("lb", "pound"),
    ("oz", "ounce"),
    ("ml", "milliliter", "millilitre"),
    ("l", "liter", "litre", "升"),
    ("gallon",),
    ("cent",),
    ("dollar", "usd", "bucks", "美元"),
    ("mph", "miles per hour", "miles/hour"),
    ("rad", "radian"),
    ("kj", "kilojoule"),
    ("j", "joule"),
    ("w", "watt"),
    ("v", "volt"),
    ("n", "newton"),
    ("ev",),
)
_CANONICAL = {word: kind[0] for kind in _KINDS for word in kind}
_SQUARE = re.compile(r"^(?:square|sq\.?) |^sq")
_CUBIC = re.compile(r"^(?:cubic|cu\.?) ")


def canonical(unit: str) -> str:
    """One spelling for a unit, with its power: ``square inches`` is ``in^2``; empty for unknown words."""
    unit = unit.strip().rstrip(".").lower().replace("{", "").replace("}", "").replace("  ", " ")
    power = ""
    for pattern, sign in ((_SQUARE, "^2"), (_CUBIC, "^3")):
        if pattern.match(unit):
            unit, power = pattern.sub("", unit), sign
    name, _, exponent = unit.partition("^")
    name = name.strip()
    known = _CANONICAL.get(name) or _CANONICAL.get(name.removesuffix("s"))
    if known is None:
        return ""
    return known + (f"^{exponent.strip()}" if exponent.strip() not in ("", "1") else power)


def conflict(gold: str, answer: str) -> bool:
    """Whether both name a known unit, and not the same; a unit beside none, or an unknown word, does not."""
    one, other = canonical(gold), canonical(answer)
    return bool(one and other and one != other)
