r"""Closing: the result that a response ends on where it neither boxes nor announces one.

The last line if it is a formula or a label with a value (``Total: 42``), the value that the last sentence ends on,
what its last equation comes to, its bold number, or the only number it holds. A sentence or a display that was cut
off, a question, and a value that is denied say nothing.
"""

import re

from l2s.verification.extract import patterns
from l2s.verification.extract.claims import claim_in, decided, gives_up, named_alone, reasoned
from l2s.verification.extract.values import formula_in, value_in

_SHORT_WORD = re.compile(r"(?<![\\A-Za-z{])(?:is|it(?:['’]s)?|we|he|to|of|at|by|an) ")
_SAYS_NUMBER = re.compile(rf"(?:\b(?:is|are|equals|be)|=) {patterns.NUMBER}$")
_SAYS_MONEY = re.compile(
    r"\b(?:get|gets|makes?|earns?|pays?|costs?|spends?|saves?|is|was|has|have) \\?\$[0-9][0-9,.]* dollars$"
)
_LEADING = re.compile(r"^(?:\\?(?:so|thus|hence|therefore|ergo|finally|answer)|∴),? (?=\S)", re.IGNORECASE)
_LABELLED = re.compile(
    r"(?!(?:step|case|part|example|note|problem|question|check|method|option|figure|line|row|day|week|hint|time)\b)"
    r"([^\W\d_][^:：\n=]{0,60}?)(?<![0-9])\s?[:：]\s{0,3}(\S.{0,200})$",
    re.IGNORECASE,
)
_IS_ANSWER = re.compile(
    rf"({patterns.NUMBER})(?: [A-Za-z]{{2,14}}){{0,2}} is (?:the|our|my) (?:final |correct )?answer[.!]?$",
    re.IGNORECASE,
)
_BREAK = re.compile(r"(?<=[.!?])(?:\*\*)?\s+(?=[A-Z$\\*])|(?<=[!?])\s+(?=[-−0-9])|(?<=[。！？।])")
_POLITE = re.compile(
    r"(?:let me know|i hope|hope this|feel free|please|if you (?:have|need|want|would)|happy to|thank|good luck"
    r"|is there anything)\b",
    re.IGNORECASE,
)
_LED = re.compile(r"^(?:(?:=>|->|→|⇒|⟹|∴|[-*•](?= +\**[A-Z])|Step [0-9]{1,2}[:.]) *)+")
"""What leads a last line and is no part of it: arrows, the mark of an item, the number of a step."""
_OPEN_DOLLAR = re.compile(r"(?<!\\)\$(?![\s0-9.])")
"""Mathematics that never closes; before a number a dollar is money."""
_COUNTED = re.compile(rf"{patterns.NUMBER}(?: (?:square |cubic )?[a-z]{{2,14}}){{1,2}}\.?")
_OPEN_DISPLAY = ((r"\[", r"\]"), (r"\begin{", r"\end{"), (r"\(", r"\)"))
_LONGEST = 800


def closing_value(text: str) -> str | None:
    """The value ``text`` ends on, or None."""
    if open_display(text):
        return None
    lines = [line.strip() for line in text[-_LONGEST:].splitlines() if line.strip(" \t*_-#`")]
    while lines and _POLITE.match(lines[-1].strip("*_ ")) and len(lines) > 1:
        lines.pop()
    if not lines or "\\boxed" in lines[-1] or gives_up(text[-_LONGEST:]):
        return None
    if lines[-1].startswith(r"\end{") or (len(lines) > 1 and lines[-2].startswith(r"\end{")):
        return _last_row(lines)
    if lines[-1] in ("$$", r"\]") or lines[-1].endswith((r"\]", "$$")):
        block = list(patterns.SPAN.finditer("\n".join(lines)))
        return formula_in(block[-1]) if block and len(lines) < 40 else None
    return _last_line(patterns.CALCULATOR.sub("", lines[-1]), text)


def _last_row(lines: list[str]) -> str | None:
    """What the last row of an environment comes to."""
    rows = [line for line in lines if not line.startswith((r"\end{", r"\begin{", "$", r"\]", r"\["))]
    value = rows[-1].rstrip("\\ .").rpartition("=")[2].strip(" &") if rows and "=" in rows[-1] else ""
    return value or None


def _last_line(line: str, text: str) -> str | None:
    line = _LED.sub("", line.rstrip(" ✓✔✅☑"))
    last = line.strip("*").strip()
    if _COUNTED.fullmatch(last):
        return last.rstrip(".")
    if last == text.strip() and named_alone(last):
        return last.rstrip(".")
    if found := _LABELLED.match(last):
        label, said = found.groups()
        wordless = not patterns.WORD.search(patterns.SPAN.sub(" ", said))
        if wordless or patterns.ENDS_ON_NUMBER.fullmatch(said.strip(" .*")):
            return value_in(said) if not said.rstrip().endswith("?") and not patterns.DENIAL.search(label) else None
    wordless = not (patterns.WORD.search(last) or _SHORT_WORD.search(last))
    if wordless and len(last) <= 200 and re.search(r"[0-9A-Za-z]", last):
        return _formula(last) if _BREAK.search(last) is None else value_in(_BREAK.split(last)[-1])
    sentences = [part.strip() for part in _BREAK.split(line) if part and part.strip()]
    while len(sentences) > 1 and _POLITE.match(sentences[-1].strip("* ")):
        sentences.pop()
    sentence = sentences[-1] if sentences else last
    if told := _IS_ANSWER.search(sentence.strip("*")):
        return told[1]
    whole = sentence[-1:] in ".!。।)$*" or _SAYS_NUMBER.search(sentence) or _SAYS_MONEY.search(sentence)
    if not (whole or patterns.EQUATION.search(sentence)) or _OPEN_DOLLAR.search(patterns.SPAN.sub(" ", sentence)):
        return None
    alone = sentence == line and "\n" not in text.strip()
    claim = claim_in(sentence, alone) if sentence[-1:] in ".!*" else None
    return reasoned(text) or value_in(sentence) or claim or decided(text)


def _formula(line: str) -> str | None:
    line = patterns.CLAUSE.split(_LEADING.sub("", line.lstrip(":： ")))[-1]
    spans = list(patterns.SPAN.finditer(line))
    if spans and spans[-1].end() >= len(line.rstrip(" .。")):
        return formula_in(spans[-1])
    if re.fullmatch(r"(?:[^$]|\\\$)*", line) is None and not re.fullmatch(rf".*{patterns.NUMBER}.{{0,3}}", line):
        return None
    if line[-1:] in "-+=*/\\({[,:?" or line.startswith(("&", "<")):
        return None
    if divided := patterns.ENDS_ON_REMAINDER.search(line.rstrip(". ")):
        return divided[1]
    equation = patterns.EQUATION.search(line.rstrip(". "))
    return equation[1] if equation and re.search(r"[0-9] ?[-+*/×x÷]", line) else line


def open_display(text: str) -> bool:
    """Whether ``text`` stops inside of a display or an environment."""
    tail = text[-20_000:]
    if any(tail.rfind(opening) > tail.rfind(closing) for opening, closing in _OPEN_DISPLAY):
        return True
    return tail is text and text.count("$$") % 2 == 1
