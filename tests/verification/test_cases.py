"""Pairs and whole responses made by hand for this project, each with the verdict of a careful reader.

``cases/pairs.txt`` has ``gold ||| answer`` a line, ``=`` before what is equal and ``!`` before what is not;
``cases/responses.jsonl`` has a response a row, and whether it is right.
"""

import json
from pathlib import Path

import pytest

from l2s.verification import grade, verify_rows

CASES = Path(__file__).parent / "cases"
PAIRS = [(line[0] == "=", *line[2:].split(" ||| ")) for line in (CASES / "pairs.txt").read_text().splitlines()]
RESPONSES = [json.loads(line) for line in (CASES / "responses.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("equal", [True, False], ids=["equal", "different"])
def test_pairs(equal: bool) -> None:
    chosen = [(gold, answer) for is_equal, gold, answer in PAIRS if is_equal is equal]
    assert len(chosen) > 200
    assert [pair for pair in chosen if grade(gold=pair[0], answer=pair[1]).correct is not equal] == []


def test_responses() -> None:
    verdicts = verify_rows(RESPONSES)
    wrong = [
        (row["answer"], row["response"])
        for row, made in zip(verdicts, RESPONSES, strict=True)
        if row["correct"] is not made["correct"]
    ]
    assert wrong == []
