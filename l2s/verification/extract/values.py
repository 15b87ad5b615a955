r"""Values: the one value that a sentence states — its bold number, the formula or number it ends on, its last result.

A question, a value that is denied, and a sentence with several numbers of which none is its result state nothing.
"""

import re

from l2s.verification.extract.patterns import (
    CALCULATOR,
    DENIAL,
    ENDS_ON_DATE,
    ENDS_ON_NUMBER,
    ENDS_ON_POINT,
    ENDS_ON_REMAINDER,
    ENDS_ON_ROOT,
    ENDS_ON_SHARE,
    EQUATION,
    NOT,
    NUMBER,
    SPAN,
    WORD,
)

_SEVERAL = re.compile(rf"(?<![\w.,])({NUMBER}(?:, {NUMBER})*,? (?:and|or) {NUMBER})$")
_SEVERAL_NAMED = re.compile(rf"(?<![\w.,])((?:[A-Za-z] ?= ?{NUMBER}(?:,|,? and|,? or) )+[A-Za-z] ?= ?{NUMBER})$")
_COUNTED = re.compile(
    rf"({NUMBER})(?: [A-Za-z]{{2,14}}){{0,3}} (?:in total|altogether|in all)\b|\btotal of ({NUMBER})"
    r"|\b(?:pays?|costs?|spends?|earns?|makes?|charges?|saves?|owes?)"
    r" ((?:\\?\$|[€£¥₹]) ?[0-9][0-9,]*(?:\.[0-9]+)?)(?! ?[-+*/×=0-9])"
)
_ASIDE_BEFORE = re.compile(
    r"\b(?:for|in|per|after|by|on|during|over|from|with|at|every|out of) (?:the |these |those |all )?$"
    r"|\b(?:after|before|without|besides) \w+ing (?:\w+ )?$"
)
_ENDS_ON_LATEX = re.compile(r"(?:\b(?:is|are|equals|be)|=) ?([-+]?[0-9]{0,9}\\[A-Za-z]+\{.{1,150})$")
_ANY_NUMBER = re.compile(
    rf"(?<![A-Za-z0-9_.,^{{/+*<>√-])(?:{NUMBER})(?:(?:st|nd|rd|th)\b)?(?![A-Za-z0-9_/^*+<>√π]|\.[0-9]|[-–][0-9A-Za-z]|:[0-9])"
)
_LOOSE_NUMBER = re.compile(rf"(?<![A-Za-z0-9_.,/])(?:{NUMBER})(?![0-9]|\.[0-9])")
_TWO_MEASURES = re.compile(rf"(?:^|\s)({NUMBER} [a-z]{{2,14}},? and {NUMBER} [a-z]{{2,14}})$")
_AND = re.compile(r"(?:,| and|, and| or|, or) (?:the )?")
_NAMED = re.compile(r"\\?[A-Za-z]{1,10}(?:_\S{1,6})? ?=[^=]+$")
_BOLD = re.compile(r"\*\*\s{0,3}([^*\n]{1,200}?)\s{0,3}\*\*")
_CLAUSE = re.compile(r"(?:,? (?:so|thus|hence|therefore|which means|which gives)|, giving)[ ,]+(?=\S)")
_ADVERB = re.compile(
    r"(?:probably|likely|most likely|simply|just|thus|therefore|then|indeed|exactly|approximately|about|around|roughly"
    r"|also|equal to|given by|only|clearly|still|actually|now|i think|i believe)[,: ]+(?=\S)",
    re.IGNORECASE,
)
_DENIED_NUMBER = re.compile(
    rf"(?:,? (?:and |but )?(?:not|rather than|instead of)|^not) (?:an? |the )?{NUMBER}(?:,| but)?", re.IGNORECASE
)
_ASIDE_DENIED = re.compile(rf"[（(][^()（）\n]{{0,20}}?{NOT}[^()（）\n]{{0,40}}[)）]", re.IGNORECASE)
_REASON = re.compile(r", (?:who|whose|since|because|given that) [^,$=\n]{1,120}$")
_NO_CONCLUSION = re.compile(
    r"(?:let\b"
    r"|(?:now|next|then|first|second|but|also),? (?:let|we (?:need|must|have to|can)|i\b|if|what)"
    r"|(?:we|i|you) (?:need|must|have to|should|want|will now) (?:to|find)|if\b|suppose\b|assume\b|assuming\b|step\b"
    r"|note\b|wait\b|hmm\b|check|this confirms|recall\b|consider\b|since\b|because\b|given\b|for example\b|question\b"
    r"|problem\b|when\b|see\b|as (?:shown|in|we)\b|refer|unfortunately|sorry|i(?:'m| am) (?:unable|not)|i apolog"
    r"|i (?:can|could|do|did)(?: not|n't)|(?:chapter|section|equation|figure|table) )",
    re.IGNORECASE,
)


def value_in(sentence: str) -> str | None:
    """The one value that a sentence states, or None."""
    sentence = _ASIDE_DENIED.sub("", sentence)
    bare = _without_reason(_DENIED_NUMBER.sub("", _CLAUSE.split(sentence.strip())[-1]).strip())
    bold = [found for found in _BOLD.findall(bare) if re.search("[0-9]", found)]
    bare = bare.rstrip(" .!。।*")
    if bare.endswith(("?", "？")) or _NO_CONCLUSION.match(bare.lstrip("* ")) or _denied(bare):
        return None
    inside = bold[0].strip(" .") if len(bold) == 1 else sentence
    if inside != sentence and (value := value_in(inside)):
        return value
    spans = list(SPAN.finditer(bare))
    if spans and spans[-1].end() == len(bare):
        return _joined(spans, bare)
    plain = SPAN.sub(" ", bare).replace("**", "")
    counted = [next(filter(None, groups)) for groups in _COUNTED.findall(plain)]
    if len(counted) == 1 and len(_LOOSE_NUMBER.findall(plain)) > 2:
        return str(counted[0])
    if found := _TWO_MEASURES.search(bare):
        return found[1]
    if not spans and not _SEVERAL_NAMED.search(bare) and (found := EQUATION.search(plain)):
        return found[1]
    if found := _SEVERAL.search(bare) or _SEVERAL_NAMED.search(bare):
        return found[1]
    if (found := _ENDS_ON_LATEX.search(bare)) and not WORD.search(found[1]):
        return found[1]
    for pattern in (ENDS_ON_DATE, ENDS_ON_POINT, ENDS_ON_ROOT, ENDS_ON_SHARE, ENDS_ON_REMAINDER):
        if found := pattern.search(bare):
            return found[1]
    found = ENDS_ON_NUMBER.search(bare)
    aside = found is not None and _ASIDE_BEFORE.search(bare[: found.start(1)]) and len(_LOOSE_NUMBER.findall(plain)) > 1
    if len(counted) == 1 and (found is None or aside):
        return str(counted[0])
    if found and not aside:
        unit = found[2] or ""
        return found[1] + (unit if unit.isascii() else "")
    told = [formula_in(span) for span in spans if re.search("[0-9]", span.group())]
    told += [found.strip() for found in _ANY_NUMBER.findall(plain)]
    loose = _LOOSE_NUMBER.findall(plain)
    if len(told) == 1 and len(loose) <= 1:
        return told[0]
    return None


def _without_reason(sentence: str) -> str:
    """Without what is said of somebody or something at its end, ``, who works 30 minutes``, where a number is left."""
    match = _REASON.search(sentence)
    return sentence[: match.start()] if match and re.search("[0-9]", sentence[: match.start()]) else sentence


def reduced(phrase: str) -> str:
    """An announced phrase as the value it holds, where words stand around one; else as it is."""
    phrase = _ADVERB.sub("", _CLAUSE.split(CALCULATOR.sub("", phrase))[-1])
    if is_sentence(phrase):
        return value_in(phrase) or phrase
    equation = re.fullmatch(
        rf"[^=]*[0-9a-z] ?[-+*/×÷][^=]*=(?:[^=]*=)* ?({NUMBER}(?: [A-Za-z]{{2,14}}){{0,2}})", phrase
    )
    return equation[1] if equation else phrase


def is_sentence(text: str) -> bool:
    """Whether words stand around a value."""
    return len(WORD.findall(text)) > 1


def localised(text: str) -> str:
    """Numbers of a language with a decimal comma as English writes them."""
    text = re.sub(r"(?<![\d.,])(\d{1,3}(?:[. ]\d{3})+)(?:,(\d+))?(?![\d.,]\d)", _grouped, text)
    return re.sub(r"(?<![\d.,])(\d+),(\d{1,2}|\d{4,})(?![\d,])", r"\1.\2", text)


def _grouped(match: "re.Match[str]") -> str:
    return re.sub(r"[. ]", "", match[1]) + (f".{match[2]}" if match[2] else "")


def _joined(spans: "list[re.Match[str]]", sentence: str) -> str | None:
    """The formula a sentence ends on, with those that "and", "or" or a comma join to it."""
    first = len(spans) - 1
    while first and _AND.fullmatch(sentence[spans[first - 1].end() : spans[first].start()]):
        first -= 1
    joined = [formula for span in spans[first:] if (formula := formula_in(span))]
    named = [bool(_NAMED.match(formula)) for formula in joined]
    alike = all(named) or not any("=" in formula for formula in joined)
    return ", ".join(joined if alike else joined[-1:]) or None


def _denied(sentence: str) -> bool:
    """Whether the sentence says what a value is not, or leaves it open."""
    return bool(DENIAL.search(SPAN.sub(" ", sentence)))


def formula_in(match: "re.Match[str]") -> str | None:
    """What stands between the marks of mathematics."""
    inside = next((group for group in match.groups() if group), "").strip().rstrip(".,").strip()
    return inside or None
