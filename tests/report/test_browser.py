"""The page in a real browser: what is drawn, clicked, sorted and opened; nothing logged, nothing fetched."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from l2s.report.page import build_page
from tests.report.browser import CHROMIUM, Page, browser
from tests.report.sample import TWO, examples_with, manifest, rich

pytestmark = [pytest.mark.long, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")]

HOSTILE = (
    "<think>a<b>bold</b> </script><script>window.broken = 1</script>\u2028 <!-- \ud800 \x00</think>"
    "<img src=x onerror='window.broken = 2'> \u202eabc\u202c &amp; </pre></details>&lt;done"
)
TEXT = "<img src=x onerror='window.broken = 2'> \u202eabc\u202c &amp; </pre></details>&lt;done"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, kept: Path) -> Path:
    folder = tmp_path_factory.mktemp("page")
    return build_page(
        rich(folder, TWO),
        folder / "report",
        title="A <title> & more",
        notes=["Read this."],
        examples=examples_with(HOSTILE),
        lineage={"Tables": {"summary": "sha256:0"}},
        manifests={"ta-s40": manifest(), "average": manifest(None)},
        kept=kept,
    )


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("browser")) as page:
        yield page


@pytest.fixture
def page(tab: Page, site: Path) -> Iterator[Page]:
    """The page, freshly opened; whatever a test did, nothing was logged and nothing fetched."""
    tab.complaints.clear()
    tab.requests.clear()
    tab.open(site)
    yield tab
    assert tab.js("window.broken") is None
    assert tab.complaints == []
    assert set(tab.requests) == {site.resolve().as_uri()}


def names(page: Page) -> list[str]:
    return list(
        page.js("[...document.querySelectorAll('[data-benchmark=test] .main tbody tr')].map(r => r.dataset.run)")
    )


def point(page: Page, run: str) -> tuple[float, float]:
    """Where a run's point stands in the window."""
    page.centre("#trade-off [data-benchmark=test] .plot")
    x, y = page.js(
        "(() => { const e = [...document.querySelectorAll('#trade-off [data-benchmark=test] .mark-symbol path')]"
        f".find(e => e.__data__.datum.run === '{run}'); const b = e.getBoundingClientRect();"
        " return [b.x + b.width / 2, b.y + b.height / 2]; })()"
    )
    return x, y


def test_every_plot_is_drawn_with_marks_and_no_picture_is_left(page: Page) -> None:
    drawn = page.js(
        "[...document.querySelectorAll('[data-plot]')].filter(f => f.offsetParent)"
        ".map(f => [f.dataset.plot, f.querySelectorAll('svg path, svg line').length, f.querySelectorAll('img').length])"
    )
    assert {name for name, _, _ in drawn} == {
        "trade-off-test", "level-tokens-test", "level-reflective-test", "level-accuracy-test", "sweep-0-accuracy-test",
        "sweep-0-tokens-test", "controls-test", "layers-delta_norm", "layers-kept_share", "layers-sign_conflict_share",
        "layers-unchanged_share",
    }  # fmt: skip
    assert all(marks > 5 and pictures == 0 for _, marks, pictures in drawn)


def test_hovering_a_point_names_the_run_and_a_click_opens_its_details(page: Page) -> None:
    x, y = point(page, "slow")
    page.move(x, y)
    page.wait("!document.getElementById('tip').hidden")
    assert page.js("document.getElementById('tip').innerText").startswith("slow\nslow model\naccuracy ")
    for kind in ("mousePressed", "mouseReleased"):
        page.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
    page.wait("document.getElementById('details').open")
    shown = page.js("document.getElementById('details').innerText")
    assert "slow" in shown and "accuracy, %" in shown and "test by level" in shown
    page.press("Escape")
    page.wait("!document.getElementById('details').open")


def test_the_close_up_shows_other_points_than_the_whole(page: Page) -> None:
    count = "document.querySelectorAll('#trade-off [data-benchmark=test] .mark-symbol path').length"
    whole = page.js(count)
    assert whole == 8
    if page.js("document.querySelector('#trade-off [data-view=\"close up\"]') !== null"):
        page.click('#trade-off [data-view="close up"]')
        page.wait(f"{count} < {whole} && {count} > 1")


def test_columns_sort_by_mouse_and_by_keyboard_and_unknown_stays_last(page: Page) -> None:
    table = "document.querySelector('[data-benchmark=test] .main')"
    before = names(page)
    tokens = "[data-benchmark=test] .main thead th:nth-child(5)"
    order = f"[...{table}.tBodies[0].rows].map(r => Number(r.cells[4].dataset.value))"
    page.click(f"{tokens} .sort")
    values = page.js(order)
    assert values == sorted(values) and page.js(f"document.querySelector('{tokens}').ariaSort") == "ascending"
    page.js(f"document.querySelector('{tokens} .sort').focus()")
    page.press("Enter")
    assert page.js(order) == sorted(values, reverse=True)
    change = "[data-benchmark=test] .main thead th:nth-child(6)"
    page.js(f"document.querySelector('{change} .sort').focus()")
    for direction in ("ascending", "descending"):
        page.press(" ")
        assert page.js(f"document.querySelector('{change}').ariaSort") == direction
        assert names(page)[-1] == "slow", "its change is unknown"
    assert sorted(names(page)) == sorted(before)
    page.click("[data-benchmark=test] .main thead th:first-child .sort")
    assert names(page) == sorted(before)


def test_a_transcript_opens_and_is_text_whatever_it_holds(page: Page) -> None:
    side = ".problem .side:last-child"
    assert page.js(f"document.querySelector('{side}').checkVisibility()") is False
    page.click(".problem > summary")
    page.wait(f"document.querySelector('{side}').checkVisibility()")
    assert page.js(f"document.querySelector('{side} > pre').textContent") == TEXT
    thinking = f"{side} .thinking pre"
    assert page.js(f"document.querySelector('{thinking}').checkVisibility()") is False, "thinking is folded"
    page.click(f"{side} .thinking > summary")
    page.wait(f"document.querySelector('{thinking}').checkVisibility()")
    shown = page.js(f"document.querySelector('{thinking}').textContent")
    assert shown == "a<b>bold</b> </script><script>window.broken = 1</script>\u2028 <!-- \ufffd \u2400"
    assert page.js(f"document.querySelectorAll('{side} b, {side} script, {side} img').length") == 0
    assert "<b>6</b>" in page.js("document.querySelector('.problem .gist').textContent")
    assert page.js("document.title") == "A <title> & more"


def test_nothing_is_wider_than_a_phone(page: Page, site: Path) -> None:
    page.open(site, width=390, height=844)
    assert page.js("document.documentElement.scrollWidth") <= 390
    page.js("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert page.js("document.documentElement.scrollWidth") <= 390
    page.click("[data-benchmark=test] .main .run")
    page.wait("document.getElementById('details').open")
    assert page.js("document.getElementById('details').scrollWidth") <= 390


def brightness(page: Page, element: str, property_: str) -> float:
    colour = page.js(f"getComputedStyle(document.querySelector('{element}')).{property_}")
    return sum(float(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")[:3])


def test_light_and_dark_follow_the_system_and_the_button_and_paper_is_light(page: Page, site: Path) -> None:
    ink = ("#trade-off .role-axis-label text", "fill")
    assert brightness(page, "body", "backgroundColor") > 700 > 500 > brightness(page, *ink)
    page.click("#theme")  # auto → light
    page.click("#theme")  # light → dark
    assert brightness(page, "body", "backgroundColor") < 100 and brightness(page, *ink) > 400
    page.open(site, dark=True)
    assert brightness(page, "body", "backgroundColor") < 100 and brightness(page, *ink) > 400
    page.call("Emulation.setEmulatedMedia", media="print")
    assert brightness(page, "body", "backgroundColor") > 700 > 500 > brightness(page, *ink)
    assert page.js("document.querySelector('[data-benchmark=unseen] .main').checkVisibility()"), (
        "paper has all benchmarks"
    )
    page.call("Emulation.setEmulatedMedia", media="")


def test_one_benchmark_is_shown_at_a_time(page: Page) -> None:
    visible = "[...document.querySelectorAll('.main')].filter(t => t.checkVisibility()).length"
    assert page.js(visible) == 1
    page.click('[data-show="unseen"]')
    page.wait("document.querySelector('[data-plot=trade-off-unseen] svg') !== null")
    assert page.js(visible) == 1 and page.js("document.querySelector('[data-plot=trade-off-unseen]').checkVisibility()")
    assert page.js("document.querySelector('[data-plot=trade-off-test]').checkVisibility()") is False


def test_without_scripts_the_tables_stand_and_the_plots_are_pictures(tab: Page, site: Path, tmp_path: Path) -> None:
    tab.open(site, scripts=False)
    document = tab.call("DOM.getDocument", depth=0)["root"]["nodeId"]

    def sizes(selector: str) -> list[Any]:
        nodes = tab.call("DOM.querySelectorAll", nodeId=document, selector=selector)["nodeIds"]
        return [tab.call("DOM.getBoxModel", nodeId=node)["model"]["height"] for node in nodes]

    assert len(sizes(".main tbody tr")) >= 16 and min(sizes("#trade-off img")) > 100
    tab.call("Emulation.setScriptExecutionDisabled", value=False)


def test_paper_has_pages(page: Page, tmp_path: Path) -> None:
    page.pdf(tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
