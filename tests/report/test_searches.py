"""The page's section on searches: trials in the plots, the found one told, its worth on other problems beside it."""

import json
from pathlib import Path

import polars as pl
import pytest

from l2s.report.searches import Search
from l2s.search.output.result import summary_of
from l2s.search.output.told import found_sentence, nothing_sentence
from tests.report.browser import CHROMIUM, browser
from tests.report.test_page import anchors, plots
from tests.report.test_rivals import built, section
from tests.search.simulated import Simulated, line, plane_space, run


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Search], Path]:
    pytest.importorskip("optuna")
    folder = tmp_path_factory.mktemp("search")
    result = run(folder, Simulated(line), budget={"trials": 24, "problems": 6000})
    summary, rows = json.loads(json.dumps(summary_of(result))), pl.read_csv(folder / "out" / "trials.csv").to_dicts()
    assert summary["found"]
    return {"line": Search(summary, rows, found_sentence(summary), ["average"])}, folder


def test_trials_race_and_numbers_are_drawn(found: tuple[dict[str, Search], Path], kept: Path) -> None:
    searches, folder = found
    html = built(folder / "page", kept, searches=searches).read_text()
    assert "searches" in anchors(html)
    own, drawn, search = section(html, "searches"), plots(html), searches["line"]
    (cloud,) = drawn["search-trials-line"].values()
    kinds = [point["kind"] for point in cloud["data"]["values"]]
    assert kinds.count("found") == kinds.count("slow") == 1
    assert kinds.count("certified") + 1 == search.summary["ended"]["certified"]
    assert len(kinds) == len(search.trials) + 1
    (race,) = drawn["search-race-line"].values()
    assert sum(point["n"] for point in race["data"]["values"]) == search.summary["spent"]["problems"]
    (against,) = drawn["search-value-0-line"].values()
    assert [point["v"] for point in against["data"]["values"]] == [row["value.s"] for row in search.trials]
    assert "of slow&#39;s tokens" in own and "importance" in own
    assert "the search&#39;s own problems" in own and "(test), average" in own
    assert f"{search.summary['spent']['grid']['problems']:,}" in own


def test_a_search_without_a_find_says_so_and_has_no_estimates(tmp_path: Path, kept: Path) -> None:
    pytest.importorskip("optuna")
    bad = run(tmp_path / "bad", Simulated(lambda recipe: (0.3, 0.0, 0.4)), plane_space(), budget={"trials": 4})
    summary = json.loads(json.dumps(summary_of(bad)))
    rows = pl.read_csv(tmp_path / "bad" / "out" / "trials.csv").to_dicts()
    searches = {"line": Search(summary, rows, nothing_sentence(summary), [])}
    html = built(tmp_path / "page", kept, searches=searches).read_text()
    own = section(html, "searches")
    assert "Nothing at parity within 2 points was found in 4 trials" in own and "own problems, so" not in own
    (spec,) = plots(html)["search-value-2-line"].values()
    assert spec["layer"][0]["encoding"]["x"]["type"] == "nominal", "a choice has no axis of numbers"


@pytest.mark.long
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
def test_a_browser_draws_it_without_complaints(
    found: tuple[dict[str, Search], Path], kept: Path, tmp_path: Path
) -> None:
    searches, folder = found
    page = built(folder / "seen", kept, searches=searches)
    with browser(tmp_path) as tab:
        tab.open(page, 1280, 900, False)
        assert not tab.complaints, tab.complaints
