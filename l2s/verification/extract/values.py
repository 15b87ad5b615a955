r"""Values: the one value that a sentence states — its bold number, the formula or number it ends on, its last result.

A question, a value that is denied, and a sentence with several numbers of which none is its result state nothing.
"""

import re

from l2s.verification.extract import patterns


def value_in(sentence: str) -> str | None:
    """The one value that a sentence states, or None."""
    sentence = patterns.MINUS_IN_WORDS.sub("-", patterns.ASIDE_DENIED.sub("", sentence))
    bare = _without_reason(patterns.DENIED_NUMBER.sub("", patterns.CLAUSE.split(sentence.strip())[-1]).strip())
    bold = [found for found in patterns.BOLD.findall(bare) if re.search("[0-9]", found)]
    bare = bare.rstrip(" .!。।*")
    if bare.endswith(("?", "？")) or patterns.NO_CONCLUSION.match(bare.lstrip("* ")) or _denied(bare):
        return None
    inside = bold[0].strip(" .") if len(bold) == 1 else sentence
    if inside != sentence and (value := value_in(inside)):
        return value
    bare = patterns.ABOUT_THAT.sub("", bare)
    spans = list(patterns.SPAN.finditer(bare))
    if spans and spans[-1].end() == len(bare):
        return _joined(spans, bare)
    return _said_at_the_end(bare, spans) or _said_by_its_number(bare, spans)


def _said_at_the_end(bare: str, spans: "list[re.Match[str]]") -> str | None:
    """A total, a result, several values or a formula in plain text that a sentence ends on."""
    plain = _in_words(bare)
    if (total := _counted(plain)) and len(patterns.LOOSE_NUMBER.findall(plain)) > 2:
        return total
    if found := patterns.TWO_MEASURES.search(bare):
        return found[1]
    if not spans and not patterns.SEVERAL_NAMED.search(bare) and (found := patterns.EQUATION.search(plain)):
        return found[1]
    if (found := patterns.ENDS_ON_LATEX.search(bare)) and not patterns.WORD.search(found[1]):
        return found[1]
    for pattern in patterns.ENDINGS:
        if found := pattern.search(bare):
            return found[found.lastindex or 1]
    return _plain_formula(bare)


def _said_by_its_number(bare: str, spans: "list[re.Match[str]]") -> str | None:
    """The number that a sentence ends on, unless it is said in passing (``in 3 hours``), or its only one."""
    plain = _in_words(bare)
    loose, total = patterns.LOOSE_NUMBER.findall(plain), _counted(plain)
    found = patterns.ENDS_ON_NUMBER.search(bare)
    aside = patterns.ASIDE_BEFORE.search(bare[: found.start(1)]) if found and len(loose) > 1 else None
    if total and (found is None or aside):
        return total
    if found and not aside:
        unit = found[2] or ""
        return found[1] + (unit if unit.isascii() else "")
    if aside and not spans and len(loose) == 2 and not aside.group().startswith("out of"):
        before = bare[: aside.start()]
        return value_in(before) if re.search("[0-9]", before) else None
    told = [formula_in(span) for span in spans if re.search("[0-9]", span.group())]
    told += [number.strip() for number in patterns.ANY_NUMBER.findall(plain)]
    return told[0] if len(told) == 1 and len(loose) <= 1 else None


def _in_words(sentence: str) -> str:
    """The sentence without its formulas and its emphasis."""
    return patterns.SPAN.sub(" ", sentence).replace("**", "")


def _counted(plain: str) -> str | None:
    """The one total that a sentence counts or pays."""
    counted = [next(filter(None, groups)) for groups in patterns.COUNTED.findall(plain)]
    return str(counted[0]) if len(counted) == 1 else None


def _without_reason(sentence: str) -> str:
    """Without what is said besides, ``at 60 mph, …``, ``…, who works 30 minutes``, where a number is left."""
    sentence = patterns.LED_BY.sub("", sentence)
    for pattern in (patterns.REASON_BEHIND, patterns.CONDITION_BEHIND, patterns.ASIDE_BEHIND):
        match = pattern.search(sentence)
        if match and re.search("[0-9]", sentence[: match.start()]):
            sentence = sentence[: match.start()]
    return sentence


def _plain_formula(sentence: str) -> str | None:
    """The formula in plain text that a sentence ends on, ``y = 2x + 1``, ``(2, ∞)``, ``6.02 x 10^23``."""
    tail = patterns.SAID_BEFORE.split(sentence)[-1].strip()
    if len(tail) > patterns.LONGEST_FORMULA or not (
        patterns.PLAIN_FORMULA.fullmatch(tail) and patterns.OPERATOR.search(tail)
    ):
        return None
    return None if re.search(r"[A-Za-z]{2,}", patterns.FUNCTION_NAME.sub("", tail)) else tail


def reduced(phrase: str) -> str:
    """An announced phrase as the value it holds, where words stand around one; else as it is."""
    phrase = patterns.ADVERB.sub("", patterns.CLAUSE.split(patterns.CALCULATOR.sub("", phrase))[-1])
    if len(patterns.WORD.findall(phrase)) > 1:
        return value_in(phrase) or phrase
    equation = re.fullmatch(
        rf"[^=]*[0-9a-z] ?[-+*/×÷][^=]*=(?:[^=]*=)* ?({patterns.NUMBER}(?: [A-Za-z]{{2,14}}){{0,2}})", phrase
    )
    return equation[1] if equation else phrase


def localised(text: str) -> str:
    """Numbers of a language with a decimal comma as English writes them."""
    text = re.sub(r"(?<![\d.,])(\d{1,3}(?:[. ]\d{3})+)(?:,(\d+))?(?![\d.,]\d)", _grouped, text)
    return re.sub(r"(?<![\d.,])(\d+),(\d{1,2}|\d{4,})(?![\d,])", r"\1.\2", text)


def _grouped(match: "re.Match[str]") -> str:
    return re.sub(r"[. ]", "", match[1]) + (f".{match[2]}" if match[2] else "")


def _joined(spans: "list[re.Match[str]]", sentence: str) -> str | None:
    """The formula a sentence ends on, with those that "and", "or" or a comma join to it."""
    first = len(spans) - 1
    while first and patterns.JOINT.fullmatch(sentence[spans[first - 1].end() : spans[first].start()]):
        first -= 1
    joined = [formula for span in spans[first:] if (formula := formula_in(span))]
    named = [bool(patterns.NAMED_VALUE.match(formula)) for formula in joined]
    alike = all(named) or not any("=" in formula for formula in joined)
    return ", ".join(joined if alike else joined[-1:]) or None


def _denied(sentence: str) -> bool:
    """Whether the sentence says what a value is not, or leaves it open."""
    return bool(patterns.DENIAL.search(patterns.SPAN.sub(" ", sentence)))


def formula_in(match: "re.Match[str]") -> str | None:
    """What stands between the marks of mathematics."""
    inside = next((group for group in match.groups() if group), "").strip().removeprefix(r"\therefore")
    inside = inside.strip().rstrip(".,").strip()
    return inside or None
