import json
from pathlib import Path

import pytest

from l2s.core.errors import RecordError
from l2s.training.data import Sample, normalised, read_samples, reference_lengths, samples_of
from tests.training.data.samples import row, sampled


def test_a_truncated_response_is_wrong_whatever_number_stands_in_it(tmp_path: Path) -> None:
    rows = [row("a", 0, "p", "x", True, 3), row("a", 1, "p", "x", True, 9, finish="length", level=4)]
    path = tmp_path / "slow.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert read_samples(path) == [
        Sample("a", 0, "p", "user: p assistant:", "x", True, 3),
        Sample("a", 1, "p", "user: p assistant:", "x", False, 9, 4),
    ]


def test_rows_that_are_no_graded_responses_are_refused_in_one_sentence() -> None:
    good = row("a", 0, "p", "x", True, 3)
    with pytest.raises(
        RecordError, match=r"^slow\.jsonl: row 1 lacks problem, correct; row 2: tokens is '3', expected int"
    ):
        samples_of(
            [{k: v for k, v in good.items() if k not in ("problem", "correct")}, {**good, "tokens": "3"}], "slow.jsonl"
        )
    with pytest.raises(RecordError, match="and 7 more; expected graded responses"):
        samples_of([{**good, "correct": None}] * 10, "slow.jsonl")


def test_a_problems_reference_is_the_mean_length_of_its_right_responses() -> None:
    rows = sampled(
        row("a", 0, "p 1", "x", True, 10), row("a", 1, "p 1", "x", True, 15), row("a", 2, "P 1.", "x", False, 99),
        row("b", 0, "q", "x", True, 9, finish="length"),
    )  # fmt: skip
    assert reference_lengths(rows) == {normalised("p 1"): 12.5}
