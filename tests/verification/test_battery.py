"""Every pair gets its label and every response its answer; and the battery is one."""

import json
import random
from collections import Counter
from itertools import permutations

import pytest

from l2s.verification import grade, verify_rows
from tests.verification.battery import CASES, MORE, PAIRS

KINDS = list(dict.fromkeys(pair.kind for pair in (*PAIRS, *MORE)))
RESPONSES = [json.loads(line) for line in (CASES / "responses.jsonl").read_text(encoding="utf-8").splitlines()]
SAYINGS = (
    "the ellipse|a hyperbola|it converges|it diverges|top left|top right|Tim wins|Tim loses|not possible|not impossible"
    "|is it so|it is so|on|no|dog|god|tap|pat|stop|spot|even|odd|neither|both|n even|n odd|team A|team B|Plan B"
    "|increasing|decreasing|strictly increasing|linear|nonlinear|dependent|independent|the first player"
    "|the second player|at most 5|at least 5|more than 5|less than 5|5 or more|5 or fewer|red and blue|red or blue"
    "|true for all n|false for all n|5 left|5 right|5 profit|5 loss|3 wins|3 losses|12 noon|12 midnight|10 N|10 Pa"
    "|5 km/h|5 m/s|5 m|5 s|2 hours|2 minutes|7 apples|7 oranges|Alice|Bob|Alice and Bob|consistent|inconsistent"
)


@pytest.mark.parametrize("kind", KINDS)
def test_every_pair_of_a_kind_gets_its_label(kind: str) -> None:
    pairs = [pair for pair in (*PAIRS, *MORE) if pair.kind == kind]
    assert [pair for pair in pairs if grade(gold=pair.gold, answer=pair.answer).correct != pair.equal] == []


def test_every_response_gets_its_label() -> None:
    verdicts = verify_rows(RESPONSES)
    assert [row for row, made in zip(verdicts, RESPONSES, strict=True) if row["correct"] != made["correct"]] == []


def test_no_two_sayings_are_equal() -> None:
    said = random.Random(7).sample(list(permutations(SAYINGS.split("|"), 2)), 1_500)
    assert [pair for pair in said if grade(gold=pair[0], answer=pair[1]).correct] == []


def test_the_battery_is_large_mixed_and_reasoned() -> None:
    distinct = {(pair.gold, pair.answer) for pair in (*PAIRS, *MORE)}
    assert len(distinct) == len(PAIRS) + len(MORE) >= 2_000 and len(PAIRS) >= 400
    assert all(pair.reason for pair in PAIRS)
    assert min(Counter(pair.equal for pair in PAIRS).values()) > 0.4 * len(PAIRS)
