"""The table, the plots and the page, from a summary alone."""

import itertools
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from plotly.offline import get_plotlyjs
from rich.console import Console

from l2s.analysis.analyse import analyse
from l2s.analysis.settings import AnalysisParams
from l2s.analysis.summary import read_summary, write_summary
from l2s.records import Verdicts, table_of
from l2s.report.figures import SETTINGS, crowd, plt, trade_off
from l2s.report.labels import name_boxes
from l2s.report.layers import by_layer
from l2s.report.page import build_page, final_of, question_of, thinking_of
from l2s.report.plots import plots_of
from l2s.report.runs import runs_of, tokens_text
from l2s.report.tables import (
    WIDE,
    accuracy_text,
    caption,
    difference_text,
    headline,
    p_text,
    reduction_text,
    share_text,
    size_text,
    sorted_rows,
    summary_table,
)
from tests.analysis.simulate import ACCURACY, verdict_rows

REAL = {**ACCURACY, "slow-budget-96": 0.6, "dare-ties-d70": 0.97, "ties-d50": 0.97}


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("summary")
    return summarised(verdict_rows(), folder)


def summarised(rows: list[dict[str, Any]], folder: Path, **changed: Any) -> dict[str, Any]:
    candidates = [run for run in dict.fromkeys(row["run"] for row in rows) if "-" in run or run == "average"]
    settings = {"slow": "slow", "quick": "quick", "validation": "validation", "candidates": candidates}
    settings["candidates"] = [run for run in candidates if "budget" not in run]
    parsed = AnalysisParams.model_validate({**settings, "bootstrap": 200, **changed})
    write_summary(analyse(table_of(rows, Verdicts, "rows"), parsed), folder)
    return read_summary(folder / "summary.json")


def shown(summary: dict[str, Any], width: int) -> str:
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(summary_table(summary, "test", width=width))
    return console.export_text()


def test_the_chosen_run_stands_first_and_the_given_models_last(summary: dict[str, Any]) -> None:
    assert [row["run"] for row in sorted_rows(summary, "test")] == ["average", "ta-s70", "slow", "quick", "base"]


@pytest.mark.parametrize("width", [80, 100, 120])
def test_the_table_fits_and_cuts_no_word(tmp_path: Path, width: int) -> None:
    summary = summarised(verdict_rows(REAL), tmp_path)
    text = shown(summary, width)
    assert "…" not in text and max(map(len, text.splitlines())) <= width
    assert f"★ {summary['chosen']['run']} " in text and "chosen on validation" in " ".join(text.split())
    for row in sorted_rows(summary, "test"):
        (line,) = [line for line in text.splitlines() if line.lstrip("★ ").startswith(f"{row['run']} ")]
        assert f"{100 * row['accuracy']:.1f} [" in line and row["verdict"] in line
        assert (difference_text(row) in line) == (width >= WIDE) or row["run"] == "slow"


def test_a_name_too_long_for_the_table_is_folded_and_never_cut(tmp_path: Path) -> None:
    name = "ties-of-two-models-at-density-50-and-lambda-07"
    text = shown(summarised(verdict_rows({**ACCURACY, name: 0.97}), tmp_path), 100)
    assert "…" not in text and max(map(len, text.splitlines())) <= 100
    words = [line.split() for line in text.splitlines()]
    assert name in "".join(line[0].lstrip("★") if line[0] != "★" else line[1] for line in words if line)


def test_controls_stand_below_merges_and_the_models_merged_below_a_rule(tmp_path: Path) -> None:
    summary = summarised(verdict_rows(REAL), tmp_path)
    order = [row["run"] for row in sorted_rows(summary, "test")]
    assert order[0] == summary["chosen"]["run"] and order[-4:] == ["slow-budget-96", "slow", "quick", "base"]
    lines = [line.strip() for line in shown(summary, 100).splitlines()]
    place = next(number for number, line in enumerate(lines) if line.startswith("slow-budget-96"))
    assert lines[place + 1] == "", "a rule above the models merged, and none between them"
    assert [line.split()[0] for line in lines[place + 2 : place + 5]] == ["slow", "quick", "base"]


def test_the_widest_numbers_still_fit_a_hundred_columns(tmp_path: Path) -> None:
    summary = summarised(verdict_rows(REAL), tmp_path)
    widest = {"accuracy": 1.0, "accuracy_low": 1.0, "accuracy_high": 1.0, "difference": -0.999, "reduction": -1.5,
              "difference_low": -0.999, "difference_high": -0.999, "tokens": 8675.4, "verdict": "undecided",
              "truncated": 0.999, "reflective": 1.0}  # fmt: skip
    rows = [row | (widest if row["run"] != "slow" else {}) for row in summary["rows"]]
    text = shown({**summary, "rows": rows}, 100)
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
    several = summarised(verdict_rows(samples=3), tmp_path)
    assert "200 problems (600 responses)" in headline(several)


def test_numbers_as_text() -> None:
    row = {
        "reduction": 0.637,
        "verdict": "parity",
        "difference": -0.002,
        "difference_low": -0.009,
        "difference_high": 0.005,
    }
    assert reduction_text(row) == "−64 %"
    assert reduction_text({"reduction": -0.1, "verdict": "worse"}) == "+10 %"
    assert difference_text(row) == "−0.2 [−0.9, +0.5]"
    assert [share_text(share) for share in (0.0, 0.001, 0.5, 0.999, 1.0)] == ["0 %", "<1 %", "50 %", ">99 %", "100 %"]
    assert reduction_text({"reduction": 0.001, "verdict": "worse"}) == "+0 %"
    assert difference_text({**row, "difference": -0.0001}, "points") == "+0.0 points [−0.9, +0.5]"
    assert [p_text(p) for p in (1.0, 0.0245, 3e-124)] == ["1.000", "0.025", "<0.001"]
    assert [size_text(row) for row in ({"n": 1, "problems": 1}, {"n": 4000, "problems": 1000})] == [
        "1 problem",
        "1,000 problems (4,000 responses)",
    ]


def page(summary: dict[str, Any], folder: Path, response: str = "x") -> str:
    example = next(row for row in verdict_rows() if row["run"] == "slow")
    rows = [{**example, "response": response}, {**example, "run": "average"}]
    return build_page(
        summary,
        folder / "report",
        title="A title",
        notes=["Read this."],
        examples=rows,
        lineage={"summary": "sha256:0"},
    ).read_text()


def test_the_page_needs_nothing_from_outside(summary: dict[str, Any], tmp_path: Path) -> None:
    html = page(summary, tmp_path)
    assert "default-src 'none'" in html, "the browser itself refuses to fetch anything"
    ours = html.replace(get_plotlyjs(), "")
    assert len(ours) < len(html), "the library is in the page"
    assert not re.findall(r"""(?:src|href)\s*=\s*["']?(?!data:|#)[^"'\s>]+""", ours)
    assert "http:" not in ours and "https:" not in ours and "@import" not in ours
    assert ours.count("data:image/png;base64,") == 2
    assert headline(summary).split(":")[0] == "average" and "Read this." in html and "sha256:0" in html


def test_model_output_is_text_on_the_page(summary: dict[str, Any], tmp_path: Path) -> None:
    html = page(summary, tmp_path, "<think><script>alert(1)</script></think> <img src=x onerror=alert(2)>")
    assert "<script>alert" not in html and "<img src=x" not in html
    assert "&lt;script&gt;alert(1)" in html


@pytest.mark.parametrize("odd", ["\ud800", "\0", "\u202e reversed", "\u2028", "]]>", "</script>", "{{ 7 * 7 }}"])
def test_odd_characters_stand_on_the_page_as_text(odd: str, summary: dict[str, Any], tmp_path: Path) -> None:
    html = page(summary, tmp_path, f"before {odd} after")
    assert "before " in html and " after" in html and "before 49" not in html


def test_the_same_bytes_each_time_and_nothing_half_written(summary: dict[str, Any], tmp_path: Path) -> None:
    page(summary, tmp_path / "one")
    page(summary, tmp_path / "two")
    files = {file.name: file.read_bytes() for file in (tmp_path / "one" / "report").iterdir()}
    assert len(files) == 3
    assert files == {file.name: file.read_bytes() for file in (tmp_path / "two" / "report").iterdir()}
    with pytest.raises(KeyError):
        build_page({**summary, "rows": [{}]}, tmp_path / "one" / "report", title="x")
    assert files == {file.name: file.read_bytes() for file in (tmp_path / "one" / "report").iterdir()}


def test_a_page_for_verdicts_of_other_tools(tmp_path: Path) -> None:
    """No slow run, no lengths, no levels; or a level that one run lacks."""
    bare = [{k: v for k, v in row.items() if k not in ("tokens", "level", "finish")} for row in verdict_rows()]
    html = page(summarised(bare, tmp_path, slow=None, quick=None, validation=None, candidates=[]), tmp_path)
    assert "data:image" not in html and "No recipe was chosen." in html and "three ways" not in html
    assert "nothing was chosen on" not in html
    gap = [{**row, "level": None} if (row["run"], row["level"]) == ("quick", 5) else row for row in verdict_rows()]
    assert '<td data-value="">–</td>' in page(summarised(gap, tmp_path), tmp_path)


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
    return {**summary, "chosen": {"run": "dare-ties-d3", "reason": "x"}, "front": {}}, rows


@pytest.mark.parametrize("crowded", [False, True])
def test_every_name_stands_in_the_plot_and_covers_no_other(summary: dict[str, Any], crowded: bool) -> None:
    changed, rows = sixteen(summary, crowded)
    assert len(crowd(changed, rows)) == (10 if crowded else 0)
    with plt.rc_context(SETTINGS):
        figure = trade_off(changed, "test", rows)
        figure.canvas.draw()
        named = []
        for axes in figure.axes:
            boxes = name_boxes(axes)
            named += list(boxes)
            for (one, box), (other, second) in itertools.combinations(boxes.items(), 2):
                assert not box.overlaps(second), (one, other)
            for name, box in boxes.items():
                assert axes.bbox.padded(2).contains(box.x0, box.y0) and axes.bbox.padded(2).contains(box.x1, box.y1), (
                    name
                )
        assert "dare-ties-d3" in name_boxes(figure.axes[0]), "the chosen run is named where all are seen"
        plt.close(figure)
    assert set(named) == {row["run"] for row in rows}, "no run goes without its name"


def test_a_prompt_without_its_chat_template() -> None:
    assert question_of("<|im_start|>user\n 3+4?<|im_end|><|im_start|>assistant\n") == "3+4?"
    assert question_of("<｜User｜>3+4?<｜Assistant｜><think>") == "3+4? <think>"
    assert question_of("is 3 <|4?") == "is 3 <|4?"


def test_thinking_and_answer_are_told_apart() -> None:
    assert thinking_of("<think> a </think> b") == "a" and final_of("<think> a </think> b") == "b"
    assert thinking_of("b") == "" and final_of("b") == "b"
    assert thinking_of("<think> never closed") == "never closed"


def test_names_of_runs_cannot_end_the_embedded_data(summary: dict[str, Any], tmp_path: Path) -> None:
    """A run may be called anything, for verdicts come from other tools too."""
    evil = "</script><script>alert(1)</script>"
    rows = [{**row, "run": evil if row["run"] == "base" else row["run"]} for row in verdict_rows()]
    html = page(summarised(rows, tmp_path), tmp_path).replace(get_plotlyjs(), "")
    assert "<script>alert" not in html
    embedded = html.partition('id="data">')[2].partition("</script>")[0]
    assert evil in json.dumps(json.loads(embedded), ensure_ascii=False)


def test_plots_hold_every_run_with_its_interval(summary: dict[str, Any]) -> None:
    plots = plots_of(summary, "test")
    points = {
        run: (x, y, up, down)
        for trace in plots["trade-off"]["traces"]
        if trace["mode"] == "markers"
        for run, x, y, (up, down) in zip(trace["runs"], trace["x"], trace["y"], trace["errors"], strict=True)
    }
    rows = {row["run"]: row for row in summary["rows"] if row["benchmark"] == "test"}
    assert points.keys() == rows.keys()
    for run, (x, y, up, down) in points.items():
        row = rows[run]
        assert (x, y) == pytest.approx((row["tokens"], 100 * row["accuracy"]), abs=1e-3)
        assert (y + up, y - down) == pytest.approx((100 * row["accuracy_high"], 100 * row["accuracy_low"]), abs=2e-3)
    assert {"length-by-level", "reflection-by-level"} <= plots.keys()


def test_layers_add_up_lengths_as_vectors_and_shares_by_entries() -> None:
    tensor = {"shape": [2], "delta_norm": 3.0, "sign_conflict_share": 0.5, "unchanged_share": 0.0}
    larger = {"shape": [6], "delta_norm": 4.0, "sign_conflict_share": 0.0, "unchanged_share": 0.4}
    found = by_layer({
        "model.norm.weight": tensor, "model.layers.10.a": tensor, "model.layers.2.a": tensor,
        "model.layers.2.b": larger, "model.embed_tokens.weight": tensor,
    })  # fmt: skip
    assert list(found) == ["embedding", "2", "10", "head"]
    assert found["2"] == pytest.approx({"delta_norm": 5.0, "sign_conflict_share": 0.125, "unchanged_share": 0.3})


def test_every_run_is_told_in_full(summary: dict[str, Any]) -> None:
    runs = {run.name: run for run in runs_of(summary)}
    assert set(runs) == {row["run"] for row in summary["rows"]}
    assert runs["average"].chosen and not runs["slow"].chosen and runs["slow"].what == "the slow model"
    row = next(row for row in summary["rows"] if (row["run"], row["benchmark"]) == ("average", "test"))
    assert runs["average"].numbers["accuracy, %"] == [accuracy_text(row)]
    assert runs["average"].numbers["tokens"] == [tokens_text(row)] != ["–"]
