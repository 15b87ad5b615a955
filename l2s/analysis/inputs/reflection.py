"""Reflections: second thoughts, counted in the generated text alone: as whole words, and as the study counts them."""

import re
from collections.abc import Sequence


def pattern_of(words: Sequence[str]) -> str:
    """A regular expression for any of the words or phrases: whole words, any case, blanks of any kind.

    Overlapping phrases count once.
    """
    options = sorted((r"\s+".join(map(re.escape, word.split())) for word in words), key=len, reverse=True)
    return rf"(?i)\b(?:{'|'.join(options)})\b"


def study_pattern(keywords: Sequence[str]) -> str:
    """The study's rule (the code of arXiv:2503.20641): any case, parts of words, so that "await" counts."""
    return rf"(?i){'|'.join(map(re.escape, keywords))}"
