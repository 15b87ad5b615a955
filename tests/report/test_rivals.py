"""The page of a project with trainings: three ways on one front, what they cost, levels of length."""

import re
from pathlib import Path
from typing import Any

import pytest

from l2s.analysis.output.reading import read_summary
from l2s.analysis.output.summary import write_summary
from l2s.report.page import build_page
from tests.analysis.test_rivals import LENGTHS, analysed, verdicts
from tests.analysis.test_sampled import analysed as with_sampled
from tests.analysis.test_sampled import warm
from tests.report.browser import CHROMIUM, browser
from tests.report.test_page import anchors, plots


def built(folder: Path, kept: Path, lengths: dict[str, int] = LENGTHS, **more: Any) -> Path:
    write_summary(analysed(lengths), folder / "summary")
    summary = read_summary(folder / "summary" / "summary.json")
    return build_page(summary, folder / "report", title="A title", kept=kept, **more)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, kept: Path) -> Path:
    return built(tmp_path_factory.mktemp("trained"), kept)


def section(html: str, anchor: str) -> str:
    return html.partition(f'<section id="{anchor}">')[2].partition("</section>")[0]


def test_the_three_ways_stand_in_one_plot_and_their_best_in_one_table(page: Path) -> None:
    html = page.read_text()
    own = section(html, "rivals")
    assert {"rivals", "asked"} <= set(anchors(html))
    for words in ("merge: average (parity)", "hold back: slow-budget-96 (worse)", "train: lev-short (parity)"):
        assert own.count(f"<bdi>{words}</bdi>") == 1
    spec = plots(html)["rivals-test"]["all runs"]
    points = {point["run"]: point["role"] for point in spec["data"]["values"]}
    assert points["average"] == "merge" and points["slow-budget-96"] == "control"
    assert points["sft"] == points["lev-short"] == "trained" and points["slow"] == "slow"


def test_costs_are_those_of_the_stages_else_of_the_manifest(page: Path) -> None:
    own = section(page.read_text(), "rivals").partition("What making it took")[2]
    rows = {run: re.findall(r'data-value="([^"]*)"', line) for line in own.split("<tr")
            for run in re.findall(r"<bdi>([^<]+)</bdi>", line)}  # fmt: skip
    assert rows["lev-short"][-3:] == ["9000.0", "0.0", "4000.0"]
    assert rows["average"][-3:] == ["", "", ""]
    assert "Trained on one core: sft." in own


def test_levels_are_told_in_a_sentence_with_a_table(page: Path) -> None:
    own = section(page.read_text(), "asked")
    assert "The three levels are distinct and in order. Parity with the slow model at short, medium. Not at long" in own
    assert "<bdi>long (worse)</bdi>" in own


def test_runs_with_sampling_of_their_own_have_a_section(tmp_path: Path, kept: Path) -> None:
    rows = [*verdicts(LENGTHS), *warm("slow-warm", 2), *warm("average-warm", 2)]
    write_summary(with_sampled(rows), tmp_path / "summary")
    summary = read_summary(tmp_path / "summary" / "summary.json")
    html = build_page(summary, tmp_path / "report", title="A title", kept=kept).read_text()
    own = section(html, "sampled")
    assert "sampled" in anchors(html) and "Temperature" not in own and "<b>temperature</b>" in own
    assert '<button type="button" class="run" data-open="average">' in own, "a label opens the model's own run"
    assert "<bdi>average-warm (better)</bdi>" in own and "<bdi>slow-warm</bdi>" in own
    opened = set(re.findall(r'data-open="([^"]*)"', html))
    assert opened <= set(re.findall(r'data-details="([^"]*)"', html)), "all that can be opened is there"
    assert "average-warm" not in section(html, "runs")
    spec = plots(html)["trade-off-test"]["all runs"]
    assert "average-warm" not in {point["run"] for point in spec["data"]["values"]}


def test_the_page_says_where_seconds_are_told(page: Path) -> None:
    assert "<code>l2s run</code> prints them" in section(page.read_text(), "rivals")


def test_a_page_without_trainings_and_searches_has_none_of_it(tmp_path: Path, kept: Path) -> None:
    html = built(tmp_path, kept, {run: LENGTHS[run] for run in ("slow", "average", "slow-budget-96")}).read_text()
    assert not {"rivals", "asked", "searches"} & set(anchors(html)) and "Merge, hold back or train" not in html


@pytest.mark.long
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
def test_a_browser_draws_it_without_complaints(page: Path, tmp_path: Path) -> None:
    with browser(tmp_path) as tab:
        tab.open(page, 1280, 900, False)
        assert not tab.complaints, tab.complaints
