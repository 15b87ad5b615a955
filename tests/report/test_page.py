"""The page as a file: self-contained, escaped, deterministic, small; a sensible one where much is missing."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from l2s.report.page import build_page
from l2s.report.parts.headline import headline
from tests.analysis.simulate import verdict_rows
from tests.report.sample import examples_with, manifest, summarised

SECTIONS = ["runs", "trade-off", "levels", "sweep", "controls", "cost", "problems", "layers", "study", "lineage"]
SOME = {"validation": 30, "test": 40}
UNCOMPARED: dict[str, Any] = {"slow": None, "quick": None, "validation": None, "candidates": []}


def page(summary: dict[str, Any], folder: Path, kept: Path, response: str = "x", **more: Any) -> str:
    built = build_page(
        summary, folder / "report", title="A title", notes=["Read this."], examples=examples_with(response),
        lineage={"Tables": {"summary": "sha256:0"}}, manifests={"average": manifest()}, kept=kept, **more,
    )  # fmt: skip
    return built.read_text()


@pytest.fixture(scope="module")
def whole(summary: dict[str, Any], kept: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a page with every section, built once."""
    folder = tmp_path_factory.mktemp("whole")
    page(summary, folder, kept)
    return folder / "report"


@pytest.fixture(scope="module")
def unmeasured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A summary without lengths and levels, of which no picture is drawn: enough for what is said of transcripts."""
    rows = [{k: v for k, v in row.items() if k not in ("tokens", "level", "finish")} for row in verdict_rows()]
    return summarised(rows, tmp_path_factory.mktemp("unmeasured"), **UNCOMPARED)


def bare(summary: dict[str, Any], folder: Path, kept: Path) -> str:
    return build_page(summary, folder / "report", title="A title", kept=kept).read_text()


def anchors(html: str) -> list[str]:
    contents = html.partition("<nav")[2].partition("</nav>")[0]
    return re.findall(r'href="#([^"]+)"', contents)


def plots(html: str) -> dict[str, Any]:
    (text,) = re.findall(r'<script type="application/json" id="plots">(.*?)</script>', html, re.DOTALL)
    return dict(json.loads(text))


def without_scripts(html: str) -> str:
    return re.sub(r"<script\b.*?</script>", "", html, flags=re.DOTALL)


def test_every_section_is_there_where_its_data_is_and_in_the_contents(
    summary: dict[str, Any], whole: Path, tmp_path: Path, kept: Path
) -> None:
    html = (whole / "index.html").read_text()
    assert anchors(html) == SECTIONS
    assert all(html.count(f'id="{anchor}"') == 1 for anchor in SECTIONS)
    assert "Read this." in html and "Prompts were not counted." in html and "sha256:0" in html
    less = bare({key: value for key, value in summary.items() if key in OLD}, tmp_path / "less", kept)
    assert anchors(less) == ["runs", "trade-off", "levels", "controls", "cost"]
    assert all(f'id="{anchor}"' not in less for anchor in ("sweep", "problems", "layers", "study"))


OLD = ("rows", "runs", "levels", "comparisons", "overall", "chosen", "benchmarks", "front", "settings")
"""What a summary always holds."""


def test_the_page_needs_and_allows_nothing_from_outside(whole: Path) -> None:
    html = (whole / "index.html").read_text()
    assert not re.findall(r"""\s(?:src|href)\s*=\s*["']?(?!data:|#)[^"'\s>]+""", without_scripts(html))
    assert "@import" not in html and "url(" not in without_scripts(html)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', html)
    policy = policy.replace("&#39;", "'")
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    assert len(scripts) == 2
    for script in scripts:
        assert f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" in policy
    assert policy.startswith("default-src 'none'; script-src 'sha256-") and "unsafe-eval" not in policy
    assert "unsafe-inline" not in policy.partition("style-src")[0]


class Tags(HTMLParser):
    """The elements a page opens and closes, and its text, as a browser would read them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, ...]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, *(name for name, _ in attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.found.append((f"/{tag}",))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_model_output_is_text(unmeasured: dict[str, Any], tmp_path: Path, kept: Path) -> None:
    hostile = (
        "<script>alert(1)</script> </script><img src=x onerror=alert(2)> </pre></details></article></main>"
        " ]]>--><svg/onload=alert(3)> <!-- <template> &lt;b&gt; {{ 7 * 7 }} \" ' `"
    )
    html = Tags(page(unmeasured, tmp_path, kept, f"<think>{hostile}</think>{hostile}"))
    clean = Tags(page(unmeasured, tmp_path / "clean", kept, "<think>x</think>x"))
    assert html.found == clean.found, "no element more, and no attribute, than a harmless answer has"
    assert html.texts.count(hostile) == 4, "two problems, each with its thinking and its answer"


def test_what_utf8_cannot_hold_is_shown_as_a_sign(unmeasured: dict[str, Any], tmp_path: Path, kept: Path) -> None:
    html = page(unmeasured, tmp_path, kept, "half \ud83d, null \x00, bell \x07, next \x85, line\u2028end")
    assert "half \ufffd, null \u2400, bell \u2407, next \ufffd, line\u2028end" in html


def test_names_are_text_too(tmp_path: Path, kept: Path) -> None:
    rows = [{**row, "run": row["run"].replace("average", "<i>&'\"</i>")} for row in verdict_rows(per_benchmark=SOME)]
    summary = summarised(rows, tmp_path, candidates=["<i>&'\"</i>"])
    html = page(summary, tmp_path, kept)
    assert "<i>" not in html and 'data-open="&lt;i&gt;&amp;&#39;&#34;&lt;/i&gt;"' in html
    names = {point["run"] for point in plots(html)["trade-off-test"]["all runs"]["data"]["values"]}
    assert "<i>&'\"</i>" in names


def test_the_same_bytes_each_time_and_nothing_half_written(
    summary: dict[str, Any], whole: Path, tmp_path: Path, kept: Path
) -> None:
    files = {file.name: file.read_bytes() for file in whole.iterdir()}
    assert sorted(files) == ["accuracy-against-tokens-test.png", "index.html", "length-against-level-test.png"]
    page(summary, tmp_path, kept)
    with pytest.raises(KeyError):
        build_page({**summary, "rows": [{}]}, tmp_path / "report", title="x", kept=kept)
    assert files == {file.name: file.read_bytes() for file in (tmp_path / "report").iterdir()}


def test_long_transcripts_are_shortened_and_say_so(unmeasured: dict[str, Any], tmp_path: Path, kept: Path) -> None:
    html = page(unmeasured, tmp_path, kept, "a" * 700 + "z" * 700, transcript=600)
    assert "a" * 400 in html and "z" * 200 in html and "a" * 500 not in html
    assert "[… 800 characters left out …]" in html


@pytest.mark.long
def test_a_thousand_problems_of_25_runs_stay_small(tmp_path: Path, kept: Path) -> None:
    accuracies = {"slow": 0.9, "quick": 0.5, "average": 0.9, **{f"ties-d{number}": 0.85 for number in range(22)}}
    summary = summarised(verdict_rows(accuracies, {"validation": 40, "test": 200}), tmp_path, bootstrap=100)
    for table in ("rows", "comparisons", "levels"):
        assert len(summary[table]) >= 24
    size = len(page(summary, tmp_path, kept, "w" * 200_000).encode())
    assert size < 3_000_000


def test_one_model_alone(tmp_path: Path, kept: Path) -> None:
    html = bare(summarised(verdict_rows({"slow": 0.9}, SOME), tmp_path, **UNCOMPARED), tmp_path, kept)
    assert "slow alone: accuracy" not in html, "two benchmarks are two rows"
    alone = summarised(verdict_rows({"slow": 0.9}, {"test": 50}), tmp_path, **UNCOMPARED)
    html = bare(alone, tmp_path, kept)
    assert "slow alone: accuracy" in html and "A second run on the same problems is needed" in html
    assert "vs slow" not in html and "verdict</button>" not in html
    assert anchors(html)[:2] == ["runs", "trade-off"]


def test_one_problem(tmp_path: Path, kept: Path) -> None:
    rows = verdict_rows({"slow": 1.0, "quick": 0.0, "average": 1.0}, {"test": 1})
    html = bare(summarised(rows, tmp_path, validation=None), tmp_path, kept)
    assert "1 problem of test" in html and "levels" not in anchors(html)


def test_no_merge_and_no_baseline(tmp_path: Path, kept: Path) -> None:
    rows = verdict_rows({"slow": 0.9, "quick": 0.4}, {"test": 60})
    html = bare(summarised(rows, tmp_path, validation=None, candidates=[]), tmp_path, kept)
    assert "No run is at parity; the nearest is quick" in html
    assert "2 runs, none of them compared: no slow run" in headline(summarised(rows, tmp_path, **UNCOMPARED))


def test_verdicts_of_other_tools_without_lengths_or_levels(
    unmeasured: dict[str, Any], tmp_path: Path, kept: Path
) -> None:
    html = bare(unmeasured, tmp_path, kept)
    assert "data:image" not in html and plots(html) == {} and anchors(html)[0] == "runs"
    assert "trade-off" not in anchors(html)


def test_a_level_that_one_run_lacks(tmp_path: Path, kept: Path) -> None:
    gap = [
        {**row, "level": None} if (row["run"], row["level"]) == ("quick", 5) else row
        for row in verdict_rows(per_benchmark=SOME)
    ]
    html = bare(summarised(gap, tmp_path), tmp_path, kept)
    assert '<td data-value="">–</td>' in html
    points = plots(html)["level-tokens-test"][""]["data"]["values"]
    assert ("quick", "5") not in {(point["run"], point["x"]) for point in points}
