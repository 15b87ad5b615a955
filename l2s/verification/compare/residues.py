r"""Residues: answers modulo a number, ``x \equiv 5 \pmod 7``, ``5 mod 7``; a bare integer answers for its residue."""

import re

from l2s.verification.compare.exact import normalised

_MODULUS = re.compile(
    r"\s?,?\s?\(?\s?(?:\\pmod\s?\{?\s?([0-9]{1,30})\s?\}?|(?:\\bmod|\\mod|\bmod(?:ulo)?|\\text\{\s?mod(?:ulo)?\s?\})\s?\{?\s?([0-9]{1,30})\s?\}?)"
    r"\s?\)?[.$\s]*$"
)
_RESIDUE = re.compile(r"^[$\s]*(?:([A-Za-z](?:_[A-Za-z0-9])?)\s?(?:\\equiv|≡|=)\s?)?([-−]?\s?[0-9]{1,30})[$\s]*$")


def same_residues(gold: str, answer: str) -> bool | None:
    """Whether two answers leave the same residue; None unless at least one gives its modulus and both an integer."""
    if "mod" not in gold and "mod" not in answer:
        return None
    one, other = _read(gold), _read(answer)
    if one is None or other is None:
        return None
    (name, value, modulus), (other_name, other_value, other_modulus) = one, other
    if name and other_name and name != other_name:
        return False
    if modulus and other_modulus:
        return modulus == other_modulus and (value - other_value) % modulus == 0
    return value == other_value


def _read(text: str) -> tuple[str, int, int] | None:
    """Name (or empty), residue and modulus (or 0)."""
    text = normalised(text)
    found = _MODULUS.search(text)
    residue = _RESIDUE.match(text[: found.start()] if found else text)
    if residue is None:
        return None
    modulus = int(found[1] or found[2]) if found else 0
    return residue[1] or "", int(residue[2].replace("−", "-").replace(" ", "")), modulus
