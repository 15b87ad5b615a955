r"""Words: whether an answer is words rather than a formula, and whether two say the same.

Text that is no formula is equal only as normalised words: without macros, case, articles, emphasis and closing
punctuation. It is never read as a product of letters, and nothing in it is dropped as if it were a unit.
"""

import re

from l2s.verification.parsing.spelling import spelled
from l2s.verification.parsing.vocabulary import is_word

_MACRO = re.compile(r"\\text\{([^{}]*)\}")
_PUNCTUATION = re.compile(r"(?:[.,;:?\"`*~$]|(?<=[a-z]{2})[!'])+$|^[\"'`*$]+")
_ARTICLE = re.compile(r"\b(?:[Tt]he|[Aa]n|a|^A)\s+(?=\w)")
_SUBJECT = re.compile(
    r"^(?:(?:this|that|given|resulting) )?(?:function|graph|curve|series|sequence|integral|limit|matrix|equation|system"
    r"|statement|number|answer|result|value|set|relation|triangle|shape|figure|event|vectors?|lines?|day|winner|it|they"
    r"|[a-z]) (?:(?:is|are|was|were) |(?=converges?\b|diverges?\b|does not |increases\b|decreases\b))"
)
_EITHER = re.compile(r"\bor\b", re.IGNORECASE)
_MATHEMATICS = re.compile(r"[\\0-9=<>+*/^_|{}\[\]∞≤≥]")
_RUN = re.compile(r"[^\W\d_]+")
_SEPARATOR = re.compile(r"\s*(?:[,;]\s*(?:and\b|or\b)?|\b(?:and|or)\b)\s*")
_DENIALS = frozenset(
    ["not", "no", "non", "without", "less", "fewer", "more", "below", "above", "under", "over", "except", "minus"]
)
_IRREGULAR = {"people": "person", "children": "child", "men": "man", "women": "woman", "feet": "foot", "mice": "mouse"}
_EMPTY = frozenset(
    ["of", "the", "a", "an", "in", "is", "are", "for", "to", "each", "total", "all", "altogether", "there", "and", "on"]
)


def worded(text: str) -> str:
    """Words without macros, emphasis and closing punctuation."""
    text = _MACRO.sub(r"\1", spelled(text)).replace("{ }", "")
    text = _PUNCTUATION.sub("", text.strip().strip("*").strip())
    return re.sub(r"\s+", " ", text).strip()


def is_worded(text: str) -> bool:
    """Whether worded ``text`` is words alone: no sign of mathematics, and at least one word of a language."""
    return not _MATHEMATICS.search(text) and any(is_word(run) for run in _RUN.findall(text))


def said_alike(one: str, other: str) -> bool:
    """Whether two texts are the same words; one of them may name what both speak of: ``the function is even``."""
    mine, theirs = _plain(one), _plain(other)
    return mine == theirs or _predicate(mine) == theirs or mine == _predicate(theirs)


def same_sayings(gold: str, answer: str) -> bool:
    """Whether two texts of words are the same; several things may be listed in any order."""
    if said_alike(gold, answer):
        return True
    mine, theirs = (sorted(_plain(item) for item in _SEPARATOR.split(text) if item) for text in (gold, answer))
    return len(mine) > 1 and mine == theirs and bool(_EITHER.search(gold)) == bool(_EITHER.search(answer))


def same_things(one: str, other: str) -> bool:
    """Whether the words behind two values may name the same things: one side may say less, but nothing else."""
    if not one or not other:
        return True
    mine, theirs = _nouns(one), _nouns(other)
    return mine == theirs or ((mine <= theirs or theirs <= mine) and not (mine ^ theirs) & _DENIALS)


def _nouns(text: str) -> set[str]:
    words = (word.lower() for word in re.findall(r"\w+", _MACRO.sub(r"\1", text)))
    return {_singular(word) for word in words if word not in _EMPTY}


def _singular(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    for ending, singular in (("ies", "y"), ("sses", "ss"), ("shes", "sh"), ("ches", "ch"), ("xes", "x"), ("s", "")):
        if len(word) > len(ending) + 2 and word.endswith(ending) and not word.endswith("ss"):
            return word.removesuffix(ending) + singular
    return word


def _predicate(said: str) -> str:
    """What a sentence says of the thing that a problem asks about; the sentence where it is about something else."""
    return _ARTICLE.sub("", _SUBJECT.sub("", said, count=1))


def _plain(text: str) -> str:
    text = _ARTICLE.sub("", worded(text)).lower()
    text = text.replace("non-", "non").replace("impossible", "not possible")
    return re.sub(r"[^\w\s'-]", " ", text).replace("-", " ").strip() if not _MATHEMATICS.search(text) else text
