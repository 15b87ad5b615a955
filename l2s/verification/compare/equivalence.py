"""Equivalence: is an answer equal to the gold answer? Nothing untrusted is evaluated in this process.

Plain numbers and equal texts are settled exactly and at once. What is left passes limits on its text, is
read as a whole and compared by type and value, still in this process and with bounded work. Only what our
reader does not know (sums, integrals, limits) is compared by algebra in a worker process, within a time and
a memory limit.
"""

import re

from l2s.verification.compare.comparison import same
from l2s.verification.compare.phrases.clock import same_times
from l2s.verification.compare.phrases.dates import same_dates
from l2s.verification.compare.phrases.division import same_divisions
from l2s.verification.compare.phrases.numerals import counted, numeral, ordinal, scaled
from l2s.verification.compare.phrases.wording import same_words
from l2s.verification.compare.phrases.words import is_worded, same_sayings, worded
from l2s.verification.compare.structures.families import (
    declared,
    same_families,
    same_integrals,
    same_up_to_constants,
    turning,
)
from l2s.verification.compare.structures.residues import same_residues
from l2s.verification.compare.structures.vectors import with_unit_vectors
from l2s.verification.compare.values.calculus import (
    different_derivatives,
    different_letters,
    items,
    needs_algebra,
    stated_value,
)
from l2s.verification.compare.values.exact import settle
from l2s.verification.compare.values.quantities import has_words
from l2s.verification.outcome import Outcome
from l2s.verification.parsing.expressions import Expression
from l2s.verification.parsing.limits import LONGEST, exceeds_limits
from l2s.verification.parsing.parser import read
from l2s.verification.parsing.phrases import over_whole_quotients
from l2s.verification.parsing.plain_units import with_units
from l2s.verification.parsing.spelling import spelled
from l2s.verification.parsing.tokens import UNREAD
from l2s.verification.workers.pool import compared_by

_TABLES = ("interval", "tuple", "set", "union", "list", "ratio")
"""What no sum, integral or limit comes to."""

_CHOSEN = re.compile(
    r"^\$?\\(?:text(?:bf|rm)?|math(?:bf|rm))\s?\{\s*\([A-J]\)\s*\}(?:\\[ ,;:]|\\q?quad|~|\s)*(?=[^\s$])"
    r"|^\$?\([A-J]\)[:.]?\s+(?=[-\\0-9$])"
)
"""The letter of a choice before what it says, which is what a gold answer without a letter asks for."""

_GROUP = re.compile(r"[0-9],[0-9]{3}")
_GROUPED_ITEM = re.compile(r"(?<=[(\[{ ])-?[0-9]{1,3}(?:,[0-9]{3})+(?=, |\)|\]|\\?\})")
_MOST_ITEMS = 4
"""Items of a list that may ask for algebra each."""
_NO_LIST = re.compile(r"[0-9],0[0-9]{2}(?![0-9])")
"""A group that no item of a list is written as: ``1,005`` is never 1 and 5."""


def equivalent(gold: str, answer: str) -> Outcome:
    """Whether ``answer`` equals ``gold``; the order matters, since the gold answer sets the type."""
    if len(gold) > LONGEST or len(answer) > LONGEST:
        return "correct" if gold == answer else "limit"
    if not gold.strip() or not answer.strip():
        return "unparsed"
    settled = settle(gold, answer)
    for same_of_kind in (same_times, same_dates, same_divisions, same_words, same_residues):
        if settled is None:
            settled = same_of_kind(gold, answer)
    if settled is not None:
        return "correct" if settled else "incorrect"
    if exceeds_limits(gold) or exceeds_limits(answer):
        return "limit"
    gold, answer = with_unit_vectors(gold, _CHOSEN.sub("", answer) if not _CHOSEN.match(gold) else answer)
    return _scaled(_in_digits(gold, answer), _in_digits(answer, gold))


def _in_digits(text: str, other: str) -> str:
    """A number in words by its digits; an ordinal only beside a bare number, a count beside any."""
    if not re.search("[0-9]", other):
        return numeral(text) or text
    return numeral(text) or (ordinal(text) if spelled(other).isdigit() else None) or counted(text) or text


def _scaled(gold: str, answer: str) -> Outcome:
    """``60 million`` is 60,000,000; beside a bare 60 it is that too, for problems ask for millions."""
    mine, theirs = scaled(gold), scaled(answer)
    if mine is None and theirs is None:
        return _compared(gold, answer)
    found = _compared(mine or gold, theirs or answer)
    return _compared(gold, answer) if found != "correct" and (mine is None or theirs is None) else found


def _compared(gold: str, answer: str) -> Outcome:
    r"""Compare both as they are read; where they differ, letters may be units, ``\ln a/b`` of the whole quotient."""
    found = _compared_as_read(gold, answer)
    if found in ("correct", "limit"):
        return found
    measured = with_units(gold, answer)
    if measured and measured != (gold, answer) and _compared_as_read(*measured) == "correct":
        return "correct"
    wholes = over_whole_quotients(gold), over_whole_quotients(answer)
    for pair in ((gold, wholes[1]), (wholes[0], answer)):
        if pair != (gold, answer) and _compared_as_read(*pair) == "correct":
            return "correct"
    return found


def _compared_as_read(gold: str, answer: str) -> Outcome:
    """Compare by type and value in this process; by algebra in another where a formula is beyond our own reader."""
    if spelled(gold) == spelled(answer):
        return "correct"
    if different_derivatives(spelled(gold), spelled(answer)):
        return "incorrect"
    told = is_worded(worded(gold)), is_worded(worded(answer))
    if all(told):
        return "correct" if same_sayings(worded(gold), worded(answer)) else "incorrect"
    mine, theirs = (_said(text) if words else _read(text) for text, words in zip((gold, answer), told, strict=True))
    if mine is not None and theirs is not None:
        try:
            return "correct" if _same(mine, gold, theirs, answer) else "incorrect"
        except UNREAD:
            pass
    if any(side is not None and has_words(side) for side in (mine, theirs)):
        return "incorrect"
    value, other = stated_value(gold) if mine is None else None, stated_value(answer) if theirs is None else None
    if value or other:
        return _compared(value or gold, other or answer)
    known = mine or theirs
    if known is not None and known.kind in _TABLES:
        return "unparsed"
    plain = any(side is None and "\\" not in text for side, text in ((mine, gold), (theirs, answer)))
    if plain or not needs_algebra(gold, answer):
        return "unparsed"
    parts, others = items(spelled(gold)), items(spelled(answer))
    if len(parts) > 1 or len(others) > 1:
        return _one_by_one(parts, others)
    return "incorrect" if different_letters(gold, answer) else compared_by("l2s", gold, answer)


def _one_by_one(gold: list[str], answer: list[str]) -> Outcome:
    """Several formulas in order, as algebra knows one at a time."""
    if len(gold) != len(answer):
        return "incorrect"
    if len(gold) > _MOST_ITEMS:
        return "unparsed"
    for one, other in zip(gold, answer, strict=True):
        if (found := _compared(one, other)) != "correct":
            return found
    return "correct"


def _same(mine: Expression, gold: str, theirs: Expression, answer: str) -> bool:
    if same(mine, theirs) or _same_as_lists(mine, gold, theirs, answer) or _same_in_groups(gold, answer):
        return True
    about, other = declared(gold), declared(answer)
    if not (about or other) and (counted := turning(mine, theirs)):
        about, other = counted
    if (about or other) and same_families(mine, about, theirs, other, same):
        return True
    return same_up_to_constants(mine, theirs, same) or same_integrals(mine, theirs)


def _same_as_lists(mine: Expression, gold: str, theirs: Expression, answer: str) -> bool:
    """``100,200`` beside the list ``100, 200``: where one side is a list for certain, the other may be one too."""
    grouped = _GROUP.search(gold) or _GROUP.search(answer)
    if (mine.kind == "list") == (theirs.kind == "list") or not grouped or _NO_LIST.search(f"{gold}|{answer}"):
        return False
    return same(read(gold, grouping=False), read(answer, grouping=False))


def _same_in_groups(gold: str, answer: str) -> bool:
    """``(1,000, 2,000)`` as a point of two: where spaces stand behind the commas between entries and no others."""
    pairs = {(one, other) for one in (gold, _without_groups(gold)) for other in (answer, _without_groups(answer))}
    return any(same(read(one), read(other)) for one, other in sorted(pairs - {(gold, answer)}))


def _without_groups(text: str) -> str:
    return _GROUPED_ITEM.sub(lambda item: item[0].replace(",", ""), text) if ", " in text else text


def _said(text: str) -> Expression:
    return Expression("words", (worded(text),))


def _read(text: str) -> Expression | None:
    try:
        return read(text)
    except UNREAD:
        return None
