"""Contamination: no problem that is trained on or searched with is asked by a benchmark, however it stands there."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from l2s.core.errors import ConfigError
from l2s.core.row import Row

SHOWN = 3
_SIGNS = str.maketrans("−–—‐‑×·÷⋅", "-----**/*")
_LAYOUT = re.compile(r"\\(?:left|right|displaystyle|[,;:! ()\[\]])")
_THOUSANDS = re.compile(r"(?<=\d)(?:,|\{,\})(?=\d{3}(?!\d))")
_WORD = re.compile(r"[^\W_]+(?:\.\d+)?|[-+*/=<>^%()|!]")


def normalised(text: str) -> str:
    """Words, numbers and signs of calculation in small letters, with one blank between; the rest is punctuation.

    Compatible characters (NFKC), kinds of dashes and dots, LaTeX's spacing and commas in thousands count as one. A
    text without any of that is itself.
    """
    plain = unicodedata.normalize("NFKC", text.translate(_SIGNS)).translate(_SIGNS).casefold()
    plain = _THOUSANDS.sub("", _LAYOUT.sub(" ", plain.replace(r"\times", "*").replace(r"\cdot", "*")))
    return " ".join(_WORD.findall(plain)) or text.strip()


def refuse_contamination(
    used: Mapping[str, Iterable[Row]], benchmarks: Mapping[str, Iterable[Row]], use: str = "train"
) -> None:
    """Check rows with ``id`` and ``problem``, by the name of what they belong to; ``use``: the verb for the message.

    Raises:
        ConfigError: one sentence; names the first problems that both have.
    """
    asked = dict[str, str]()
    for benchmark, rows in benchmarks.items():
        for row in rows:
            asked.setdefault(normalised(row["problem"]), f"{row['id']} of {benchmark}")
    shared, count = dict[str, str](), 0
    for name, rows in used.items():
        texts = dict[str, str]()
        for row in rows:
            texts.setdefault(normalised(row["problem"]), row["id"])
        count += len(texts)
        shared |= {text: f"{one} of {name} is {asked[text]}" for text, one in texts.items() if text in asked}
    if shared:
        more = f", and {len(shared) - SHOWN} more" if len(shared) > SHOWN else ""
        raise ConfigError(
            f"{len(shared)} of {count} {use}ing problems are asked by benchmarks: "
            f"{', '.join(list(shared.values())[:SHOWN])}{more}; {use} on problems that no benchmark asks"
        )
