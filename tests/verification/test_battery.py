"""The battery at 100 %, and that it is one."""

from collections import Counter

import pytest

from l2s.verification import extract_answer, grade
from tests.verification.battery import PAIRS, RESPONSES

KINDS = list(dict.fromkeys(pair.kind for pair in PAIRS))


@pytest.mark.parametrize("kind", KINDS)
def test_every_pair_of_a_kind_gets_its_label(kind: str) -> None:
    pairs = [pair for pair in PAIRS if pair.kind == kind]
    assert [pair for pair in pairs if grade(gold=pair.gold, answer=pair.answer).correct != pair.equal] == []


def test_every_response_gives_its_answer() -> None:
    assert [row for row in RESPONSES if extract_answer(row.text, cut=row.cut) != row.answer] == []


def test_the_battery_is_large_mixed_and_reasoned() -> None:
    assert len({(pair.gold, pair.answer) for pair in PAIRS}) == len(PAIRS) >= 400
    assert all(pair.reason for pair in PAIRS) and all(row.reason for row in RESPONSES)
    labels = Counter(pair.equal for pair in PAIRS)
    assert min(labels.values()) > 0.4 * len(PAIRS)
