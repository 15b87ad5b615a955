"""What the page is made of: numbers, transcripts, examples, layers, the headline, the plots' data."""

import math
from pathlib import Path
from typing import Any

import pytest

from l2s.core.shown import plain
from l2s.report.charts.controls import controls_chart
from l2s.report.charts.layers import layer_charts
from l2s.report.charts.levels import level_charts
from l2s.report.charts.sweep import sweeps
from l2s.report.charts.trade_off import trade_off_charts
from l2s.report.parts.columns import CONTROLS, SWEEP
from l2s.report.parts.examples import pick_examples
from l2s.report.parts.headline import featured, headline
from l2s.report.parts.layers import has_base, layer_rows
from l2s.report.parts.numbers import Column, decimal
from l2s.report.parts.transcripts import final_of, question_of, shortened, thinking_of
from l2s.report.sections import forest_scale, takeaways
from tests.report.sample import manifest


def test_a_number_with_its_interval() -> None:
    share = Column("accuracy", "accuracy", "", 100, 1, " %")
    cell = share.cell({"accuracy": 0.5, "accuracy_low": 0.25, "accuracy_high": 0.75})
    assert (cell.text, cell.interval, cell.value) == ("50.0 %", "[25.0, 75.0]", 50.0)
    assert share.cell({"accuracy": None}).text == "–" and share.cell({}).value is None
    assert share.cell({"accuracy": 0.5}).interval == ""
    assert share.is_known([{}, {"accuracy": 0.0}]) and not share.is_known([{"accuracy": None}])


def test_a_reduction_turned_into_a_change_turns_its_interval_too() -> None:
    change = Column("reduction", "", "", scale=-100, signed=True)
    cell = change.cell({"reduction": 0.6, "reduction_low": 0.55, "reduction_high": 0.7})
    assert (cell.text, cell.interval, cell.value) == ("−60.0", "[−70.0, −55.0]", -60.0)


def test_a_number_that_was_chosen_keeps_its_digits() -> None:
    settings = next(column for column in CONTROLS if column.key == "value")
    texts = [settings.cell({"value": value}).text for value in (0.95, 0.9999, 0.99995, 10240.0, 0.0, 1e-7)]
    assert texts == ["0.95", "0.9999", "0.99995", "10,240", "0", "1e−07"]
    coefficients = next(column for column in SWEEP if column.key == "value")
    assert [coefficients.cell({"value": value}).text for value in (0.125, 0.005, 10)] == ["0.125", "0.005", "10"]


def test_decimals() -> None:
    assert [decimal(x, 1) for x in (1234.56, -0.04, -2.0)] == ["1,234.6", "0.0", "−2.0"]
    assert [decimal(x, 1, signed=True) for x in (-0.04, 0.04, 3.0)] == ["+0.0", "+0.0", "+3.0"]


def test_a_prompt_without_its_chat_template() -> None:
    assert question_of("<|im_start|>user\n 3+4?<|im_end|><|im_start|>assistant\n") == "3+4?"
    assert question_of("<｜User｜>3+4?<｜Assistant｜><think>") == "3+4? <think>"
    assert question_of("is 3 <|4?") == "is 3 <|4?"


@pytest.mark.parametrize(
    "response, thinking, final",
    [
        ("<think> a </think> b", "a", "b"),
        ("a </think> b", "a", "b"),  # the start mark stood in the prompt
        ("b", "", "b"),
        ("<think> never closed", "never closed", ""),
        ("<think>a</think>b</think>c", "a</think>b", "c"),
        ("", "", ""),
    ],
)
def test_thinking_and_answer_are_told_apart(response: str, thinking: str, final: str) -> None:
    assert (thinking_of(response), final_of(response)) == (thinking, final)


def test_plain_text_can_be_written_and_keeps_its_lines() -> None:
    assert plain("a\r\nb\tc\x1b[31m \ud800\udc00 é😀\x7f") == "a\nb\tc␛[31m \ufffd\ufffd é😀␡"
    plain("".join(map(chr, range(0x11_0000)))).encode()


def test_shortened_keeps_both_ends_and_counts_what_it_leaves_out() -> None:
    assert shortened("x" * 90, 90) == "x" * 90
    text = shortened("a" * 50 + "b" * 50, 90)
    assert text == f"{'a' * 50}{'b' * 10}\n\n[… 10 characters left out …]\n\n{'b' * 30}"


def verdict(number: int, correct: bool, level: Any = None, benchmark: str = "test", sample: int = 0) -> dict[str, Any]:
    return {"benchmark": benchmark, "id": str(number), "sample": sample, "correct": correct, "level": level}


def test_examples_are_paired_by_problem_and_sample_and_counted() -> None:
    slow = [verdict(n, n < 6, level=n) for n in range(8)] + [verdict(9, True), verdict(0, True, benchmark="validation")]
    other = [verdict(n, n % 2 == 0, level=n) for n in reversed(range(8))] + [verdict(9, True, sample=1)]
    found = pick_examples(slow, other, ["test"], each=2)
    assert found.counts == {"lost": 3, "won": 1, "both": 3, "neither": 1}, (
        "9 has no partner, validation is not reported"
    )
    assert [(e.outcome, e.slow["id"]) for e in found.shown] == [
        ("lost", "1"), ("lost", "3"), ("won", "6"), ("both", "4"), ("both", "2")
    ]  # fmt: skip
    assert all(e.slow["id"] == e.other["id"] for e in found.shown)
    assert pick_examples(slow, other, ["test"], each=0).shown == []


def test_examples_with_named_or_no_levels_have_an_order() -> None:
    slow = [verdict(1, True, "hard"), verdict(2, True), verdict(3, True, 2), verdict(4, True, 1)]
    other = [{**row, "correct": False} for row in slow]
    assert [e.slow["id"] for e in pick_examples(slow, other, ["test"], 9).shown] == ["2", "4", "3", "1"]


def test_layers_add_up_over_their_tensors() -> None:
    rows = layer_rows({"ties": manifest()})
    assert [row["layer"] for row in rows] == ["embedding", "2", "10", "final"]
    second = rows[1]
    assert second["entries"] == 64 and math.isclose(second["delta_norm"], 5.0), "the root of 9 + 16"
    assert math.isclose(second["kept_share"], (16 * 0.5 + 48 * 0.9) / 64), "weighted by entries"
    assert rows[0]["unchanged_share"] == 0.125
    assert has_base(manifest()) and not has_base(manifest(None))
    assert layer_rows({"old": {"recipe": {}}}) == []


def test_the_layers_plot_marks_recipes_without_a_base(summary: dict[str, Any]) -> None:
    panels = layer_charts(summary, {"average": manifest(None), "ta-s40": manifest()})
    values = panels["kept_share"]["spec"]["data"]["values"]
    assert {(v["run"], v["based"]) for v in values} == {("average", False), ("ta-s40", True)}
    assert next(v["y"] for v in values if v["x"] == "2") == 80.0
    assert layer_charts(summary, {}) == {}


def test_the_trade_off_has_every_run_once_and_the_chosen_one_on_top(summary: dict[str, Any]) -> None:
    views = trade_off_charts(summary, "test")
    points = views["all runs"]["data"]["values"]
    rows = {row["run"]: row for row in summary["rows"] if row["benchmark"] == "test"}
    assert sorted(point["run"] for point in points) == sorted(rows)
    assert points[-1]["run"] == summary["chosen"]["run"] and points[-1]["role"] == "chosen"
    roles = {point["run"]: point["role"] for point in points}
    assert roles["slow-budget-96"] == "control" and roles["ta-s70"] == "merge" and roles["base"] == "given"
    for point in points:
        assert point["y"] == 100 * rows[point["run"]]["accuracy"] and point["x"] == rows[point["run"]]["tokens"]
        assert f"n = {rows[point['run']]['n']}" in point["tip"] and "[" in point["tip"]


def test_a_close_up_holds_only_what_lies_inside_it(summary: dict[str, Any]) -> None:
    rows = [
        {**row, "tokens": 40.0 + number / 10, "tokens_low": 39.0, "tokens_high": 42.0}
        if number < 5
        else {**row, "tokens": 900.0, "tokens_low": 890.0, "tokens_high": 910.0}
        for number, row in enumerate(row for row in summary["rows"] if row["benchmark"] == "test")
    ]
    rows = [{**row, "accuracy": 0.9} if row["tokens"] < 50 else row for row in rows]
    views = trade_off_charts({**summary, "rows": rows}, "test")
    inside = views["close up"]["data"]["values"]
    assert 4 <= len(inside) <= 5 < len(views["all runs"]["data"]["values"])
    low, high = views["close up"]["layer"][-1]["encoding"]["x"]["scale"]["domain"]
    assert low < 39.0 and 42.0 < high < 900.0


def test_panels_by_level_and_none_for_a_single_level(summary: dict[str, Any]) -> None:
    panels = level_charts(summary, "test")
    assert list(panels) == ["tokens", "reflective", "accuracy"]
    values = panels["tokens"]["data"]["values"]
    assert {v["run"] for v in values if v["bold"]} == {"slow", "quick", summary["chosen"]["run"]}
    one = [row for row in summary["levels"] if row["level"] == 1]
    assert level_charts({**summary, "levels": one}, "test") == {}


def test_a_sweep_needs_two_values(summary: dict[str, Any]) -> None:
    (sweep,) = sweeps(summary, "test")
    assert [v["x"] for v in sweep["accuracy"]["data"]["values"]] == [0.4, 0.7]
    assert sweeps({**summary, "sensitivity": summary["sensitivity"][:1]}, "test") == []
    assert sweeps(summary, "unseen") == []


def test_a_control_is_drawn_through_to_the_model_without_one(summary: dict[str, Any]) -> None:
    chart = controls_chart(summary, "test")
    assert chart is not None
    line = chart["layer"][0]["data"]["values"]
    tokens = {row["run"]: row["tokens"] for row in summary["rows"] if row["benchmark"] == "test"}
    assert sorted(p["x"] for p in line) == sorted([tokens["slow"], tokens["slow-budget-96"]])
    free = [row for row in summary["rows"] if row["control"] == "none"]
    assert controls_chart({**summary, "rows": free}, "test") is None


def row_of(run: str, verdict: str, reduction: float, difference: float, **more: Any) -> dict[str, Any]:
    return {
        "run": run, "benchmark": "test", "control": "none", "verdict": verdict, "reduction": reduction,
        "reduction_low": reduction - 0.01, "reduction_high": reduction + 0.01, "difference": difference,
        "difference_low": difference - 0.01, "difference_high": difference + 0.01, "n": 500, "problems": 500,
        "accuracy": 0.9 + difference, "accuracy_low": 0.8, "accuracy_high": 1.0, "tokens": 100.0, **more,
    }  # fmt: skip


def small(*rows: dict[str, Any], chosen: str | None = None) -> dict[str, Any]:
    settings = {"slow": "slow", "quick": None, "candidates": ["a", "b", "c"], "validation": None, "confidence": 0.95}
    return {
        "rows": list(rows),
        "runs": [{"run": row["run"], "role": "merge" if row["control"] == "none" else "control"} for row in rows],
        "overall": [],
        "benchmarks": ["test"],
        "chosen": {"run": chosen, "reason": ""},
        "settings": settings,
    }


def test_the_headline_is_the_chosen_run_or_says_how_it_was_picked() -> None:
    rows = (row_of("a", "parity", 0.61, 0.012), row_of("b", "worse", 0.9, -0.3), row_of("c", "parity", 0.2, 0.0))
    told = "−61.0 % tokens [−62.0, −60.0], accuracy +1.2 points [+0.2, +2.2], 500 problems of test: parity."
    assert headline(small(*rows, chosen="a")) == f"a: {told}"
    picked = "a, the shortest at parity (picked on these very problems, so it looks a little too good)"
    assert headline(small(*rows)) == f"{picked}: {told}"
    assert featured(small(rows[1])) == "b"
    assert headline(small(rows[1])).startswith("No run is at parity; the nearest is b: −90.0 % tokens")
    control = row_of("cut", "parity", 0.95, 0.0, control="budget-9")
    assert featured(small(control, rows[2])) == "c", "a control is no merge"
    assert featured(small(control)) == "cut"


def test_several_benchmarks_are_told_together_where_they_were_pooled() -> None:
    rows = (row_of("a", "parity", 0.6, 0.0), {**row_of("a", "undecided", 0.5, 0.1), "benchmark": "more"})
    summary = small(*rows, chosen="a") | {"benchmarks": ["test", "more"], "overall": [{"run": "a"}]}
    assert headline(summary).count(" % tokens") == 2 and headline(summary).endswith("500 problems of more: undecided.")
    pooled = row_of("a", "parity", 0.0, 0.02) | {"problems": 1000, "n": 1000}
    total = {"reduction_total_tokens": 0.55, "reduction_total_tokens_low": 0.5, "reduction_total_tokens_high": 0.6}
    assert headline(summary | {"overall": [pooled | total]}) == (
        "a: −55.0 % tokens [−60.0, −50.0], accuracy +2.0 points [+1.0, +3.0], 1,000 problems of 2 benchmarks: parity "
        "(parity on test, undecided on more)."
    )


def test_a_run_chosen_but_compared_nowhere_is_said_to_be(tmp_path: Path) -> None:
    only = row_of("b", "worse", 0.9, -0.3)
    assert "no benchmark but the validation one" in headline(small(only, chosen="a"))


def test_the_axis_of_differences_is_not_squeezed_by_one_far_below() -> None:
    rows = [row_of("a", "parity", 0.6, 0.0), row_of("b", "worse", 0.6, -0.9)]
    low, high = forest_scale(rows, 0.02)
    assert -0.05 < low < -0.02 and 0.01 < high < 0.03
    assert forest_scale([], 0.02)[0] < -0.02


def test_claims_have_both_sides(summary: dict[str, Any]) -> None:
    (claim,) = takeaways(summary)
    assert {on: side["status"] for on, side in claim["sides"].items()} == {"study": "supported", "runs": "undecided"}
    assert takeaways({}) == []
