r"""An answer in one spelling, before it is read: without dollars, sizing, invisible characters and loose space."""

import re

INVISIBLE = re.compile("[\x00-\x08\x0e-\x1f\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_MINUS = str.maketrans({"−": "-", "–": "-", "，": ",", "\u00a0": " ", "\u2009": " ", "\u202f": " "})
_SIZING = re.compile(r"\\(?:left|right|displaystyle|bigl?|bigr|Bigl?|Bigr)(?![A-Za-z])\s{0,3}|(?<!\\)\\!\s{0,3}")
FRAC = re.compile(r"\\[dtc]frac(?![A-Za-z])")
_GROUP_COMMA = re.compile(r"(?<=[0-9])(?:\{,\}|\\,)(?=[0-9]{3}(?![0-9]))")
_ROW_BREAK = re.compile(r"\s{0,3}\\\\\s{0,3}")
_SPACING = re.compile(r"(?:(?<!\\)\\[,;: ]|\\quad(?![A-Za-z])|~|\s)+")
_LOOSE_SPACE = re.compile(r" (?![A-Za-z0-9.]|\\frac)|(?<![A-Za-z0-9,]) |(?<=,) (?![0-9]{3}(?![0-9]))")
_WRAPPER = re.compile(r"\\(?:text|textbf|mathrm|mathbf|boxed|fbox)\{([^{}]*)\}")
PAIRS = (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]"))
"""What stands around mathematics."""


def normalised(text: str) -> str:
    r"""``text`` in one spelling: no ``$``, sizing, invisible characters or loose space, ``\frac`` for ``\dfrac``.

    A space that tells things apart stays: ``2 1/2`` is not ``21/2``, and ``3, 100`` not ``3,100``.
    """
    text = INVISIBLE.sub("", text).translate(_MINUS).strip()
    text = _GROUP_COMMA.sub(",", FRAC.sub(r"\\frac", _SIZING.sub("", text)))
    text = _unwrapped(_undollared(text)).strip().removesuffix(".")
    text = _SPACING.sub(" ", _ROW_BREAK.sub(r"\\\\", text))
    return _LOOSE_SPACE.sub("", text).strip()


def _undollared(text: str) -> str:
    for opening, closing in PAIRS:
        inner = text[len(opening) : len(text) - len(closing)]
        if len(text) > 2 * len(opening) and text.startswith(opening) and text.endswith(closing) and "$" not in inner:
            return inner.strip()
    return text


def _unwrapped(text: str) -> str:
    r"""Without a ``\text`` or box around the whole."""
    match = _WRAPPER.fullmatch(text)
    return match.group(1) if match else text
