r"""The words of a problem: what two problems that are the same have in common, however they are written."""

import re
import unicodedata

_SIGNS = str.maketrans("−–—‐‑×·÷", "-----**/")
_LAYOUT = re.compile(r"\\(?:left|right|displaystyle|[,;:! ()\[\]])")
_THOUSANDS = re.compile(r"(?<=\d)(?:,|\{,\})(?=\d{3}(?!\d))")
_WORD = re.compile(r"[^\W_]+(?:\.\d+)?|[-+*/=<>^%()|!]")


def normalised(text: str) -> str:
    """Words, numbers and signs of calculation in small letters, with one blank between; the rest is punctuation.

    Compatible characters (NFKC), kinds of dashes and dots, LaTeX's spacing and commas in thousands count as one. A
    text without any of that is itself.
    """
    plain = unicodedata.normalize("NFKC", text).translate(_SIGNS).casefold()
    plain = _THOUSANDS.sub("", _LAYOUT.sub(" ", plain))
    return " ".join(_WORD.findall(plain)) or text.strip()
