r"""Patterns of running text that hold a value: numbers with their units, formulas, equations, denials. Data only."""

import re

WORD = re.compile(r"(?<![A-Za-z\\{])(?!(?:sqrt|sin|cos|tan|log|frac)\b)[A-Za-z]{3,}|[^\W\d_A-Za-z]{2,}")
SPAN = re.compile(
    r"\\\((.{1,400}?)\\\)|\\\[(.{1,400}?)\\\]|\$\$([^$]{1,400})\$\$|(?<!\\)\$((?:[^$\\]|\\.){1,400}?)\$", re.DOTALL
)
NUMBER = (
    r"[-−]?(?:(?:\\?\$|[€£¥₹]) ?)?[0-9](?:[0-9,]{0,30}[0-9])?(?:\.[0-9]{1,30})?(?:/[0-9]{1,20}| ?: ?[0-9]{1,6})?"
    r"(?: ?\\?%| (?:thousand|million|billion|trillion)\b)?"
)
"""A number in running text, with its money or percent sign."""
UNIT = r" ?[A-Za-z]{2,14}(?:\^\{?[23]\}?|[²³])?(?:/[A-Za-z]{1,5}(?:\^\{?2\}?|²)?)?"
ENDS_ON_NUMBER = re.compile(
    rf"(?:^|(?<![0-9])[:：]|[\s=（(是为為有了は約약])({NUMBER})({UNIT}| ?[^\W\d_a-zA-Z]{{1,4}})?$"
)
EQUATION = re.compile(rf"= ?({NUMBER})((?: [A-Za-z%°'-]{{1,20}}){{0,12}})$")
CALCULATOR = re.compile(r"<<[^<>\n]{1,80}>>")
NOT = r"(?:\b(?:not|cannot|never|nicht|kein|n'est pas|no es|não é|non è|не)|n['’]t|不是|不等于)"
DENIAL = re.compile(
    r"\b(?:neither|nor|either|maybe|perhaps|unlikely|wrong|incorrect|impossible|unless"
    r"|(?:more|less|greater|fewer|larger|smaller|higher|lower) than)\b"
    rf"|{NOT}(?: (?!only\b)\w+){{0,3}}[ $*]{{0,3}}[-−]?[0-9]|[0-9][$*]{{0,3}}(?: \w+){{0,3}}? (?:\w+)?{NOT}",
    re.IGNORECASE,
)
