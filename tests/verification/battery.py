"""Pairs of a gold answer and an answer, made by hand for this project, each with the verdict of a careful reader.

``cases/battery.txt`` is the public battery, whose pairs have a reason; ``cases/pairs.txt`` has more of them. A heading
is ``# kind: reason``, a line below it ``gold ||| answer``, with ``=`` before what is equal and ``!`` before what is
not. A pair that a grader gets wrong in use belongs here first.
"""

from pathlib import Path
from typing import NamedTuple

CASES = Path(__file__).parent / "cases"


class Pair(NamedTuple):
    kind: str
    gold: str
    answer: str
    equal: bool
    reason: str


def read(name: str) -> list[Pair]:
    pairs, kind, reason = list[Pair](), "", ""
    for line in (CASES / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        mark, text = line[0], line[2:]
        if mark == "#":
            kind, _, reason = text.partition(": ")
        else:
            gold, answer = text.split(" ||| ")
            pairs.append(Pair(kind, gold, answer, {"=": True, "!": False}[mark], reason))
    return pairs


HOSTILE = [
    *("9^{9^{9^9}}", "(10^9)!", "2^{10^7}+1", r"\frac{1}{0}", r"\Gamma(10^8)", r"\binom{999999999}{499999999}"),
    *("__import__('os').system('true')", r"\text{__import__('os')}", "().__class__.__base__"),
    *("5" * 5_000, "7" * 1_000_000, "{" * 10_000 + "5" + "}" * 10_000, r"\sqrt{" * 300 + "5" + "}" * 300),
    *(r"\frac" * 900, "x+" * 1_900 + "x", "(" * 1_500, "!" * 1_500, "5%" * 600, "_" * 1_000, "\\" * 1_000, "$" * 999),
    *(r"\begin{pmatrix}" * 200, "|" * 801, "5\x00x", "\ud800x", "\u202ex"),
]
"""What is no 5, made to take a grader's time, memory or machine."""

INVISIBLE = ("\u202e5\u202c", "5\u200b", " ")

PAIRS = [
    *read("battery"),
    *(Pair("invisible", "5", text, "5" in text, "what nobody sees says nothing") for text in INVISIBLE),
    *(Pair("hostile", "5", answer, False, "each gets its verdict, and none is right") for answer in HOSTILE),
]
MORE = read("pairs")
