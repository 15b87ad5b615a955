"""The table and the plots, from a summary alone."""

import itertools
import random
from pathlib import Path
from typing import Any

import pytest
from matplotlib.text import Annotation, Text
from PIL import Image
from rich.console import Console

from l2s.analysis.output.tables import markdown_table
from l2s.analysis.output.terminal import main_table
from l2s.core.shown import share_text, size_text
from l2s.core.summary import roles_of, sorted_rows
from l2s.report.content import page_content
from l2s.report.parts.columns import DIFFERENCE, DIFFERENCE_TOLD, P_VALUE
from l2s.report.parts.headline import headline
from l2s.report.plots.crowd import crowd
from l2s.report.plots.figures import COLOURS, SETTINGS, draw_figures, plt, trade_off
from l2s.report.sections import caption
from tests.analysis.simulate import ACCURACY, verdict_rows
from tests.report.sample import summarised

REAL = {**ACCURACY, "slow-budget-96": 0.6, "dare-ties-d70": 0.97, "ties-d50": 0.97}


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("summary")
    return summarised(verdict_rows(), folder)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return summarised(verdict_rows(REAL), tmp_path_factory.mktemp("real"))


def shown(summary: dict[str, Any], width: int) -> str:
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(main_table(summary, "test", width=width))
    return console.export_text()


@pytest.mark.parametrize("known", [{"runs": []}, {"runs": None}])
def test_a_run_of_which_a_summary_does_not_say_what_it_is_counts_as_given(
    summary: dict[str, Any], known: dict[str, Any]
) -> None:
    less = {key: value for key, value in (summary | known).items() if value is not None}
    assert set(roles_of(less)) == set(ACCURACY) and set(roles_of(less).values()) == {"given"}
    assert all(run in shown(less, 120) for run in ACCURACY)
    assert len(page_content(less, {}, {})["details"]) == len(ACCURACY)


def test_the_chosen_run_stands_first_and_the_given_models_last(summary: dict[str, Any]) -> None:
    assert [row["run"] for row in sorted_rows(summary, "test")] == ["average", "ta-s70", "slow", "quick", "base"]


@pytest.mark.parametrize("width", [80, 100, 120])
def test_the_table_fits_and_cuts_no_word(real: dict[str, Any], width: int) -> None:
    text = shown(real, width)
    assert "…" not in text and max(map(len, text.splitlines())) <= width
    assert f"★ {real['chosen']['run']} " in text and "chosen on validation" in " ".join(text.split())
    for row in sorted_rows(real, "test"):
        (line,) = [line for line in text.splitlines() if line.lstrip("★ ").startswith(f"{row['run']} ")]
        assert f"{100 * row['accuracy']:.1f} [" in line and row["verdict"] in line
        assert (DIFFERENCE.text(row) in line) == ("Δ" in text) or row["run"] == "slow"
    assert ("Δ" in text and "cut" in text and "reflect" in text) == (width > 80)


def test_a_name_too_long_for_the_table_is_folded_and_never_cut(tmp_path: Path) -> None:
    name = "ties-of-two-models-at-density-50-and-lambda-07"
    text = shown(summarised(verdict_rows({**ACCURACY, name: 0.97}), tmp_path), 100)
    assert "…" not in text and max(map(len, text.splitlines())) <= 100
    words = [line.split() for line in text.splitlines()]
    assert name in "".join(line[0].lstrip("★") if line[0] != "★" else line[1] for line in words if line)


def test_controls_stand_below_merges_and_the_models_merged_below_a_rule(real: dict[str, Any]) -> None:
    order = [row["run"] for row in sorted_rows(real, "test")]
    assert order[0] == real["chosen"]["run"] and order[-4:] == ["slow-budget-96", "slow", "quick", "base"]
    lines = [line.strip() for line in shown(real, 100).splitlines()]
    place = next(number for number, line in enumerate(lines) if line.startswith("slow-budget-96"))
    assert lines[place + 1] == "", "a rule above the models merged, and none between them"
    assert [line.split()[0] for line in lines[place + 2 : place + 5]] == ["slow", "quick", "base"]


def test_the_widest_numbers_still_fit_a_hundred_columns(real: dict[str, Any]) -> None:
    widest = {"accuracy": 1.0, "accuracy_low": 1.0, "accuracy_high": 1.0, "difference": -0.999, "reduction": -1.5,
              "difference_low": -0.999, "difference_high": -0.999, "tokens": 8675.4, "verdict": "undecided",
              "truncated": 0.999, "reflective": 1.0}  # fmt: skip
    rows = [row | (widest if row["run"] != "slow" else {}) for row in real["rows"]]
    text = shown({**real, "rows": rows}, 100)
    assert "…" not in text and max(map(len, text.splitlines())) <= 100
    assert sum("slow-budget-96" in line and "undecided" in line for line in text.splitlines()) == 1


def test_the_caption_says_what_is_true_of_its_table(summary: dict[str, Any], tmp_path: Path) -> None:
    rows = sorted_rows(summary, "test")
    assert caption(summary, rows).startswith(
        "200 problems each. Verdicts against slow, paired: parity = accuracy at most 2"
    )
    undecided = [{**rows[0], "verdict": "undecided", "minimum_detectable": 0.034}]
    assert "Undecided: a difference under 3.4 points" in caption(summary, undecided)
    alone = summarised(verdict_rows(), tmp_path, slow=None, quick=None, validation=None, candidates=[])
    assert caption(alone, sorted_rows(alone, "test")) == "200 problems each."
    several = summarised(verdict_rows(per_benchmark={"validation": 20, "test": 30}, samples=3), tmp_path)
    assert "30 problems (90 responses)" in headline(several)


def test_a_chosen_run_that_is_longer_than_slow_is_said_to_be(summary: dict[str, Any]) -> None:
    """1.08 of slow's tokens are a reduction of −0.08; a reduction of 0 is not longer."""
    for reduction, said in ((-0.08, True), (0.0, False), (0.4, False)):
        rows = [
            row | {"reduction": reduction} if (row["run"], row["benchmark"]) == ("average", "test") else row
            for row in summary["rows"]
        ]
        longer = {**summary, "rows": rows}
        texts = (
            caption(longer, sorted_rows(longer, "test")),
            " ".join(shown(longer, 120).split()),
            markdown_table(longer),
        )
        for text in texts:
            assert ("longer than the slow one here: 1.08 × its tokens." in text) == said, text


def test_numbers_as_text() -> None:
    row = {
        "difference": -0.002,
        "difference_low": -0.009,
        "difference_high": 0.005,
    }
    assert DIFFERENCE.text(row) == "−0.2 [−0.9, +0.5]"
    assert [share_text(share) for share in (0.0, 0.001, 0.5, 0.999, 1.0)] == ["0 %", "<1 %", "50 %", ">99 %", "100 %"]
    assert DIFFERENCE_TOLD.text({**row, "difference": -0.0001}) == "+0.0 points [−0.9, +0.5]"
    assert [P_VALUE.number(p) for p in (1.0, 0.0245, 3e-124)] == ["1.000", "0.025", "<0.001"]
    assert [DIFFERENCE.number(x) for x in (-0.007, -0.0001, 0.0)] == ["−0.7", "+0.0", "+0.0"]
    assert [size_text(row) for row in ({"n": 1, "problems": 1}, {"n": 4000, "problems": 1000})] == [
        "1 problem",
        "1,000 problems (4,000 responses)",
    ]


def sixteen(summary: dict[str, Any], crowded: bool) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Sixteen runs, ten of which stand on one another where it is crowded."""
    rng = random.Random(1)
    rows = []
    for number in range(16):
        near = crowded and number < 10
        tokens, accuracy = (
            (40 + rng.random(), 0.98 + 0.01 * rng.random()) if near else (rng.uniform(30, 200), rng.random())
        )
        rows.append(
            {"run": f"dare-ties-d{number}", "control": "none", "tokens": tokens, "tokens_low": tokens - 1,
             "tokens_high": tokens + 1, "accuracy": accuracy, "accuracy_low": accuracy - 0.01,
             "accuracy_high": min(1.0, accuracy + 0.01)}
        )  # fmt: skip
    runs = [{"run": row["run"], "role": "chosen" if row["run"] == "dare-ties-d3" else "merge"} for row in rows]
    return {**summary, "runs": runs, "chosen": {"run": "dare-ties-d3", "reason": "x"}, "front": {}}, rows


@pytest.mark.parametrize("crowded", [False, True])
def test_every_name_stands_in_the_plot_and_covers_no_other(summary: dict[str, Any], crowded: bool) -> None:
    changed, rows = sixteen(summary, crowded)
    assert len(crowd(rows, "dare-ties-d3")) == (10 if crowded else 0)
    with plt.rc_context(SETTINGS):
        figure = trade_off(changed, "test", rows)
        figure.canvas.draw()
        named = []
        for axes in figure.axes:
            boxes = {
                text.get_text(): Text.get_window_extent(text) for text in axes.texts if isinstance(text, Annotation)
            }
            assert axes is not figure.axes[0] or "dare-ties-d3" in boxes, "the chosen run is named where all are seen"
            named += list(boxes)
            for (one, box), (other, second) in itertools.combinations(boxes.items(), 2):
                assert not box.overlaps(second), (one, other)
            for name, box in boxes.items():
                assert axes.bbox.padded(2).contains(box.x0, box.y0) and axes.bbox.padded(2).contains(box.x1, box.y1), (
                    name
                )
        plt.close(figure)
    assert set(named) == {row["run"] for row in rows}, "no run goes without its name"


def test_pictures_keep_the_roles_colours_and_white(summary: dict[str, Any], tmp_path: Path) -> None:
    drawn = draw_figures(summary, tmp_path)
    assert sorted(drawn) == ["accuracy-against-tokens-test", "length-against-level-test"]
    with Image.open(drawn["accuracy-against-tokens-test"]) as image:
        colours = {colour for _, colour in image.convert("RGB").getcolors(1 << 24)}
    wanted = {tuple(bytes.fromhex(COLOURS[role][1:])) for role in ("slow", "quick", "chosen", "merge", "given")}
    assert wanted | {(255, 255, 255)} <= colours and len(colours) <= 256
