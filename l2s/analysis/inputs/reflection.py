"""Reflections: second thoughts, counted in the generated text alone: as whole words, and as the study counts them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def pattern_of(words: Sequence[str]) -> str:
    """A regular expression for any of the words or phrases: whole words, any case, blanks of any kind."""
    options = sorted((r"\s+".join(map(re.escape, word.split())) for word in words), key=len, reverse=True)
    return rf"(?i)\b(?:{'|'.join(options)})\b"


def study_pattern(keywords: Sequence[str]) -> str:
    """The study's rule (the code of arXiv:2503.20641): any case, parts of words, so that "await" counts."""
    return rf"(?i){'|'.join(map(re.escape, keywords))}"


def count_reflections(responses: pl.Expr, words: Sequence[str]) -> pl.Expr:
    """How many second thoughts each response holds; overlapping phrases count once."""
    return responses.str.count_matches(pattern_of(words))
