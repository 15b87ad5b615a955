r"""Closing: the result that a response ends on where it neither boxes nor announces one.

The last line if it is a formula or a label with a value (``Total: 42``), the value that the last sentence ends on,
what its last equation comes to, its bold number, or the only number it holds. A sentence or a display that was cut
off, a question, and a value that is denied say nothing.
"""

import re

_WORD = re.compile(r"(?<![A-Za-z\\{])(?!(?:sqrt|sin|cos|tan|log|frac)\b)[A-Za-z]{3,}|[^\W\d_A-Za-z]{2,}")
_SHORT_WORD = re.compile(r"(?<![\\A-Za-z{])(?:is|it|we|he|to|of|at|by|an) ")
_SPAN = re.compile(
    r"\\\((.{1,400}?)\\\)|\\\[(.{1,400}?)\\\]|\$\$([^$]{1,400})\$\$|(?<!\\)\$((?:[^$\\]|\\.){1,400}?)\$", re.DOTALL
)
NUMBER = (
    r"[-−]?(?:(?:\\?\$|[€£¥₹]) ?)?[0-9](?:[0-9,]{0,30}[0-9])?(?:\.[0-9]{1,30})?(?:/[0-9]{1,20}| ?: ?[0-9]{1,6})?"
    r"(?: ?\\?%| (?:thousand|million|billion|trillion)\b)?"
)
"""A number in running text, with its money or percent sign."""
_UNIT = r" ?[A-Za-z]{2,14}(?:\^\{?[23]\}?|[²³])?(?:/[A-Za-z]{1,5}(?:\^\{?2\}?|²)?)?"
_ENDS_ON_NUMBER = re.compile(
    rf"(?:^|(?<![0-9])[:：]|[\s=（(是为為有了は約약])({NUMBER})({_UNIT}| ?[^\W\d_a-zA-Z]{{1,4}})?$"
)
_SEVERAL = re.compile(rf"(?<![\w.,])({NUMBER}(?:, {NUMBER})*,? (?:and|or) {NUMBER})$")
_SEVERAL_NAMED = re.compile(rf"(?<![\w.,])((?:[A-Za-z] ?= ?{NUMBER}(?:,|,? and|,? or) )+[A-Za-z] ?= ?{NUMBER})$")
_COUNTED = re.compile(
    rf"({NUMBER})(?: [A-Za-z]{{2,14}}){{0,3}} (?:in total|altogether|in all)\b|\btotal of ({NUMBER})"
    r"|\b(?:pays?|costs?|spends?|earns?|makes?|charges?|saves?|owes?) ((?:\\?\$|[€£¥₹]) ?[0-9][0-9,]*(?:\.[0-9]+)?)"
)
_ASIDE_BEFORE = re.compile(
    r"\b(?:for|in|per|after|by|on|during|over|from|with|at|every|out of) (?:the |these |those |all )?$"
    r"|\b(?:after|before|without|besides) \w+ing (?:\w+ )?$"
)
_ENDS_ON_LATEX = re.compile(r"(?:\b(?:is|are|equals|be)|=) ?([-+]?[0-9]{0,9}\\[A-Za-z]+\{.{1,150})$")
_SAYS_NUMBER = re.compile(rf"(?:\b(?:is|are|equals|be)|=) {NUMBER}$")
_SAYS_MONEY = re.compile(
    r"\b(?:get|gets|makes?|earns?|pays?|costs?|spends?|saves?|is|was|has|have) \\?\$[0-9][0-9,.]* dollars$"
)
_ANY_NUMBER = re.compile(
    rf"(?<![A-Za-z0-9_.,^{{/+*<>-])(?:{NUMBER})(?![A-Za-z0-9_/^*+<>]|\.[0-9]|[-–][0-9A-Za-z]|:[0-9])"
)
_LOOSE_NUMBER = re.compile(rf"(?<![A-Za-z0-9_.,/])(?:{NUMBER})(?![0-9]|\.[0-9])")
_TWO_MEASURES = re.compile(rf"(?:^|\s)({NUMBER} [a-z]{{2,14}},? and {NUMBER} [a-z]{{2,14}})$")
_AND = re.compile(r"(?:,| and|, and| or|, or) (?:the )?")
_NAMED = re.compile(r"\\?[A-Za-z]{1,10}(?:_\S{1,6})? ?=[^=]+$")
_LEADING = re.compile(r"(?:so|thus|hence|therefore|ergo|finally|answer),? (?=\S)", re.IGNORECASE)
_EQUATION = re.compile(rf"= ?({NUMBER})((?: [A-Za-z%°'-]{{1,20}}){{0,12}})$")
_BOLD = re.compile(r"\*\*\s{0,3}([^*\n]{1,200}?)\s{0,3}\*\*")
_LABELLED = re.compile(
    r"(?!(?:step|case|part|example|note|problem|question|check|method|option|figure|line|row|day|week|hint|time)\b)"
    r"([^\W\d_][^:：\n=]{0,60}?)(?<![0-9])\s?[:：]\s{0,3}(\S.{0,200})$",
    re.IGNORECASE,
)
_IS_ANSWER = re.compile(
    rf"({NUMBER})(?: [A-Za-z]{{2,14}}){{0,2}} is (?:the|our|my) (?:final |correct )?answer[.!]?$", re.IGNORECASE
)
_BREAK = re.compile(r"(?<=[.!?])(?:\*\*)?\s+(?=[A-Z$\\*])|(?<=[!?])\s+(?=[-−0-9])|(?<=[。！？।])")
_CLAUSE = re.compile(r"(?:,? (?:so|thus|hence|therefore|which means|which gives)|, giving)[ ,]+(?=\S)")
_ADVERB = re.compile(
    r"(?:probably|likely|most likely|simply|just|thus|therefore|then|indeed|exactly|approximately|about|around|roughly"
    r"|also|equal to|given by|only|clearly|still|actually|now|i think|i believe)[,: ]+(?=\S)",
    re.IGNORECASE,
)
_CALCULATOR = re.compile(r"<<[^<>\n]{1,80}>>")
_DENIED_NUMBER = re.compile(
    rf"(?:,? (?:and |but )?(?:not|rather than|instead of)|^not) (?:an? |the )?{NUMBER}(?:,| but)?", re.IGNORECASE
)
NOT = r"(?:\b(?:not|cannot|never|nicht|kein|n'est pas|no es|não é|non è|не)|n['’]t|不是|不等于)"
_ASIDE_DENIED = re.compile(rf"[（(][^()（）\n]{{0,20}}?{NOT}[^()（）\n]{{0,40}}[)）]", re.IGNORECASE)
_DENIAL = re.compile(
    r"\b(?:neither|nor|either|maybe|perhaps|unlikely|wrong|incorrect|impossible|unless"
    r"|(?:more|less|greater|fewer|larger|smaller|higher|lower) than)\b"
    rf"|{NOT}(?: (?!only\b)\w+){{0,3}}[ $*]{{0,3}}[-−]?[0-9]|[0-9][$*]{{0,3}}(?: \w+){{0,3}}? (?:\w+)?{NOT}",
    re.IGNORECASE,
)
_NO_CONCLUSION = re.compile(
    r"(?:let\b"
    r"|(?:now|next|then|first|second|but|also),? (?:let|we (?:need|must|have to|can)|i\b|if|what)"
    r"|(?:we|i|you) (?:need|must|have to|should|want|will now) (?:to|find)|if\b|suppose\b|assume\b|assuming\b|step\b"
    r"|note\b|wait\b|hmm\b|check|this confirms|recall\b|consider\b|since\b|because\b|given\b|for example\b|question\b"
    r"|problem\b|when\b|see\b|as (?:shown|in|we)\b|refer|unfortunately|sorry|i(?:'m| am) (?:unable|not)|i apolog"
    r"|i (?:can|could|do|did)(?: not|n't)|(?:chapter|section|equation|figure|table) )",
    re.IGNORECASE,
)
_POLITE = re.compile(
    r"(?:let me know|i hope|hope this|feel free|please|if you (?:have|need|want|would)|happy to|thank|good luck"
    r"|is there anything)\b",
    re.IGNORECASE,
)
_OPEN_DISPLAY = ((r"\[", r"\]"), (r"\begin{", r"\end{"), (r"\(", r"\)"))
_LONGEST = 800


def closing_value(text: str) -> str | None:
    """The value ``text`` ends on, or None."""
    if open_display(text):
        return None
    lines = [line.strip() for line in text[-_LONGEST:].splitlines() if line.strip(" \t*_-#`")]
    while lines and _POLITE.match(lines[-1].strip("*_ ")) and len(lines) > 1:
        lines.pop()
    if not lines or "\\boxed" in lines[-1]:
        return None
    if lines[-1].startswith(r"\end{") or (len(lines) > 1 and lines[-2].startswith(r"\end{")):
        return _last_row(lines)
    if lines[-1] in ("$$", r"\]") or lines[-1].endswith((r"\]", "$$")):
        block = list(_SPAN.finditer("\n".join(lines)))
        return _span(block[-1]) if block and len(lines) < 40 else None
    return _last_line(_CALCULATOR.sub("", lines[-1]), text)


def _last_row(lines: list[str]) -> str | None:
    """What the last row of an environment comes to."""
    rows = [line for line in lines if not line.startswith((r"\end{", r"\begin{", "$", r"\]", r"\["))]
    value = rows[-1].rstrip("\\ .").rpartition("=")[2].strip(" &") if rows and "=" in rows[-1] else ""
    return value or None


def _last_line(line: str, text: str) -> str | None:
    last = line.strip("*").strip()
    if found := _LABELLED.match(last):
        label, said = found.groups()
        if not _WORD.search(_SPAN.sub(" ", said)) or _ENDS_ON_NUMBER.fullmatch(said.strip(" .*")):
            return value_in(said) if not said.rstrip().endswith("?") and not _DENIAL.search(label) else None
    if len(last) <= 200 and not _WORD.search(last) and not _SHORT_WORD.search(last) and re.search(r"[0-9A-Za-z]", last):
        return _formula(last) if _BREAK.search(last) is None else value_in(_BREAK.split(last)[-1])
    sentences = [part.strip() for part in _BREAK.split(line) if part and part.strip()]
    while len(sentences) > 1 and _POLITE.match(sentences[-1].strip("* ")):
        sentences.pop()
    sentence = sentences[-1] if sentences else last
    if told := _IS_ANSWER.search(sentence.strip("*")):
        return told[1]
    whole = sentence[-1:] in ".!。।)$*" or _SAYS_NUMBER.search(sentence) or _SAYS_MONEY.search(sentence)
    return value_in(sentence) if whole or _EQUATION.search(sentence) else None


def is_sentence(text: str) -> bool:
    """Whether words stand around a value."""
    return len(_WORD.findall(text)) > 1


def open_display(text: str) -> bool:
    """Whether ``text`` stops inside of a display or an environment."""
    tail = text[-20_000:]
    if any(tail.rfind(opening) > tail.rfind(closing) for opening, closing in _OPEN_DISPLAY):
        return True
    return tail is text and text.count("$$") % 2 == 1


def reduced(phrase: str) -> str:
    """An announced phrase as the value it holds, where words stand around one; else as it is."""
    phrase = _ADVERB.sub("", _CLAUSE.split(_CALCULATOR.sub("", phrase))[-1])
    if is_sentence(phrase):
        return value_in(phrase) or phrase
    equation = re.fullmatch(
        rf"[^=]*[0-9a-z] ?[-+*/×÷][^=]*=(?:[^=]*=)* ?({NUMBER}(?: [A-Za-z]{{2,14}}){{0,2}})", phrase
    )
    return equation[1] if equation else phrase


def localised(text: str) -> str:
    """Numbers of a language with a decimal comma as English writes them."""
    text = re.sub(r"(?<![\d.,])(\d{1,3}(?:[. ]\d{3})+)(?:,(\d+))?(?![\d.,]\d)", _grouped, text)
    return re.sub(r"(?<![\d.,])(\d+),(\d{1,2}|\d{4,})(?![\d,])", r"\1.\2", text)


def _grouped(match: "re.Match[str]") -> str:
    return re.sub(r"[. ]", "", match[1]) + (f".{match[2]}" if match[2] else "")


def value_in(sentence: str) -> str | None:
    """The one value that a sentence states, or None."""
    sentence = _ASIDE_DENIED.sub("", sentence)
    bare = _DENIED_NUMBER.sub("", _CLAUSE.split(sentence.strip())[-1]).strip()
    bold = [found for found in _BOLD.findall(bare) if re.search("[0-9]", found)]
    bare = bare.rstrip(" .!。।*")
    if bare.endswith(("?", "？")) or _NO_CONCLUSION.match(bare.lstrip("* ")) or _denied(bare):
        return None
    inside = bold[0].strip(" .") if len(bold) == 1 else sentence
    if inside != sentence and (value := value_in(inside)):
        return value
    spans = list(_SPAN.finditer(bare))
    if spans and spans[-1].end() == len(bare):
        return _joined(spans, bare)
    plain = _SPAN.sub(" ", bare).replace("**", "")
    counted = [next(filter(None, groups)) for groups in _COUNTED.findall(plain)]
    if len(counted) == 1 and len(_LOOSE_NUMBER.findall(plain)) > 2:
        return str(counted[0])
    if found := _TWO_MEASURES.search(bare):
        return found[1]
    if not spans and not _SEVERAL_NAMED.search(bare) and (found := _EQUATION.search(plain)):
        return found[1]
    if found := _SEVERAL.search(bare) or _SEVERAL_NAMED.search(bare):
        return found[1]
    if (found := _ENDS_ON_LATEX.search(bare)) and not _WORD.search(found[1]):
        return found[1]
    found = _ENDS_ON_NUMBER.search(bare)
    aside = found is not None and _ASIDE_BEFORE.search(bare[: found.start(1)]) and len(_LOOSE_NUMBER.findall(plain)) > 1
    if len(counted) == 1 and (found is None or aside):
        return str(counted[0])
    if found and not aside:
        unit = found[2] or ""
        return found[1] + (unit if unit.isascii() else "")
    told = [_span(span) for span in spans if re.search("[0-9]", span.group())]
    told += [found.strip() for found in _ANY_NUMBER.findall(plain)]
    loose = _LOOSE_NUMBER.findall(plain)
    if len(told) == 1 and len(loose) <= 1:
        return told[0]
    return None


def _joined(spans: "list[re.Match[str]]", sentence: str) -> str | None:
    """The formula a sentence ends on, with those that "and", "or" or a comma join to it."""
    first = len(spans) - 1
    while first and _AND.fullmatch(sentence[spans[first - 1].end() : spans[first].start()]):
        first -= 1
    joined = [formula for span in spans[first:] if (formula := _span(span))]
    named = [bool(_NAMED.match(formula)) for formula in joined]
    alike = all(named) or not any("=" in formula for formula in joined)
    return ", ".join(joined if alike else joined[-1:]) or None


def _denied(sentence: str) -> bool:
    """Whether the sentence says what a value is not, or leaves it open."""
    return bool(_DENIAL.search(_SPAN.sub(" ", sentence)))


def _formula(line: str) -> str | None:
    line = _LEADING.sub("", line.lstrip(":： "))
    spans = list(_SPAN.finditer(line))
    if spans and spans[-1].end() >= len(line.rstrip(" .。")):
        return _span(spans[-1])
    if re.fullmatch(r"(?:[^$]|\\\$)*", line) is None and not re.fullmatch(rf".*{NUMBER}.{{0,3}}", line):
        return None
    if line[-1:] in "-+=*/\\({[,:?" or line.startswith(("&", "<")):
        return None
    equation = _EQUATION.search(line.rstrip(". "))
    return equation[1] if equation and re.search(r"[0-9] ?[-+*/×x÷]", line) else line


def _span(match: "re.Match[str]") -> str | None:
    inside = next((group for group in match.groups() if group), "").strip().rstrip(".,").strip()
    return inside or None
