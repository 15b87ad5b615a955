r"""Residues: answers modulo a number, ``x \equiv 5 \pmod 7``, ``5 mod 7``; a bare integer answers for its residue."""

import re
from typing import NamedTuple

from l2s.verification.compare.structures.families import residues
from l2s.verification.compare.structures.shapes import shaped
from l2s.verification.parsing.normalised import normalised
from l2s.verification.parsing.parser import read
from l2s.verification.parsing.tokens import UNREAD

_MODULUS = re.compile(
    r"\s?,?\s?\(?\s?(?:\\pmod\s?\{?\s?([0-9]{1,30})\s?\}?|(?:\\bmod|\\mod|\bmod(?:ulo)?|\\text\{\s?mod(?:ulo)?\s?\})\s?\{?\s?([0-9]{1,30})\s?\}?)"
    r"\s?\)?[.$\s]*$"
)
_ONE = r"[-−]?\s?[0-9]{1,30}"
_JOINT = r"(?:\s?,\s?(?:\\text\{\s?(?:and|or)\s?\}|and|or)?\s?|\s?(?:\\text\{\s?(?:and|or)\s?\}|\band\b|\bor\b)\s?)"
_RESIDUE = re.compile(
    rf"^[$\s]*(?:([A-Za-z](?:_[A-Za-z0-9])?)\s?(?:\\equiv|≡|=)\s?)?({_ONE}(?:{_JOINT}{_ONE}){{0,20}})[$\s]*$"
)


class Class(NamedTuple):
    """Residue classes as written."""

    name: str
    values: tuple[int, ...]
    modulus: int
    """0 where none is given."""


def same_residues(gold: str, answer: str) -> bool | None:
    """Whether two answers leave the same residues; None unless at least one gives its modulus and both integers."""
    if "mod" not in gold and "mod" not in answer:
        return None
    mine, theirs = _read(gold), _read(answer)
    if mine is None or theirs is None:
        mine, theirs = mine or _family(gold), theirs or _family(answer)
    if mine is None or theirs is None or not (mine.modulus or theirs.modulus):
        return None
    if mine.name and theirs.name and mine.name != theirs.name:
        return False
    if mine.modulus and theirs.modulus:
        return mine.modulus == theirs.modulus and _classes(mine) == _classes(theirs)
    return sorted(mine.values) == sorted(theirs.values)


def _classes(found: Class) -> set[int]:
    return {value % found.modulus for value in found.values}


def _read(text: str) -> Class | None:
    text = normalised(text)
    found = _MODULUS.search(text)
    residue = _RESIDUE.match(text[: found.start()] if found else text)
    if residue is None or (found and int(found[1] or found[2]) == 0):
        return None
    values = tuple(int(value.replace("−", "-").replace(" ", "")) for value in re.findall(_ONE, residue[2]))
    if found is None and len(values) > 1:
        return None
    return Class(residue[1] or "", values, int(found[1] or found[2]) if found else 0)


def _family(text: str) -> Class | None:
    r"""``n = 4k + 2 \text{ or } n = 4k + 3`` as the classes that it runs through."""
    try:
        found = residues(shaped(read(text)))
    except UNREAD:
        return None
    return None if found is None else Class(found[0], tuple(sorted(found[1])), found[2])
