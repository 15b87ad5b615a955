"""A pair of the battery, and how groups of them are written."""

from typing import NamedTuple


class Pair(NamedTuple):
    kind: str
    gold: str
    answer: str
    equal: bool
    reason: str


def same(kind: str, reason: str, *pairs: tuple[str, str]) -> list[Pair]:
    return [Pair(kind, gold, answer, True, reason) for gold, answer in pairs]


def different(kind: str, reason: str, *pairs: tuple[str, str]) -> list[Pair]:
    return [Pair(kind, gold, answer, False, reason) for gold, answer in pairs]
