r"""Wording: answers that are words — names, yes and no, choices, "no solution", numbers in letters."""

import re

from l2s.verification.compare.phrases.words import worded

_MEANINGS = {
    "yes": ("yes", "true", "correct", "是", "对", "正确"),
    "no": ("no", "false", "否", "错", "错误", "incorrect"),
    "undefined": (
        *("does not exist", "dne", "undefined", "not defined", "doesn't exist", "不存在", "limit does not exist"),
        *("it does not exist",),
    ),
    "none": (
        *("no solution", "no solutions", "no real solution", "no real solutions", "empty set", "none"),
        *("the empty set", "there is no solution", "there are no solutions", r"\emptyset", r"\{\}", "无解"),
        *(r"\varnothing", "solution does not exist", "no such integers", "空集"),
    ),
    "all real numbers": (
        *("all real numbers", r"\mathbb{r}", r"(-\infty,\infty)", "all reals", "全体实数", r"(-\infty,+\infty)"),
        *("the set of all real numbers", r"x\in\mathbb{r}", "any real number"),
    ),
    "all positive numbers": ("all positive real numbers", "all positive reals", r"(0,\infty)", "x > 0"),
    "infinity": (
        *(r"\infty", r"+\infty", "infinity", "infinitely many", "infinite", "infinitely many solutions"),
        *("infinite solutions", "an infinite number"),
    ),
    "all integers": ("all integers", r"\mathbb{z}", "the set of all integers"),
    "diverges": ("diverges", "divergent", "diverge"),
    "converges": ("converges", "convergent", "converge"),
}
_SYNONYMS = {saying: meaning for meaning, sayings in _MEANINGS.items() for saying in sayings}
_ARTICLE = re.compile(r"^(?:the|an|a|it is|it's|is|are) (?=\S)")
_LETTER = r"(?:\(([A-Z])\)|([A-Z])(?=[.):：]|$))"
_CHOICE = re.compile(rf"^(?i:option |choice |answer |选项?)?{_LETTER}[.):：]?\s*(.*)$", re.DOTALL)
_LABELLED = re.compile(r"[,;] ?\(?[A-Z] ?[:=]")
"""More letters with what they stand for: no choice among them."""
_SMALL_CHOICE = re.compile(
    r"(?i:option |choice |answer )?"
    r"(?:[(\[]?([a-z]|[A-Z](?=\]))[)\].:]?|\(?([a-z])\)\s(?!or\b|and\b)[^()]+)"
)
"""A choice in a small letter or square brackets, ``b)``, ``[B]``, ``(b) 42``."""
_LISTED = re.compile(
    r"\(?(?:[A-J]|[IVX]{1,5})\)?(?:(?:\s?[,;&]\s?(?:and |or )?| and | or )\(?(?:[A-J]|[IVX]{1,5})\)?)+"
)
_CLAIM = re.compile(
    r"(?:[a-z ,]{0,60}?\b(?:has|have|there (?:is|are|exists?)) )?"
    r"((?:no|infinitely many) (?:real )?solutions?)(?: (?:exists?|to the (?:equation|system)))?"
)
_CHOSEN_IN_SMALL_LETTERS = "BCDE"
"""Choices that a small letter names too; A and a are more often two quantities of one figure."""
_RUN = re.compile(r"[A-J]{2,6}")
_LABEL = re.compile(r"[A-JIVX]+")
_MEASURED = re.compile(r"\W*[0-9].*[a-z]")
"""What may have a unit, where the size of a letter tells milli from mega."""
_WORD = re.compile(r"[A-Za-z\u4e00-\u9fff]{2,}")


def same_words(gold: str, answer: str) -> bool | None:
    """Whether two answers say the same in words; None where words cannot tell."""
    gold, answer = worded(gold), worded(answer)
    if gold and gold == answer:
        return True
    chosen = _same_labels(gold, answer)
    if chosen is None:
        chosen = _same_choice(gold, answer)
    if chosen is not None:
        return chosen
    one, other = (_ARTICLE.sub("", said.lower()) for said in (gold, answer))
    wordy = len(one) > 1 and (_WORD.search(one) or not one.isascii()) and "\\" not in gold
    if wordy and one == other and not _MEASURED.match(one):
        shouted = (gold.isupper() and answer.islower()) or (answer.isupper() and gold.islower())
        return not shouted or len(one) > 3 or one in _SYNONYMS
    one, other = _claimed(one), _claimed(other)
    meanings = [_SYNONYMS.get(said.replace(" ", "") if "\\" in said else said) for said in (one, other)]
    if None not in meanings:
        return meanings[0] == meanings[1]
    if meanings[0] in ("yes", "no") and (decided := _decided(other)):
        return meanings[0] == decided
    return None


def _claimed(text: str) -> str:
    """``no solution`` of a sentence that says there is none."""
    match = _CLAIM.fullmatch(text)
    return match[1] if match else text


def _decided(text: str) -> str | None:
    """Yes or no where a sentence begins with one and the other is not said: ``Yes, because …``."""
    said = set(re.findall(r"\b(?:yes|no|true|false)\b", text))
    match = re.match(r"(yes|no|true|false)\s?[,.;:]\s", text)
    return _SYNONYMS[match[1]] if match and len(said) == 1 else None


def _same_choice(gold: str, answer: str) -> bool | None:
    """Letters decide where both give one; a gold letter with its content may be answered by the content."""
    mine, theirs = _CHOICE.match(gold), _CHOICE.match(answer)
    if mine is None:
        return None
    letter, content = mine[1] or mine[2], mine[3].strip()
    if theirs is not None:
        if _LABELLED.search(mine[3]) and _LABELLED.search(theirs[3]):
            return None
        alone = not content or not theirs[3].strip()
        return letter == (theirs[1] or theirs[2]) if alone or letter in "ABCDEFGHIJ" else None
    if small := _SMALL_CHOICE.fullmatch(answer):
        answer = small[1] or small[2]
    if len(answer) == 1 and answer.isalpha():
        plain = letter in _CHOSEN_IN_SMALL_LETTERS and len(gold) == 1
        return letter == answer or ((bool(mine[1]) or plain) and letter == answer.upper())
    return True if content and content.lower() == answer.lower() else None


def _same_labels(gold: str, answer: str) -> bool | None:
    """Several choices or statements in any order, ``A, C`` or ``I and III``; a run of letters beside such a list."""
    gold, answer = gold.removesuffix(" only"), answer.removesuffix(" only")
    if not (_LISTED.fullmatch(gold) or _LISTED.fullmatch(answer)):
        return None
    mine, theirs = _labels(gold), _labels(answer)
    if mine is None or theirs is None:
        return None
    return mine == theirs and (" or " in gold) == (" or " in answer)


def _labels(text: str) -> set[str] | None:
    if _LISTED.fullmatch(text):
        return set(_LABEL.findall(text))
    if _RUN.fullmatch(text) and list(text) == sorted(set(text)):
        return set(text)
    single = re.fullmatch(r"\(?([A-J])\)?[.)]?", text)
    return {single[1]} if single else None
