r"""Patterns of running text that hold a value: numbers with their units, formulas, equations, denials. Data only."""

import re

WORD = re.compile(r"(?<![A-Za-z\\{])(?!(?:sqrt|sin|cos|tan|log|frac)\b)[A-Za-z]{3,}|[^\W\d_A-Za-z]{2,}")
SPAN = re.compile(
    r"\\\((.{1,400}?)\\\)|\\\[(.{1,400}?)\\\]|\$\$([^$]{1,400})\$\$|(?<!\\)\$((?:[^$\\]|\\.){1,400}?)\$(?![0-9])",
    re.DOTALL,
)
NUMBER = (
    r"[-−]?(?:(?:\\?\$|[€£¥₹]) ?)?[0-9](?:[0-9,]{0,30}[0-9])?(?:\.[0-9]{1,30})?(?:/[0-9]{1,20}| ?: ?[0-9]{1,6})?"
    r"(?: ?\\?%| (?:thousand|million|billion|trillion)\b| ?[AaPp](?:\.[Mm]\b\.?|[Mm]\b))?"
)
"""A number in running text, with its money or percent sign, or the half of its day."""
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)[a-z]{0,6}\.?"
_DAY = r"[0-9]{1,2}(?:st|nd|rd|th)?"
ENDS_ON_DATE = re.compile(rf"\b({_MONTH} {_DAY}(?:,? [0-9]{{4}})?|{_DAY} (?:of )?{_MONTH}(?:,? [0-9]{{4}})?)$")
ENDS_ON_POINT = re.compile(
    r"(?:\b(?:is|are|at|be|equals|point|center|vertex|solution)|=) ?([(\[]-?[0-9][-0-9., /π√]*[)\]])$"
)
ENDS_ON_ROOT = re.compile(r"(?:\b(?:is|are|be|equals)|=) ?([-−]?[0-9./()+ -]*[√π][0-9.√π()/+ -]*)$")
ENDS_ON_SHARE = re.compile(r"\bis (?:about |exactly )?([0-9]{1,9} (?:in|out of) [0-9]{1,9})$")
ENDS_ON_REMAINDER = re.compile(
    r"(?<![\w.])([0-9]{1,15},? (?:(?:with |and )?(?:a |the )?remainder(?: of| is)?|R|r) ?[0-9]{1,15})$"
)
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
