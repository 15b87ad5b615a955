"""The study's tables, recomputed, and its takeaways on them."""

import itertools

import pytest

from l2s.analysis.findings.study import (
    length_change,
    pooled_accuracy,
    pooled_difference,
    recomputed,
    study_row,
    tables,
)  # fmt: skip
from l2s.analysis.findings.takeaways_study import judge_study
from l2s.analysis.settings import AnalysisParams


def test_every_printed_average_is_reproduced_but_three() -> None:
    """Slips: DARE-TA by a point; DARE-TIES and LoRE were cut, not rounded. (Twin's −35.848 rounds to −35.8.)"""
    found = list(recomputed())
    assert len(found) == 13 + 12 + 7 + 5 - 1 + 8
    slips = {(one.method, one.column): (one.printed, round(one.computed, 2)) for one in found if not one.reproduced}
    assert slips == {
        ("DARE-TA", "length"): (-46.0, -46.98),
        ("DARE-Ties", "length"): (-50.4, -50.48),
        ("LoRE-Merging", "length"): (-41.6, -41.69),
    }


def test_averages_by_hand() -> None:
    """TIES at 7B: the six ratios of table 1 written out."""
    ratios = (552.2 / 1062, 1492.9 / 2825.9, 1349.2 / 3055.9, 2473.7 / 5793.8, 1287.8 / 2461.6, 3302.1 / 8675.4)
    assert length_change(study_row("7B", "Ties-Merging")) == pytest.approx(100 * (sum(ratios) / 6 - 1))
    slow = study_row("1.5B", "slow")
    right = 0.768 * 1319 + 0.696 * 500 + 0.2 * 30
    assert pooled_accuracy(slow, 0.95).value == pytest.approx(right / 1849)


def test_the_pooled_difference_holds_its_value_and_zero_for_equal_rows() -> None:
    row, slow = study_row("7B", "Task Arithmetic"), study_row("7B", "slow")
    found = pooled_difference(row, slow, 0.95)
    assert found.low < found.value < found.high and found.value == pytest.approx(0.56467 - 0.56763, abs=2e-5)
    same = pooled_difference(slow, slow, 0.95)
    assert same.value == 0 and same.low == pytest.approx(-same.high)


def test_the_embedded_tables_are_whole() -> None:
    content = tables()
    for size, rows in content["tables"].items():
        names = {frozenset(row["benchmarks"]) for row in rows["rows"]}
        assert len(names) == 1, size
        for row, cell in itertools.product(rows["rows"], next(iter(names))):
            assert 0 <= row["benchmarks"][cell]["accuracy"] <= 100 and row["benchmarks"][cell]["tokens"] > 0
    assert sum(content["problems"].values()) == 5614


def test_what_the_study_found_on_its_own_tables() -> None:
    found = {one["id"]: one for one in judge_study(AnalysisParams())}
    assert {name: one["status"] for name, one in found.items()} == {
        "half-at-parity-task-arithmetic": "undecided",
        "half-at-parity-ties": "supported",
        "svd-limited": "supported",
        "activation-ahead": "undecided",
        "small-struggle": "undecided",
        "large-hard-to-shorten": "supported",
        "length-with-level": "supported",
        "reflections-with-level": "undecided",
        "reflections-fall": "supported",
        "coefficient-tenth": "undecided",
        "calibration-size": "undecided",
        "averages": "supported",
        "context-cap": "supported",
    }
    assert "−48.7 % tokens, accuracy −0.3 points [−2.1, +1.5]" in found["half-at-parity-task-arithmetic"]["sentence"]
    assert "4096" in found["half-at-parity-ties"]["caveat"], "the number cannot be taken at face value, and it says so"
    assert "5964.8" in found["context-cap"]["sentence"] and "32 of 32" in found["length-with-level"]["sentence"]
    assert len(found["averages"]["numbers"]["slips"]) == 3


def test_a_wider_margin_decides_what_a_narrow_one_cannot() -> None:
    wide = {one["id"]: one["status"] for one in judge_study(AnalysisParams(margin=0.05))}
    narrow = {one["id"]: one["status"] for one in judge_study(AnalysisParams(margin=0.001))}
    assert wide["half-at-parity-task-arithmetic"] == "supported" and narrow["half-at-parity-ties"] == "undecided"
